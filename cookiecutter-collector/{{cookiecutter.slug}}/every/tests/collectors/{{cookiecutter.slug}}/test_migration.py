"""The schema of {{ cookiecutter.slug }}."""

from sqlalchemy import inspect

import migrations
from services.database import Database

BEFORE = "{{ cookiecutter.__down_revision }}"


def tables(database: Database) -> list[str]:
    names = inspect(database.engine).get_table_names()
    return [name for name in names if name.startswith("{{ cookiecutter.slug }}_")]


def test_the_tables_go_and_come_with_their_revision(database: Database, database_url: str) -> None:
    before = tables(database)
    assert before
    migrations.downgrade(database_url, BEFORE)
    assert tables(database) == []
    migrations.upgrade(database_url)
    assert tables(database) == before
