"""Each role can do its work, and nothing else: with logins of a real server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

import migrations
from cli.main import execute
from collectors.maintenance.collector import Maintenance
from collectors.maintenance.settings import MaintenanceSettings
from deployments.local.postgres import EmbeddedPostgres
from migrations.roles import COLLECTOR, READER, grant_roles
from services.database import Database, open_database
from services.errors import ConfigError
from services.outbox.models import OutboxMessage
from services.runs import services as ledger
from services.runs.lock import SourceLock
from services.runs.run import Run
from services.runs.services import Ending, SetAside, Source
from services.upsert import Written, bulk_upsert
from tests.support.postgres import start_test_postgres

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCE = Source("maintenance", "platform")

Login = Callable[[str], str]


@pytest.fixture
def login(database_url: str, postgres: EmbeddedPostgres) -> Iterator[Login]:
    """Makes a login in a role; the URL that it connects with."""
    made: list[str] = []

    def make(role: str) -> str:
        name = f"login_{uuid4().hex[:12]}"
        statement = sql.SQL("create role {} login in role {}")
        with psycopg.connect(postgres.url("postgres")) as admin:
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(role)))
        made.append(name)
        return database_url.replace("postgres@", f"{name}@")

    yield make
    with psycopg.connect(postgres.url("postgres")) as admin:
        for name in made:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def refused(url: str, *statements: str) -> list[str]:
    """Those statements that this user may not say."""
    found = []
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                found.append(statement)
    return found


def upsert(database: Database, payload: str) -> Written:
    rows = [("papers", f"key {number}", {"text": payload}) for number in range(3)]
    with database.transaction() as session:
        columns = ("kind", "key", "payload")
        return bulk_upsert(session, OutboxMessage, columns, rows, key=("kind", "key"))


def test_a_collector_does_all_that_a_run_does(database_url: str, login: Login) -> None:
    grant_roles(database_url)
    database = open_database(login(COLLECTOR), application_name="test")
    with SourceLock(database, SOURCE), database.transaction() as session:
        number = ledger.start_run(session, SOURCE, parameters={}, flow_run_id=None, now=NOW)
    run = Run(SOURCE, database, number)
    assert upsert(database, "new") == Written(inserted=3)
    assert upsert(database, "changed") == Written(updated=3)
    with run.transaction() as session:
        run.set_aside(session, "s", [SetAside("x", {}, "bad")])
        run.advance_cursor(session, "s", {"at": 1})
    Maintenance(MaintenanceSettings(), lambda: NOW).collect(run)
    with database.transaction() as session:
        ledger.finish_run(session, number, Ending("completed", None, {}), now=NOW)
    database.close()


def test_a_collector_changes_no_table_and_no_version(database_url: str, login: Login) -> None:
    grant_roles(database_url)
    forbidden = (
        "create table mine (id int)",
        "drop table outbox",
        "alter table outbox add column more int",
        "truncate outbox",
        f"update {migrations.VERSION_TABLE} set version_num = '0001'",
        "create role friend",
    )
    assert refused(login(COLLECTOR), *forbidden) == list(forbidden)


def test_a_reader_reads_and_writes_nothing(database_url: str, login: Login) -> None:
    grant_roles(database_url)
    url = login(READER)
    forbidden = (
        "insert into outbox (kind, key, payload) values ('a', 'b', '{}')",
        "update outbox set status = 'sent'",
        "delete from outbox",
        "create temporary table mine (id int)",
        "create table mine (id int)",
    )
    assert refused(url, *forbidden) == list(forbidden)
    assert refused(url, "select * from outbox", f"select * from {migrations.VERSION_TABLE}") == []


def test_a_table_of_a_later_migration_is_open_to_them_too(database_url: str, login: Login) -> None:
    migrations.downgrade(database_url, "0004")
    grant_roles(database_url)
    migrations.upgrade(database_url)
    assert refused(login(READER), "select * from wg21_paper_tracker_paper") == []
    assert refused(login(COLLECTOR), "delete from wg21_paper_tracker_paper") == []


def test_who_is_in_no_role_does_not_get_in(
    database_url: str, postgres: EmbeddedPostgres, login: Login
) -> None:
    grant_roles(database_url)
    url = login(READER)
    name = url.partition("//")[2].partition("@")[0]
    with psycopg.connect(postgres.url("postgres")) as admin:
        admin.execute(
            sql.SQL("revoke {} from {}").format(sql.Identifier(READER), sql.Identifier(name))
        )
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


def test_a_user_who_may_not_grant_is_told_who_may(database_url: str, login: Login) -> None:
    grant_roles(database_url)
    with pytest.raises(ConfigError, match=r"table \w+ belongs to postgres"):
        grant_roles(login(COLLECTOR))


def test_making_roles_needs_the_right_to(tmp_path: Path) -> None:
    """On a server of its own: roles are of a whole server, and others may have made them."""
    server = start_test_postgres(tmp_path)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            admin.execute("create role somebody login")
            admin.execute("create database theirs owner somebody")
        with pytest.raises(ConfigError, match=r"DATABASE_URL: permission denied.*CREATEROLE"):
            grant_roles(server.url("theirs").replace("postgres@", "somebody@"))
    finally:
        server.stop()


def test_the_command_says_how_to_make_a_login_and_may_be_said_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert [execute(["db", "roles"]) for _ in range(2)] == [0, 0]
    assert f"in role {READER}" in capsys.readouterr().out
    migrations.downgrade(database_url, "0004")
    assert execute(["db", "roles"]) == 2


def test_an_owner_that_is_no_superuser_can_set_it_up(postgres: EmbeddedPostgres) -> None:
    """As on a managed server: it may make roles and owns the database, and that is all."""
    name = f"owner_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login createrole").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(name)))
    url = postgres.url(name).replace("postgres@", f"{name}@")
    migrations.upgrade(url)
    grant_roles(url)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
