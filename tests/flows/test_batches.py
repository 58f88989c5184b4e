"""Batches of a group one after the other, and at once: each task is run once for each occasion."""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

import pytest
from prefect import State
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling, Completed, Crashed, Running

from deployments.calendar import task_key
from deployments.local.reconcile import WORKER_LABEL, worker_name
from deployments.schedule import Task
from flows.batch_outcomes import BatchFailed
from flows.child_runs import Child, create_child
from services.batches import services as ledger
from services.batches.services import Batch, Occasion
from services.database import Database
from tests.flows.groups import (
    COLLECTOR,
    RunGroup,
    batches,
    collected,
    nowhere,
    occasions,
    repository,
    schedule,
    turns,
)
from tests.flows.records import QUIET
from tests.support.local_stack import LocalPrefect

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


def occasion(path: object, name: str) -> Occasion:
    parameters = {"repository": str(path)}
    task = Task(collector=COLLECTOR, schedule="daily", parameters=parameters)
    return Occasion("nightly", task_key(task), name, COLLECTOR, parameters)


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def dead_batch(database: Database, *paths: object, at: datetime | None = None) -> UUID:
    """A batch of the group that was killed before it could settle anything."""
    at = at or days_ago(0)
    batch = Batch(uuid4(), "nightly", at, at.date(), [occasion(p, "").task for p in paths], True)
    with database.transaction() as session:
        ledger.start_batch(session, batch, now=at)
    return batch.id


def dead_turn(database: Database, path: object, batch: UUID, days: int = 0) -> Occasion:
    """An occasion of so many days ago that the dead batch had claimed."""
    found = occasion(path, f"{days_ago(days):%Y-%m-%d}")
    with database.transaction() as session:
        ledger.claim(session, found, batch=batch, redo=(), now=days_ago(0))
    return found


def begun(prefect_api: LocalPrefect, turn: Occasion, *states: State[None]) -> FlowRun:
    """The run that the dead batch had created, in the last of these states."""
    child = Child(f"{turn}/1", COLLECTOR, turn.parameters)
    run = create_child(prefect_api.client, child)
    for state in states:
        prefect_api.client.set_flow_run_state(run.id, state, force=True)
    return run


def test_what_is_missing_is_run_once_and_settles_the_day(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    yaml = schedule(repository(tmp_path, "one").path)
    assert run_group(yaml, missing_only=True).message == "1 completed"
    assert run_group(yaml, missing_only=True).name == "NothingDue"
    assert turns(database) == [("one", "succeeded", 1)]
    assert [(b.status, b.settles) for b in batches(database)] == [("completed", True)] * 2
    (found,) = occasions(database)
    assert found.flow_run_id is not None
    assert "fetched" in str(found.reason)


def test_a_run_by_hand_runs_what_was_run_and_settles_no_day(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    yaml = schedule(repository(tmp_path, "one").path)
    for _ in range(2):
        assert run_group(yaml, date="2026-03-02").message == "1 completed"
    assert turns(database) == [("one", "succeeded", 2)]
    (found,) = occasions(database)
    assert found.occasion == "2026-03-02"
    assert [batch.settles for batch in batches(database)] == [False, False]


def test_a_failure_of_the_day_is_not_tried_again_and_names_who_was_skipped_for_it(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    yaml = schedule(nowhere(tmp_path), repository(tmp_path, "good").path, needs=[COLLECTOR])
    assert run_group(yaml, missing_only=True).is_failed()
    assert run_group(yaml, missing_only=True).name == "NothingDue"
    assert collected(database) == [("place", "failed")]
    assert turns(database) == [("place", "failed", 1), ("good", "skipped", 1)]
    assert occasions(database)[1].reason == f"it needs {COLLECTOR}, which did not succeed"


def test_what_failed_before_the_batch_died_still_counts_for_those_that_come_after(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    good = repository(tmp_path, "good").path
    batch = dead_batch(database, nowhere(tmp_path), good)
    turn = dead_turn(database, nowhere(tmp_path), batch)
    with database.transaction() as session:
        ledger.settle(session, turn, "failed", "gone", batch=batch, now=days_ago(0))
    state = run_group(schedule(nowhere(tmp_path), good, stop=True), missing_only=True)
    failure = state.result(raise_on_failure=False)
    assert isinstance(failure, BatchFailed)
    assert [outcome.state for outcome in failure.outcomes] == ["Skipped"]
    assert turns(database) == [("place", "failed", 1), ("good", "skipped", 1)]
    assert collected(database) == []
    assert [found.status for found in batches(database)] == ["crashed", "failed"]


@pytest.mark.parametrize(
    ("states", "attempt", "runs"),
    [
        ([], 1, 1),
        ([Running(), Completed(message="3 fetched")], 1, 0),
        ([Running(), Crashed(message="killed")], 2, 1),
        ([Running()], 2, 1),  # its process is gone
    ],
    ids=["never started", "completed", "crashed", "dead"],
)
def test_what_a_dead_batch_left_running_is_done_once(
    run_group: RunGroup,
    prefect_api: LocalPrefect,
    database: Database,
    tmp_path: Path,
    states: list[State[None]],
    attempt: int,
    runs: int,
) -> None:
    path = repository(tmp_path, "one").path
    turn = dead_turn(database, path, dead_batch(database, path))
    run = begun(prefect_api, turn, *states)
    assert run_group(schedule(path), missing_only=True).message == "1 completed"
    assert turns(database) == [("one", "succeeded", attempt)]
    assert len(collected(database)) == runs
    assert (occasions(database)[0].flow_run_id == run.id) == (attempt == 1)
    assert [found.status for found in batches(database)] == ["crashed", "completed"]


def test_a_run_belongs_to_the_machine_that_runs_it_whoever_created_it(
    run_group: RunGroup, prefect_api: LocalPrefect, database: Database, tmp_path: Path
) -> None:
    """A worker that starts on the other machine finds no process of it there."""
    path = repository(tmp_path, "one").path
    run = begun(prefect_api, dead_turn(database, path, dead_batch(database, path)))
    prefect_api.client.update_flow_run_labels(run.id, {WORKER_LABEL: "bdc@elsewhere"})
    assert run_group(schedule(path), missing_only=True).message == "1 completed"
    assert prefect_api.client.read_flow_run(run.id).labels[WORKER_LABEL] == worker_name()


def test_what_somebody_cancelled_before_its_batch_died_is_not_run_again(
    run_group: RunGroup, prefect_api: LocalPrefect, database: Database, tmp_path: Path
) -> None:
    path = repository(tmp_path, "one").path
    turn = dead_turn(database, path, dead_batch(database, path))
    begun(prefect_api, turn, Running(), Cancelling())
    assert run_group(schedule(path), missing_only=True).is_failed()
    assert turns(database) == [("one", "failed", 1)]
    assert collected(database) == []


def test_what_still_runs_elsewhere_is_left_to_the_next_batch(
    run_group: RunGroup, prefect_api: LocalPrefect, database: Database, tmp_path: Path
) -> None:
    busy, other = repository(tmp_path, "busy").path, repository(tmp_path, "other").path
    turn = dead_turn(database, busy, dead_batch(database, busy))
    run = begun(prefect_api, turn, Running())
    prefect_api.client.update_flow_run_labels(run.id, {WORKER_LABEL: "bdc@elsewhere"})
    yaml = schedule(busy, other, needs=[COLLECTOR])
    state = run_group(yaml, missing_only=True)
    assert (state.name, state.is_completed()) == ("Partial", True)
    assert "it needs github_activity_tracker, which still runs" in str(state.message)
    assert turns(database) == [("busy", "running", 1)]
    assert collected(database) == []
    prefect_api.client.set_flow_run_state(run.id, Completed(message="done"), force=True)
    assert run_group(yaml, missing_only=True).message == "2 completed"
    assert turns(database) == [("busy", "succeeded", 1), ("other", "succeeded", 1)]
    assert [b.status for b in batches(database)] == ["crashed", "incomplete", "completed"]


@pytest.mark.parametrize("is_over", [True, False])
def test_a_newer_day_takes_the_place_of_what_a_dead_batch_left(
    run_group: RunGroup,
    prefect_api: LocalPrefect,
    database: Database,
    tmp_path: Path,
    is_over: bool,
) -> None:
    path, day = repository(tmp_path, "one").path, days_ago(3)
    turn = dead_turn(database, path, dead_batch(database, path, at=day), days=3)
    run = begun(prefect_api, turn, Running())
    prefect_api.client.update_flow_run_labels(run.id, {WORKER_LABEL: "bdc@elsewhere"})
    if is_over:
        prefect_api.client.set_flow_run_state(run.id, Completed(), force=True)
    run_group(schedule(path), missing_only=True)
    assert turns(database) == [
        ("one", "succeeded" if is_over else "running", 1),
        ("one", "succeeded", 1),
    ]


def test_what_a_dead_batch_never_started_is_settled_when_its_task_is_gone(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    path = repository(tmp_path, "one").path
    dead_turn(database, "/gone", dead_batch(database, "/gone"))
    run_group(schedule(path), missing_only=True)
    assert turns(database) == [("gone", "failed", 1), ("one", "succeeded", 1)]


def test_an_earlier_day_that_a_dead_batch_left_is_run_when_no_newer_one_is_due(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    path, day = repository(tmp_path, "one").path, days_ago(2)
    batch = dead_batch(database, path, at=day)
    dead_turn(database, path, batch, days=2)
    with database.transaction() as session:
        ledger.finish_batch(session, batch, "failed", now=day)
    other = days_ago(-2).strftime("%A").lower()
    state = run_group(schedule(path, cadence=f"weekly\n        on: {other}"), missing_only=True)
    assert state.message == "1 completed"
    assert [found.occasion for found in occasions(database)] == [f"{day:%Y-%m-%d}"]


def test_an_unregistered_collector_fails_alone(
    run_group: RunGroup, prefect_api: LocalPrefect, database: Database, tmp_path: Path
) -> None:
    yaml = schedule(repository(tmp_path, "good").path).replace(
        "tasks:", "tasks:\n      - {collector: boost_release_tracker, schedule: daily}"
    )
    state = run_group(yaml)
    assert "1 of 2 did not succeed: boost_release_tracker" in str(state.message)
    assert "is not registered" in str(state.message)
    assert collected(database) == [("good", "completed")]


class Ahead(datetime):
    """The clock of a machine that is two days ahead of all others."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(days=2)


def test_a_clock_that_is_ahead_settles_no_day_to_come(
    run_group: RunGroup, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.collector_group.datetime", Ahead)
    yaml = schedule(repository(tmp_path, "one").path)
    assert run_group(yaml, missing_only=True).message == "1 completed"
    today = days_ago(0).date()
    assert [batch.through for batch in batches(database)] == [today]
    assert [found.occasion for found in occasions(database)] == [f"{today}"]


def test_a_day_to_come_has_nothing_missing(run_group: RunGroup) -> None:
    state = run_group(schedule("/x"), date="2999-01-01", missing_only=True)
    assert state.name == "ConfigError"
    assert "still to come" in str(state.message)


def test_a_database_that_does_not_answer_is_one_line_with_its_category(
    run_group: RunGroup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2x@127.0.0.1:1/bdc")
    state = run_group(schedule("/x"))
    assert state.is_failed()
    assert str(state.message).startswith("network: OperationalError")
    assert "hunter2x" not in str(state.message) + caplog.text
    assert "Traceback" not in caplog.text
