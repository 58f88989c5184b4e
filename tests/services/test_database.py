"""Transactions, rehearsals, and what a wrong URL leads to."""

import signal

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.database import (
    Database,
    DatabaseError,
    count_rows,
    driver_connection,
    open_database,
    read_rows,
)
from services.errors import ConfigError


def count(database: Database) -> int:
    with database.transaction() as session:
        return len(session.execute(text("select * from note")).all())


@pytest.fixture
def notes(database: Database) -> Database:
    with database.transaction() as session:
        session.execute(text("create table note (id int primary key)"))
    return database


def test_a_transaction_is_kept_whole(notes: Database) -> None:
    with notes.transaction() as session:
        session.execute(text("insert into note values (1), (2)"))
    assert count(notes) == 2


def test_rows_are_counted_by_table(notes: Database) -> None:
    with notes.transaction() as session:
        session.execute(text("create table note_page (id int); insert into note values (1), (2)"))
    assert count_rows(notes, "note") == {"note": 2, "note_page": 0}


def test_a_transaction_that_raises_leaves_nothing(notes: Database) -> None:
    with pytest.raises(ZeroDivisionError), notes.transaction() as session:
        session.execute(text("insert into note values (1)"))
        _ = 1 / 0
    assert count(notes) == 0


def test_a_rehearsal_sees_its_own_work_and_nobody_ever_else_does(notes: Database) -> None:
    with notes.rehearse() as rehearsal:
        with rehearsal.transaction() as session:
            session.execute(text("insert into note values (1)"))
        assert count(rehearsal) == 1
        assert count(notes) == 0
    assert count(notes) == 0


def test_a_failed_transaction_of_a_rehearsal_undoes_only_itself(notes: Database) -> None:
    with notes.rehearse() as rehearsal:
        with rehearsal.transaction() as session:
            session.execute(text("insert into note values (1)"))
        with pytest.raises(ZeroDivisionError), rehearsal.transaction() as session:
            session.execute(text("insert into note values (2)"))
            _ = 1 / 0
        assert count(rehearsal) == 1


class Interruption(BaseException):
    """As a signal handler of Prefect raises one."""


def interrupt(*_: object) -> None:
    raise Interruption


def test_an_interruption_in_the_middle_of_a_command_is_not_hidden_by_its_clean_up(
    notes: Database,
) -> None:
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(Interruption), notes.transaction() as session:
            session.execute(text("insert into note values (1)"))
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            driver_connection(session).execute("select pg_sleep(30)")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert count(notes) == 0


def test_a_lock_that_is_not_had_is_an_error_not_a_hang(notes: Database) -> None:
    url = notes.engine.url.render_as_string(hide_password=False)
    hasty = open_database(url, application_name="hasty", lock_timeout_seconds=1)
    with notes.transaction() as session:
        session.execute(text("lock table note"))
        with pytest.raises(OperationalError, match="lock timeout"), hasty.transaction() as other:
            other.execute(text("insert into note values (1)"))
    hasty.close()


@pytest.mark.parametrize(
    "url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"]
)
def test_every_spelling_of_postgresql_is_understood(url: str) -> None:
    assert open_database(url, application_name="x").engine.dialect.driver == "psycopg"


@pytest.mark.parametrize("url", ["mysql://u:" + "secret@h/d", "not a url: " + "secret"])
def test_another_database_is_refused_without_showing_the_url(url: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL") as refused:
        open_database(url, application_name="x")
    assert "secret" not in str(refused.value)


def test_rows_are_read_by_column(notes: Database) -> None:
    with notes.transaction() as session:
        session.execute(text("insert into note values (1), (2)"))
    assert read_rows(notes, "select id, ':x' as word from note order by id") == [
        {"id": 1, "word": ":x"},
        {"id": 2, "word": ":x"},
    ]
    assert read_rows(notes, "select id from note where id > 2") == []


@pytest.mark.parametrize(
    "statement",
    [
        "delete from note",
        "with gone as (delete from note returning id) select * from gone",
        "select 1; delete from note",
        "commit; delete from note",
        "select setval('pg_temp.nothing', 1)",
    ],
)
def test_reading_never_writes(notes: Database, statement: str) -> None:
    with notes.transaction() as session:
        session.execute(text("insert into note values (1)"))
    with pytest.raises(DatabaseError):
        read_rows(notes, statement)
    assert count(notes) == 1


def test_only_psycopg_can_copy() -> None:
    with (
        Session(create_engine("sqlite://")) as session,
        pytest.raises(TypeError, match="COPY needs psycopg, not Connection"),
    ):
        driver_connection(session)
