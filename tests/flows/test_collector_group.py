"""A schedule group on a real Prefect: which collectors run, in which order, and what is said."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from prefect import State
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun

from deployments.on_demand import register_collectors
from flows.collector_group import BatchFailed, collector_group
from services.database import Database
from services.runs.services import latest_runs
from tests.flows.records import QUIET
from tests.support.git_repositories import Repository
from tests.support.local_stack import LocalPrefect

pytestmark = [pytest.mark.xdist_group("prefect"), *map(pytest.mark.filterwarnings, QUIET)]

RunGroup = Callable[..., State[Any]]


@pytest.fixture
def run_group(
    prefect_api: LocalPrefect, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunGroup:
    """Runs a group of a schedule that the test writes, in this process."""
    prefect_api.ensure_pool("bdc")
    asyncio.run(register_collectors(prefect_api.api_url, ["github_activity_tracker"], "bdc"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", prefect_api.api_url)
    file = tmp_path / "schedule.yaml"
    monkeypatch.setenv("BDC_SCHEDULE", str(file))

    def run(yaml: str, group: str = "nightly", **parameters: Any) -> State[Any]:
        file.write_text(yaml)
        call = collector_group(group, **parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run


def repository(folder: Path, name: str) -> Repository:
    made = Repository.create(folder / name)
    made.commit({"a.txt": name.encode()})
    return made


def schedule(*repositories: object, stop: bool = False, cadence: str = "daily") -> str:
    tasks = "".join(
        f"""
      - collector: github_activity_tracker
        schedule: {cadence}
        parameters: {{repository: "{path}"}}"""
        for path in repositories
    )
    return f"""
groups:
  nightly:
    default_time: "00:05"
    stop_on_failure: {str(stop).lower()}
    tasks:{tasks}
"""


def collected(database: Database) -> list[tuple[str, str]]:
    """Source and status of every run, the oldest first."""
    with database.transaction() as session:
        return [(Path(run.source_key).name, run.status) for run in latest_runs(session)][::-1]


def children(prefect_api: LocalPrefect, state: State[Any]) -> list[FlowRun]:
    parent = UUID(str(state.state_details.flow_run_id))
    below = FlowRunFilterParentFlowRunId(any_=[parent])
    return prefect_api.client.read_flow_runs(
        flow_run_filter=FlowRunFilter(parent_flow_run_id=below)
    )


def test_due_collectors_run_one_after_the_other_below_the_groups_run(
    run_group: RunGroup, prefect_api: LocalPrefect, database: Database, tmp_path: Path
) -> None:
    first, second = repository(tmp_path, "first"), repository(tmp_path, "second")
    state = run_group(schedule(second.path, first.path))
    assert (state.name, state.message) == ("Completed", "2 completed")
    assert collected(database) == [("second", "completed"), ("first", "completed")]
    names = {run.name for run in children(prefect_api, state)}
    assert names == {f"github_activity_tracker {path}" for path in (first.path, second.path)}


def test_a_failure_stops_nobody_unless_the_schedule_says_so(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    good = repository(tmp_path, "good")
    state = run_group(schedule("/no/such/place", good.path))
    assert state.is_failed()
    assert "1 of 2 did not succeed: github_activity_tracker: repository" in str(state.message)
    assert collected(database) == [("place", "failed"), ("good", "completed")]


def test_stopping_names_each_skipped_collector_with_what_failed_before(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    good = repository(tmp_path, "good")
    state = run_group(schedule("/no/such/place", good.path, stop=True))
    assert collected(database) == [("place", "failed")]
    failure = state.result(raise_on_failure=False)
    assert isinstance(failure, BatchFailed)
    assert [outcome.state for outcome in failure.outcomes] == ["ConfigError", "Skipped"]
    assert failure.outcomes[1].message == "skipped: github_activity_tracker failed before it"
    assert failure.exit_code == 1


def test_the_exit_code_is_that_of_the_last_failure(run_group: RunGroup) -> None:
    failure = run_group(schedule("/no/such/place")).result(raise_on_failure=False)
    assert isinstance(failure, BatchFailed)
    assert failure.exit_code == 2


def test_only_what_is_due_on_the_day_runs(run_group: RunGroup, tmp_path: Path) -> None:
    weekly = schedule("/x", cadence="weekly\n        on: monday")
    state = run_group(weekly, date="2026-11-24")  # a Tuesday
    assert (state.name, state.is_completed()) == ("NothingDue", True)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"group": "nightly", "date": "soon"}, "2026-01-31"),
        ({"group": "nitely"}, "nightly"),
        ({"group": "nightly", "cadence": "hourly"}, "hourly"),
    ],
)
def test_what_the_operator_got_wrong_is_a_config_error(
    run_group: RunGroup, parameters: dict[str, str], said: str
) -> None:
    state = run_group(schedule("/x"), **parameters)
    assert state.name == "ConfigError"
    assert said in str(state.message)
