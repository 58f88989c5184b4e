"""Schedules to run on a real server, and what their batches leave behind."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import State
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun

from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.batches.services import latest_batches, occasions_of
from services.database import Database
from services.runs.services import latest_runs
from tests.support.git_repositories import Repository
from tests.support.local_stack import LocalPrefect

COLLECTOR = "github_activity_tracker"
RunGroup = Callable[..., State[Any]]


def repository(folder: Path, name: str) -> Repository:
    """One with a commit."""
    made = Repository.create(folder / name)
    made.commit({"a.txt": name.encode()})
    return made


def nowhere(folder: Path) -> str:
    """A repository that is not there, another one in each test: Prefect knows a turn by its path."""
    return str(folder / "no" / "such" / "place")


def schedule(
    *repositories: object,
    stop: bool = False,
    cadence: str = "daily",
    at: str = "00:05",
    needs: Sequence[str] = (),
) -> str:
    """A group `nightly` with a task for each repository; all but the first have the `needs`."""
    tasks = "".join(
        f"""
      - collector: {COLLECTOR}
        schedule: {cadence}
        needs: {json.dumps(list(needs) if number else [])}
        parameters: {{repository: "{path}"}}"""
        for number, path in enumerate(repositories)
    )
    return f"""
groups:
  nightly:
    default_time: "{at}"
    stop_on_failure: {str(stop).lower()}
    tasks:{tasks}
"""


def collected(database: Database) -> list[tuple[str, str]]:
    """Source and status of every run, the oldest first."""
    with database.transaction() as session:
        return [(Path(run.source_key).name, run.status) for run in latest_runs(session)][::-1]


def children(prefect_api: LocalPrefect, state: State[Any]) -> list[FlowRun]:
    """The runs of a batch."""
    parent = UUID(str(state.state_details.flow_run_id))
    below = FlowRunFilterParentFlowRunId(any_=[parent])
    return prefect_api.client.read_flow_runs(
        flow_run_filter=FlowRunFilter(parent_flow_run_id=below)
    )


def batches(database: Database) -> list[ScheduleBatch]:
    """All batches, the oldest first."""
    with database.transaction() as session:
        return list(latest_batches(session))[::-1]


def occasions(database: Database) -> list[ScheduleOccasion]:
    """All occasions, in the order in which their turn came."""
    with database.transaction() as session:
        ids = [batch.flow_run_id for batch in latest_batches(session)]
        return list(occasions_of(session, ids))[::-1]


def turns(database: Database) -> list[tuple[str, str, int]]:
    """Repository, status and number of attempts of every occasion."""
    return [
        (Path(found.parameters["repository"]).name, found.status, found.attempt)
        for found in occasions(database)
    ]
