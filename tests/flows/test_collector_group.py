"""A schedule group on a real Prefect: which collectors run, in which order, and what is said."""

from pathlib import Path

import pytest

from flows.batch_outcomes import BatchFailed
from services.database import Database
from tests.flows.groups import RunGroup, children, collected, nowhere, repository, schedule
from tests.flows.records import QUIET
from tests.support.local_stack import LocalPrefect

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


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
    state = run_group(schedule(nowhere(tmp_path), good.path))
    assert state.is_failed()
    assert "1 of 2 did not succeed: github_activity_tracker: repository" in str(state.message)
    assert collected(database) == [("place", "failed"), ("good", "completed")]


def test_stopping_names_each_skipped_collector_with_what_failed_before(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    good = repository(tmp_path, "good")
    state = run_group(schedule(nowhere(tmp_path), good.path, stop=True))
    assert collected(database) == [("place", "failed")]
    failure = state.result(raise_on_failure=False)
    assert isinstance(failure, BatchFailed)
    assert [outcome.state for outcome in failure.outcomes] == ["ConfigError", "Skipped"]
    assert failure.outcomes[1].message == "skipped: github_activity_tracker failed before it"
    assert failure.exit_code == 1


def test_the_exit_code_is_that_of_the_last_failure(run_group: RunGroup, tmp_path: Path) -> None:
    failure = run_group(schedule(nowhere(tmp_path))).result(raise_on_failure=False)
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
