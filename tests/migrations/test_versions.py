"""From one version to the next and back with data in place, and two versions side by side."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import migrations
from services.alerts.services import Trouble, keep_alerts
from services.database import Database
from services.outbox.services import Message, enqueue
from services.runs.services import SetAside, set_aside
from tests.support.collecting import Collecting
from tests.support.git_repositories import Repository

Rows = dict[str, list[dict[str, Any]]]
# What takes something away, or something that the version before does not fill.
CONTRACTION = re.compile(
    r"^(drop|alter table \S+ (drop|rename|alter column \S+ (set not null|type))"
    r"|alter table \S+ add column (?!.*\bdefault\b).* not null)",
    re.IGNORECASE,
)
# Of the first version: what is collected and how far, which no way back may lose.
REMAINING = (
    "collector_cursor",
    "collector_dead_letter",
    "collector_run",
    "github_activity_tracker_branch",
    "github_activity_tracker_commit",
    "github_activity_tracker_file_change",
    "github_activity_tracker_repository",
    "identity_profile",
    "identity_email",
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.create(tmp_path / "source")
    made.commit({"a.txt": b"one"})
    made.commit({"a.txt": b"two", "b.txt": b"three"})
    return made


@pytest.fixture
def collecting(database: Database, repository: Repository, tmp_path: Path) -> Collecting:
    return Collecting(database, str(repository.path), tmp_path / "workspace")


def rows(database: Database) -> Rows:
    """Everything, by table."""
    with database.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {migrations.VERSION_TABLE}
        return {
            table: [dict(row) for row in connection.exec_driver_sql(f"table {table}").mappings()]
            for table in tables
        }


def columns(database: Database) -> dict[str, set[str]]:
    inspector = inspect(database.engine)
    return {
        table: {column["name"] for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
        if table != migrations.VERSION_TABLE
    }


def fill(collecting: Collecting) -> None:
    """Some rows of what each part of the platform writes."""
    collecting.collect()
    run = collecting.run()
    with collecting.database.transaction() as session:
        set_aside(session, run.source, "commits", [SetAside("a", {"x": 1}, "bad")], run_id=run.id)
        enqueue(session, "papers", [Message("p1", {"a": 1})])
        day = timedelta(days=1)
        keep_alerts(
            session, [Trouble("failed", "x")], known_kinds=["failed"], repeat_after=day, now=NOW
        )


def revisions(url: str) -> list[str]:
    """The newest first."""
    script = ScriptDirectory.from_config(migrations.configuration(url))
    return [one.revision for one in script.walk_revisions()]


def test_back_and_forward_through_every_version_keeps_what_the_first_one_knew(
    collecting: Collecting, database_url: str
) -> None:
    database = collecting.database
    fill(collecting)
    seen = [rows(database)]
    path = revisions(database_url)
    for revision in path[1:]:
        migrations.downgrade(database_url, revision)
        seen.append(rows(database))
    first = columns(database)
    for revision in reversed(path[:-1]):
        migrations.upgrade(database_url, revision)
        seen.append(rows(database))
    at_first, *later = [projected(one, first) for one in seen]
    assert all(at_first[table] for table in REMAINING)
    assert [position for position, one in enumerate(later) if one != at_first] == []
    assert collecting.collect().written.inserted == 0


def test_this_version_works_beside_a_newer_one_that_has_expanded_the_schema(
    collecting: Collecting, repository: Repository
) -> None:
    """What it does not know stays as the newer one wrote it, and it misses nothing of its own."""
    database = collecting.database
    collecting.collect()
    for table in columns(database):
        expand(database, table)
    before = written_by_newer(database)
    newest = repository.commit({"a.txt": b"four"})
    assert collecting.collect().written.inserted > 0
    assert newest in {row[0] for row in collecting.rows("commit")}
    after = written_by_newer(database)
    assert before
    assert {key: after[key] for key in before} == before
    assert collecting.collect().written.inserted == 0


def expand(database: Database, table: str) -> None:
    """As a migration of the next version may: a column, filled by its code; an index."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"alter table {table} add column later text default 'new'")
        connection.exec_driver_sql(f"update {table} set later = 'of the newer version'")
        connection.exec_driver_sql(f"create index on {table} (later)")


def written_by_newer(database: Database) -> dict[tuple[str, Any], str]:
    """By table and row: what only the newer version knows."""
    return {
        (table, row["id"]): row["later"]
        for table, found in rows(database).items()
        for row in found
        if row["later"] == "of the newer version" and "id" in row
    }


def projected(found: Rows, known: Mapping[str, set[str]]) -> Rows:
    """What a version knows of it, in one order."""
    return {
        table: sorted(({name: row[name] for name in names} for row in found[table]), key=repr)
        for table, names in known.items()
        if table in REMAINING
    }


def statements(upgrade: Callable[[], None]) -> list[str]:
    """What it says to PostgreSQL, statement by statement."""
    said = StringIO()
    options = {"as_sql": True, "output_buffer": said}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        upgrade()
    return [" ".join(one.split()) for one in said.getvalue().split(";\n")]


def contractions(upgrade: Callable[[], None]) -> list[str]:
    return [one[:80] for one in statements(upgrade) if CONTRACTION.search(one)]


def test_a_migration_only_adds_unless_it_says_what_it_contracts(database_url: str) -> None:
    """A docstring with a line `Contracts: …` names what no version before this one uses any more."""
    script = ScriptDirectory.from_config(migrations.configuration(database_url))
    found = {
        one.revision: contractions(one.module.upgrade)
        for one in script.walk_revisions()
        if "\nContracts: " not in (one.module.__doc__ or "")
    }
    assert len(found) > 10
    assert {revision: said for revision, said in found.items() if said} == {}


@pytest.mark.parametrize(
    ("change", "contracts"),
    [
        (lambda: op.drop_column("a", "b"), True),
        (lambda: op.drop_table("a"), True),
        (lambda: op.rename_table("a", "b"), True),
        (lambda: op.alter_column("a", "b", nullable=False), True),
        (lambda: op.alter_column("a", "b", new_column_name="c"), True),
        (lambda: op.alter_column("a", "b", type_=sa.BigInteger()), True),
        (lambda: op.add_column("a", sa.Column("c", sa.Text(), nullable=False)), True),
        (lambda: op.alter_column("a", "b", nullable=True), False),
        (lambda: op.alter_column("a", "b", comment="dropped; not null"), False),
        (
            lambda: op.add_column(
                "a", sa.Column("c", sa.Text(), server_default="", nullable=False)
            ),
            False,
        ),
        (lambda: op.add_column("a", sa.Column("c", sa.Text(), nullable=True)), False),
        (lambda: op.create_table("t", sa.Column("c", sa.Text(), nullable=False)), False),
    ],
)
def test_what_counts_as_a_contraction(change: Callable[[], None], contracts: bool) -> None:
    assert bool(contractions(change)) is contracts
