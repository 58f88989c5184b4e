"""One run of a source at a time, whatever dies meanwhile."""

import signal
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from prefect import State
from sqlalchemy import text

from services.errors import AlreadyRunning, ConfigError, LockLost, SourceUnavailable
from services.runs import services as ledger
from services.runs.lock import SourceLock
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from tests.flows.records import QUIET, Records
from tests.support.local_stack import poll
from tests.support.scripted_collector import Script, play, store, write

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def enter_run(records: Records, source: Source) -> int:
    with records.database.transaction() as session:
        return ledger.start_run(session, source, parameters={}, flow_run_id=None, now=NOW)


def end_sessions(records: Records, *, like: str) -> None:
    """End the sessions whose last query was like this, as a restart of the server would."""
    wanted = "pid <> pg_backend_pid() and datname = current_database() and query like %s"
    with psycopg.connect(records.database_url, autocommit=True) as admin:
        ended = admin.execute(
            f"select pg_terminate_backend(pid, 60000) from pg_stat_activity where {wanted}", [like]
        ).fetchall()
    assert ended


def test_a_second_run_is_cancelled_and_told_who_holds_the_source(
    records: Records, source: Source
) -> None:
    script = Script(collect=lambda run: store(run, "a"))
    with SourceLock(records.database, source):
        run_id = enter_run(records, source)
        state = play(script)
    run = records.run()
    assert (state.type.value, state.name) == ("CANCELLED", "AlreadyRunning")
    holder = f"run {run_id} (process {run.pid} on {run.host}), since 2026-01-01 12:30:00 UTC"
    assert state.message == f"scripted main is being collected by {holder}"
    assert (script.calls, run.status, records.stored()) == ([], "running", [])
    assert records.events(state) == []


def test_a_dry_run_does_not_overlap_either(records: Records, source: Source) -> None:
    script = Script()
    with SourceLock(records.database, source):
        assert play(script, dry_run=True).name == "AlreadyRunning"
    assert script.calls == []


def test_sources_do_not_block_each_other(records: Records, source: Source) -> None:
    with SourceLock(records.database, source):
        assert play(Script(), source_key="another").name == "Completed"


@pytest.mark.parametrize(
    "ending", [None, ValueError("x"), ConfigError("x"), KeyboardInterrupt(), SystemExit(1)]
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_the_source_is_free_however_a_run_ends(
    records: Records, source: Source, ending: BaseException | None, dry_run: bool
) -> None:
    def collect(run: Run) -> CollectResult:
        if ending is not None:
            raise ending
        return run.result

    with suppress(KeyboardInterrupt):
        play(Script(collect=collect), dry_run=dry_run)
    with SourceLock(records.database, source) as lock:
        lock.ensure_held()


def test_a_straggler_stores_nothing_once_another_run_took_over(
    records: Records, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLECTOR_RETRIES", "0")

    def collect(run: Run) -> CollectResult:
        store(run, "before")
        enter_run(records, source)
        return store(run, "after")

    state = play(Script(collect=collect))
    with pytest.raises(LockLost):
        state.result()
    first, second = records.runs()
    assert (first.status, second.status) == ("crashed", "running")
    assert records.stored() == ["before"]


def test_a_straggler_does_not_go_on_to_the_next_hook(
    records: Records, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLECTOR_RETRIES", "0")

    def collect(run: Run) -> CollectResult:
        enter_run(records, source)
        return run.result

    script = Script(collect=collect)
    assert play(script).is_failed()
    assert "sync_pinecone" not in script.calls


def test_a_killed_process_frees_the_source_and_the_next_run_marks_it_crashed(
    records: Records,
) -> None:
    program = records.start_program("linger")
    poll(lambda: records.stored() == ["earlier"], 60, "the first batch")
    program.send_signal(signal.SIGKILL)
    program.communicate(timeout=90)
    state = poll(lambda: _not_blocked(play(Script())), 20, "a free source")
    assert state.name == "Completed"
    first, *_, last = records.runs()
    assert (first.status, first.pid, last.status) == ("crashed", program.pid, "completed")
    assert records.stored() == ["earlier"]


def _not_blocked(state: State[Any]) -> State[Any] | None:
    return None if state.name == "AlreadyRunning" else state


def test_a_run_whose_data_connection_dies_tries_again_and_completes(records: Records) -> None:
    attempts: list[str] = []

    def collect(run: Run) -> CollectResult:
        with run.transaction() as session:
            part = write(session, ["a"])
            attempts.append("one")
            if len(attempts) == 1:
                session.execute(text("select 'in flight'"))
                end_sessions(records, like="select 'in flight'")
            session.execute(text("select 1"))
        run.add(part)
        return run.result

    assert play(Script(collect=collect)).name == "Completed"
    assert (len(attempts), records.stored(), len(records.runs())) == (2, ["a"], 1)


def test_a_run_that_loses_all_its_sessions_between_hooks_completes(
    records: Records, source: Source
) -> None:
    def collect(run: Run) -> CollectResult:
        store(run, "a")
        end_sessions(records, like="%")
        return run.result

    assert play(Script(collect=collect)).name == "Completed"
    assert records.run().status == "completed"


def test_a_retry_gives_way_when_another_run_has_taken_the_source_meanwhile(
    records: Records, source: Source
) -> None:
    other = SourceLock(records.database, source)

    def collect(run: Run) -> CollectResult:
        end_sessions(records, like="select pg_try_advisory_lock%")
        other.__enter__()
        raise SourceUnavailable("x")

    script = Script(collect=collect)
    state = play(script)
    other.__exit__(None, None, None)
    with pytest.raises(AlreadyRunning):
        state.result()
    assert script.calls.count("collect") == 1


def test_a_dry_run_whose_connection_dies_fails(records: Records) -> None:
    def collect(run: Run) -> CollectResult:
        with run.transaction() as session:
            session.execute(text("select 'in flight'"))
            end_sessions(records, like="select 'in flight'")
            session.execute(text("select 1"))
        return run.result

    state = play(Script(collect=collect), dry_run=True)
    assert state.is_failed()
    assert "network" in str(state.message)


def test_a_ledger_that_cannot_be_closed_is_left_to_the_next_run(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_LOCK_TIMEOUT_SECONDS", "1")
    with psycopg.connect(records.database_url) as blocker:

        def sync(run: Run) -> None:
            blocker.execute("select from collector_run for update")

        assert play(Script(sync_pinecone=sync)).name == "Completed"
    assert records.run().status == "running"
    play(Script())
    assert [run.status for run in records.runs()] == ["crashed", "completed"]
