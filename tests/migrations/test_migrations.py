"""The schema's history, on a real PostgreSQL."""

import os
import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import migrations
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database, open_database
from services.errors import ConfigError


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    name = f"empty_{abs(hash(request.node.name)) % 10**8}"
    postgres.ensure_database(name)
    return postgres.url(name)


def test_there_is_one_line_of_revisions(database_url: str) -> None:
    script = ScriptDirectory.from_config(migrations.configuration(database_url))
    assert len(script.get_heads()) == 1


def test_the_tables_are_what_the_models_say(database_url: str) -> None:
    migrations.check(database_url)


def test_up_down_up(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    migrations.downgrade(empty_url, "base")
    database = open_database(empty_url, application_name="test")
    assert inspect(database.engine).get_table_names() == [migrations.VERSION_TABLE]
    database.close()
    migrations.upgrade(empty_url)
    migrations.check(empty_url)


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    before = migrations.current(database_url)
    migrations.upgrade(database_url)
    assert migrations.current(database_url) == before == migrations.head(database_url)


def test_two_upgrades_at_once_take_turns(empty_url: str) -> None:
    command = [sys.executable, "-m", "cli", "db", "upgrade"]
    environment = dict(os.environ, DATABASE_URL=empty_url)
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0]
    migrations.check(empty_url)


def test_a_schema_that_was_tampered_with_is_noticed(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.execute(text("alter table collector_run drop column host"))
    with pytest.raises(ConfigError, match="bdc db upgrade"):
        migrations.check(database_url)


def test_a_database_newer_than_the_code_is_one_line(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.execute(text(f"update {migrations.VERSION_TABLE} set version_num = 'later'"))
    with pytest.raises(ConfigError, match="later"):
        migrations.upgrade(database_url)


def test_every_table_and_column_says_what_it_holds(database: Database) -> None:
    inspector = inspect(database.engine)
    silent = [
        f"{table}.{column['name']}"
        for table in inspector.get_table_names()
        if table != migrations.VERSION_TABLE
        for column in inspector.get_columns(table)
        if not column["comment"] and column["name"] != "id"
    ]
    assert silent == []
