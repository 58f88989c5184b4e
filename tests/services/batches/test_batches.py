"""Batches and occasions: each occasion is taken once, a dead batch is told from a living one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from services.batches.lock import batch_lock
from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.batches.services import (
    Batch,
    Covered,
    Occasion,
    claim,
    covered,
    finish_batch,
    get_occasion,
    latest_batches,
    left_running,
    note_run,
    occasions_of,
    pass_over,
    settle,
    skip,
    start_batch,
    statuses,
    take_over,
)
from services.database import Database, DatabaseError, open_database

NOW = datetime(2026, 3, 2, 0, 6, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
TASK = Occasion("nightly", "tracker-1", "2026-03-02", "tracker", {"token": "hidden", "page": 1})
AGAIN = ("succeeded", "failed", "skipped")


@pytest.fixture
def living(database: Database) -> Iterator[ExitStack]:
    """Holds the locks of the batches that are alive."""
    with ExitStack() as locks:
        yield locks


def enter(
    database: Database,
    day: date = MONDAY,
    *,
    tasks: tuple[str, ...] = ("a",),
    settles: bool = True,
    ended: str | None = None,
    batch: UUID | None = None,
) -> UUID:
    """A batch of this day, which has ended or is running."""
    scheduled = datetime.combine(day, time(0, 5), UTC)
    row = Batch(batch or uuid4(), "nightly", scheduled, day, tasks, settles)
    with database.transaction() as session:
        start_batch(session, row, now=scheduled)
        if ended:
            finish_batch(session, row.id, ended, now=scheduled)
    return row.id


def alive(database: Database, locks: ExitStack) -> UUID:
    batch = uuid4()
    locks.enter_context(batch_lock(database, batch))
    return enter(database, batch=batch)


def claimed(
    database: Database, batch: UUID, redo: tuple[str, ...] = (), occasion: Occasion = TASK
) -> int | None:
    with database.transaction() as session:
        return claim(session, occasion, batch=batch, redo=redo, now=NOW)


def taken_over(database: Database, batch: UUID) -> int | None:
    with database.transaction() as session:
        return take_over(session, TASK, batch=batch)


def settled(database: Database, batch: UUID, status: str) -> None:
    with database.transaction() as session:
        settle(session, TASK, status, "5 fetched, password=hunter2x", batch=batch, now=NOW)


def found(database: Database, occasion: Occasion = TASK) -> ScheduleOccasion:
    with database.transaction() as session:
        return get_occasion(session, occasion)


def history(database: Database) -> dict[UUID, ScheduleBatch]:
    with database.transaction() as session:
        return {row.flow_run_id: row for row in latest_batches(session)}


def test_an_occasion_is_taken_once(database: Database) -> None:
    batch = enter(database)
    assert claimed(database, batch) == 1
    assert claimed(database, enter(database), AGAIN) is None


def test_of_two_batches_at_once_one_takes_the_occasion(
    database: Database, living: ExitStack
) -> None:
    batches = [alive(database, living) for _ in range(2)]
    start = Barrier(2)

    def take(batch: UUID, number: int) -> int | None:
        occasion = Occasion("nightly", "tracker-1", str(number), "tracker", {})
        start.wait()
        with database.transaction() as session:
            mine = claim(session, occasion, batch=batch, redo=(), now=NOW)
            return mine or take_over(session, occasion, batch=batch)

    for number in range(20):
        with ThreadPoolExecutor(2) as threads:
            won = list(threads.map(take, batches, (number, number)))
        assert sorted(won, key=str) == [1, None]


@pytest.mark.parametrize("status", AGAIN)
def test_a_settled_occasion_is_taken_again_only_by_who_redoes_such_endings(
    database: Database, status: str
) -> None:
    batch = enter(database)
    claimed(database, batch)
    settled(database, batch, status)
    others = tuple(other for other in AGAIN if other != status)
    assert claimed(database, batch, others) is None
    assert claimed(database, batch, (status,)) == 2
    row = found(database)
    assert (row.status, row.reason, row.finished_at) == ("running", None, None)


def test_what_is_kept_has_no_secret(database: Database) -> None:
    batch, run = enter(database), uuid4()
    claimed(database, batch)
    with database.transaction() as session:
        note_run(session, TASK, run)
    settled(database, batch, "succeeded")
    row = found(database)
    assert row.parameters == {"token": "***", "page": 1}
    assert (row.status, row.flow_run_id, row.batch) == ("succeeded", run, batch)
    assert "hunter2x" not in (row.reason or "")


def test_an_occasion_skipped_names_why_and_had_its_turn(database: Database) -> None:
    batch = enter(database)
    with database.transaction() as session:
        assert skip(session, TASK, "a failed before it", batch=batch, redo=(), now=NOW)
        assert not skip(session, TASK, "b failed", batch=batch, redo=(), now=NOW)
    row = found(database)
    assert (row.status, row.reason, row.attempt) == ("skipped", "a failed before it", 1)
    assert claimed(database, batch, AGAIN) == 2


def test_what_was_passed_over_never_gets_a_turn(database: Database) -> None:
    batch = enter(database)
    with database.transaction() as session:
        pass_over(session, [TASK], "came before this task", batch=batch, now=NOW)
        pass_over(session, [TASK], "again", batch=batch, now=NOW)
        assert statuses(session, "nightly", "tracker-1") == {TASK.name: "passed over"}
    assert claimed(database, batch, AGAIN) is None
    assert found(database).reason == "came before this task"


def test_a_running_occasion_is_taken_over_when_its_batch_is_dead(
    database: Database, living: ExitStack
) -> None:
    with batch_lock(database, first := uuid4()):
        enter(database, batch=first)
        claimed(database, first)
        second = alive(database, living)
        assert taken_over(database, second) is None
        with database.transaction() as session:
            assert left_running(session, "nightly") == []
    with database.transaction() as session:
        assert [str(left) for left in left_running(session, "nightly")] == [str(TASK)]
    assert taken_over(database, second) == 1
    assert found(database).batch == second
    third = alive(database, living)
    assert taken_over(database, third) is None
    assert taken_over(database, second) == 1


def test_who_lost_an_occasion_does_not_settle_it(database: Database, living: ExitStack) -> None:
    first, second = enter(database), alive(database, living)
    claimed(database, first)
    taken_over(database, second)
    settled(database, first, "failed")
    assert found(database).status == "running"
    settled(database, second, "succeeded")
    assert taken_over(database, second) is None


def test_a_dead_batch_is_marked_crashed_by_the_next_of_its_group(
    database: Database, living: ExitStack
) -> None:
    dead, still = enter(database), alive(database, living)
    assert history(database)[dead].status == "crashed"
    mine = alive(database, living)
    rows = history(database)
    assert [rows[batch].status for batch in (dead, still, mine)] == [
        "crashed",
        "running",
        "running",
    ]


def test_a_flow_run_started_once_more_takes_up_its_row(database: Database) -> None:
    batch = enter(database, ended="failed")
    enter(database, batch=batch)
    assert history(database)[batch].status == "running"


def test_a_lock_is_had_only_after_its_holder(database: Database, database_url: str) -> None:
    hasty = open_database(database_url, application_name="test", lock_timeout_seconds=1)
    with (
        batch_lock(database, batch := uuid4()),
        pytest.raises(DatabaseError, match="lock timeout"),
        batch_lock(hasty, batch),
    ):
        pass
    with batch_lock(hasty, batch):
        pass
    hasty.close()


def test_nothing_is_covered_before_the_first_batch(database: Database) -> None:
    with database.transaction() as session:
        assert covered(session, "nightly") == Covered(None, {})


def test_the_last_settling_batch_that_ended_says_what_is_covered(database: Database) -> None:
    sunday, tuesday = MONDAY - timedelta(1), MONDAY + timedelta(1)
    enter(database, MONDAY, tasks=("a", "b"), ended="failed")
    enter(database, sunday, tasks=("a", "c"), ended="completed")
    enter(database, tuesday, settles=False, ended="completed")
    with database.transaction() as session:
        assert covered(session, "nightly") == Covered(MONDAY, {"a": MONDAY, "b": MONDAY})
        assert covered(session, "weekly") == Covered()


@pytest.mark.parametrize("ended", [None, "incomplete"])
def test_a_task_first_met_by_batches_that_settled_nothing_is_open_from_then_on(
    database: Database, ended: str | None
) -> None:
    enter(database, MONDAY, tasks=("a", "early"), ended=ended)
    with database.transaction() as session:
        assert covered(session, "nightly").tasks["a"] == MONDAY - timedelta(1)
    enter(database, MONDAY, tasks=("a",), ended="partial")
    for later in (2, 1):
        enter(database, MONDAY + timedelta(later), tasks=("a", "new"), ended=ended)
    with database.transaction() as session:
        assert covered(session, "nightly") == Covered(MONDAY, {"a": MONDAY, "new": MONDAY})


def test_the_history_is_newest_first_and_of_one_group_when_asked(database: Database) -> None:
    days = [MONDAY + timedelta(n) for n in range(3)]
    batches = [enter(database, day, ended="completed") for day in days]
    for batch, day in zip(batches, days, strict=True):
        claimed(database, batch, (), Occasion("nightly", "t", day.isoformat(), "c", {}))
    with database.transaction() as session:
        newest = latest_batches(session, group="nightly", limit=2)
        assert [row.flow_run_id for row in newest] == batches[:0:-1]
        assert latest_batches(session, group="other") == []
        shown = occasions_of(session, batches[1:])
    assert [row.occasion for row in shown] == [day.isoformat() for day in days[:0:-1]]
