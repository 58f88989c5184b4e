"""The lock of a source: one holder, told by name, gone with its session."""

import psycopg
import pytest
from sqlalchemy import event

from services.database import Database, open_database
from services.errors import AlreadyRunning
from services.runs.lock import SourceLock
from services.runs.services import Source

SOURCE = Source("scripted", "main")
OF_THE_DATABASE = "database = (select oid from pg_database where datname = current_database())"
LOCKS = f"select count(*) from pg_locks where locktype = 'advisory' and {OF_THE_DATABASE}"
TEMPORARY_TABLES = """
    do $$ begin
        for number in 1..300 loop execute format('create temp table burden_%s (id int)', number); end loop;
    end $$
"""


def slow_to_end(connection: psycopg.Connection, _: object) -> None:
    """PostgreSQL drops a session's temporary tables at its end, before it lets go its locks."""
    connection.execute(TEMPORARY_TABLES)
    connection.commit()


def end_lock_sessions(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        ended = admin.execute(
            "select pg_terminate_backend(pid, 60000) from pg_locks"
            f" where locktype = 'advisory' and {OF_THE_DATABASE}"
        ).fetchall()
    assert ended == [(True,)]


@pytest.mark.parametrize("key", ["main", "boostorg/asio", "päper 1", ""])
def test_one_holder_at_a_time(database: Database, key: str) -> None:
    source = Source("scripted", key)
    with (
        SourceLock(database, source),
        pytest.raises(AlreadyRunning, match="is being collected by a process that calls itself"),
        SourceLock(database, source),
    ):
        pass
    with SourceLock(database, source) as again:
        again.ensure_held()


def test_once_it_is_left_it_is_free_at_once(database: Database, database_url: str) -> None:
    event.listen(database.engine, "connect", slow_to_end)
    with psycopg.connect(database_url, autocommit=True) as other:
        for _ in range(3):
            with SourceLock(database, SOURCE):
                assert other.execute(LOCKS).fetchone() == (1,)
            assert other.execute(LOCKS).fetchone() == (0,)


def test_a_holder_without_a_ledger_row_is_told_by_its_connection(database_url: str) -> None:
    dry = open_database(database_url, application_name="bdc dry run scripted main")
    with SourceLock(dry, SOURCE), pytest.raises(AlreadyRunning) as raised, SourceLock(dry, SOURCE):
        pass
    dry.close()
    assert "a process that calls itself 'bdc dry run scripted main', since 20" in str(raised.value)


def test_a_lock_whose_session_died_is_taken_again(database: Database, database_url: str) -> None:
    with SourceLock(database, SOURCE) as lock:
        end_lock_sessions(database_url)
        lock.ensure_held()
        with pytest.raises(AlreadyRunning), SourceLock(database, SOURCE):
            pass


def test_a_lock_whose_session_died_may_be_somebody_elses_now(
    database: Database, database_url: str
) -> None:
    with SourceLock(database, SOURCE) as lock:
        end_lock_sessions(database_url)
        with SourceLock(database, SOURCE), pytest.raises(AlreadyRunning):
            lock.ensure_held()
        lock.ensure_held()


def test_leaving_a_lock_whose_session_died_is_no_error(
    database: Database, database_url: str
) -> None:
    with SourceLock(database, SOURCE):
        end_lock_sessions(database_url)
    with SourceLock(database, SOURCE) as free:
        free.ensure_held()
