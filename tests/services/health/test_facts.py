"""What one look at the database finds."""

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, event

from services.batches.services import Batch, finish_batch, start_batch
from services.completeness.comparing import Comparison, Gap
from services.completeness.services import note_comparisons
from services.database import Database
from services.health.facts import Activity, Facts, LastRun, read_facts
from services.outbox.services import Message, enqueue
from services.runs.lock import SourceLock
from services.runs.models import CollectorActivity
from services.runs.services import Ending, SetAside, Source, finish_run, set_aside, start_run
from services.vectors.services import Text, put_documents
from tests.support.local_stack import poll

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASIO = Source("github_activity_tracker", "boostorg/asio")
COUNTS = {"fetched": 5, "inserted": 3, "updated": 1, "unchanged": 1, "quarantined": 0}
HOUR = timedelta(hours=1)


def look(database: Database) -> Facts:
    with database.transaction() as session:
        return read_facts(session, NOON)


def run(
    database: Database,
    at: datetime,
    *,
    source: Source = ASIO,
    status: str = "completed",
    read_all: bool = True,
    parameters: dict[str, Any] | None = None,
) -> int:
    """A run that took a minute."""
    with database.transaction() as session:
        run_id = start_run(
            session, source, parameters=parameters or {}, flow_run_id=uuid4(), now=at
        )
        ending = Ending(status, "collect", COUNTS, read_all=read_all)
        finish_run(session, run_id, ending, now=at + timedelta(minutes=1))
    return run_id


def start(database: Database, source: Source = ASIO) -> int:
    with database.transaction() as session:
        return start_run(session, source, parameters={}, flow_run_id=None, now=NOON - HOUR)


def test_data_is_as_new_as_the_start_of_the_last_run_that_read_everything(
    database: Database,
) -> None:
    run(database, NOON - 3 * HOUR)
    run(database, NOON - 2 * HOUR, read_all=False)
    run(database, NOON - HOUR, status="failed", read_all=False)
    (job,) = look(database).jobs
    assert job.source == ASIO
    assert job.data_through == NOON - 3 * HOUR
    assert job.succeeded_at == NOON - 2 * HOUR + timedelta(minutes=1)


def test_runs_with_other_parameters_are_another_job(database: Database) -> None:
    run(database, NOON - HOUR, parameters={"repository": "a/b"})
    run(database, NOON - 2 * HOUR, parameters={"repository": "a/b", "branches": ["x"]})
    run(database, NOON - timedelta(days=50), parameters={"repository": "old"})
    assert sorted(len(job.parameters) for job in look(database).jobs) == [1, 2]


def test_the_last_run_of_a_source_is_told_with_its_length(database: Database) -> None:
    run(database, NOON - 2 * HOUR)
    newest = run(database, NOON - HOUR, status="partial")
    (last,) = look(database).last_runs
    assert (last.id, last.status, last.took) == (newest, "partial", timedelta(minutes=1))
    start(database, Source("outbox", "outbox"))
    assert look(database).last_runs[1].took is None


def test_a_run_is_alive_as_long_as_its_process_holds_the_lock(database: Database) -> None:
    with SourceLock(database, ASIO):
        run_id = start(database)
        (activity,) = look(database).running
        assert (activity.run.id, activity.is_alive, activity.doing) == (run_id, True, "starting")
    # PostgreSQL lets go of a lock when it sees that the session's client is gone, a moment later.
    poll(lambda: not look(database).running[0].is_alive, 5, "a look that finds the run dead")


def test_what_starts_or_ends_during_a_look_is_not_taken_for_dead(database: Database) -> None:
    """Before each statement of the look one run ends and the next begins."""
    with ExitStack() as held, database.transaction() as session:
        held.enter_context(SourceLock(database, ASIO))
        ids = [start(database)]

        def one_ends_and_one_begins(*about: object) -> None:
            del about
            with database.transaction() as other:
                finish_run(other, ids[-1], Ending("completed", "collect", COUNTS), now=NOON)
            held.close()
            source = Source("scripted", f"run {len(ids)}")
            held.enter_context(SourceLock(database, source))
            ids.append(start(database, source))

        event.listen(session.connection(), "before_cursor_execute", one_ends_and_one_begins)
        facts = read_facts(session, NOON)
        assert len(ids) > 15
        assert [activity.state(NOON, 2 * HOUR) for activity in facts.running] == ["working"]


def test_a_run_from_before_activities_were_kept_has_its_start(database: Database) -> None:
    start(database)
    with database.transaction() as session:
        session.execute(delete(CollectorActivity))
    (activity,) = look(database).running
    assert (activity.at, activity.doing, activity.waits_until) == (NOON - HOUR, "starting", None)


@pytest.mark.parametrize(
    ("quiet", "waits", "alive", "state"),
    [
        (timedelta(minutes=1), None, True, "working"),
        (timedelta(minutes=15), None, True, "working"),
        (timedelta(minutes=16), None, True, "stuck"),
        (timedelta(minutes=16), timedelta(minutes=-1), True, "working"),
        (timedelta(hours=2), timedelta(minutes=-20), True, "stuck"),
        (timedelta(hours=2), timedelta(minutes=1), True, "waiting"),
        (timedelta(minutes=1), timedelta(minutes=1), False, "dead"),
    ],
)
def test_stuck_is_told_from_waiting_and_from_slow(
    quiet: timedelta, waits: timedelta | None, alive: bool, state: str
) -> None:
    last = LastRun(1, ASIO, None, "running", None, None, None, {}, NOON - HOUR, None)
    until = None if waits is None else NOON + waits
    activity = Activity(last, "fetching", NOON - quiet, until, alive)
    assert activity.state(NOON, timedelta(minutes=15)) == state


def batch(database: Database, at: datetime, status: str, *, settles: bool = True) -> None:
    known = Batch(uuid4(), "github", at, at.date(), ["x"], settles)
    with database.transaction() as session:
        start_batch(session, known, now=at)
        finish_batch(session, known.id, status, now=at + timedelta(minutes=1))


def test_a_group_succeeded_when_its_last_good_batch_ended(database: Database) -> None:
    batch(database, NOON - 3 * HOUR, "partial")
    batch(database, NOON - 2 * HOUR, "completed", settles=False)
    batch(database, NOON - HOUR, "failed")
    groups = look(database).groups
    assert groups is not None
    group = groups["github"]
    assert group.last_success_at == NOON - 3 * HOUR + timedelta(minutes=1)
    assert (group.last_status, group.last_started_at) == ("failed", NOON - HOUR)


def test_rows_are_counted_by_day_and_endings_of_a_day_by_status(database: Database) -> None:
    run(database, NOON - timedelta(days=20))
    run(database, NOON - timedelta(days=2))
    run(database, NOON - 2 * HOUR)
    run(database, NOON - HOUR)
    facts = look(database)
    assert facts.rows_by_day == {ASIO.collector: {date(2026, 2, 27): 4, date(2026, 3, 1): 8}}
    assert facts.endings == {(ASIO.collector, "completed"): 2}


def test_what_waits_is_counted(database: Database) -> None:
    run_id = run(database, NOON - HOUR)
    with database.transaction() as session:
        bad = [SetAside("a1", {"sha": "a1"}, "no author")]
        set_aside(session, ASIO, "commits", bad, run_id=run_id)
        enqueue(session, "papers", [Message("p1", {})])
        put_documents(session, "papers", [Text("p1", "A paper", "of words")])
    facts = look(database)
    assert facts.index is not None
    assert [(one.collector, one.documents) for one in facts.index] == [("papers", 1)]
    assert facts.dead_letters == {ASIO: 1}
    assert [(one.kind, one.waiting) for one in facts.outbox] == [("papers", 1)]


def test_the_newest_comparison_of_each_stream_is_there_with_the_repairs_that_wait(
    database: Database,
) -> None:
    gaps = [Gap("7", "missing"), Gap("8", "stale")]
    whole, holed = Comparison("issues", 4, 4, 4, []), Comparison("issues", 4, 3, 4, gaps)
    with database.transaction() as session:
        note_comparisons(session, ASIO, [whole])
        note_comparisons(session, ASIO, [holed, Comparison("comments", 0, 0, 0, [])])
    comments, issues = look(database).compared
    assert (comments.stream, comments.completeness, comments.repairs) == ("comments", 1.0, 0)
    assert (issues.source_key, issues.completeness) == (ASIO.source_key, 0.75)
    assert (issues.missing, issues.stale, issues.repairs) == (1, 1, 2)
