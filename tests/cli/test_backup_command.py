"""`bdc backup`, `bdc backups` and `bdc restore`, as an operator uses them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from psycopg import sql

from deployments.local.postgres import EmbeddedPostgres
from tests.cli.conftest import Outcome

Bdc = Callable[..., Outcome]


@pytest.fixture
def prefect_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Stands for Prefect's database: a table, and an extension in it."""
    name = f"prefect_{uuid4().hex[:12]}"
    postgres.ensure_database(name)
    with psycopg.connect(postgres.url(name)) as connection:
        connection.execute("create extension pg_trgm")
        connection.execute("create table flow_run as select 1 as id")
    yield postgres.url(name).replace("postgresql://", "postgresql+asyncpg://")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def memory() -> Iterator[str]:
    """A store that is no folder."""
    yield "memory://backups"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_both_databases_go_to_any_store_and_come_back(
    bdc: Bdc, database_url: str, prefect_url: str, memory: str, tmp_path: Path, place: str
) -> None:
    target = memory if place == "memory" else str(tmp_path / "copies")
    addresses = {
        "DATABASE_URL": database_url,
        "PREFECT_API_DATABASE_CONNECTION_URL": prefect_url,
        "BACKUP_TARGET": target,
    }
    made = bdc("backup", **addresses)
    assert made.code == 0, made.err
    assert "prefect: 1 tables, 1 rows" in made.out
    refused = bdc("restore", "latest")
    assert (refused.code, "--replace" in refused.err) == (2, True)
    restored = bdc("restore", "latest", "--replace", "--prefect")
    assert restored.code == 0, restored.err
    assert "every table has the rows that it had" in restored.out


def test_backups_are_listed_and_verified(bdc: Bdc, database_url: str, tmp_path: Path) -> None:
    assert "No backups yet" in bdc("backups").out
    assert bdc("restore", "latest", DATABASE_URL=database_url).code == 2
    bdc("backup")
    (row,) = bdc("backups", "--verify", "--json").rows
    assert (row["database"], row["tables"] > 10) == ("data", True)
    (dump,) = (tmp_path / ".bdc" / "backups").glob("*/data.dump")
    dump.write_bytes(b"")
    damaged = bdc("backups", "--verify")
    assert damaged.code == 1
    assert "is damaged: data.dump" in damaged.err


def test_prefect_is_restored_only_where_its_address_is_set(bdc: Bdc, database_url: str) -> None:
    bdc("backup", DATABASE_URL=database_url)
    missing = bdc("restore", "latest", "--prefect")
    assert (missing.code, "PREFECT_API_DATABASE_CONNECTION_URL" in missing.err) == (2, True)


def test_a_copy_that_a_backup_does_not_hold_is_said(
    bdc: Bdc, database_url: str, prefect_url: str
) -> None:
    bdc("backup", DATABASE_URL=database_url)
    missing = bdc("restore", "latest", "--prefect", PREFECT_API_DATABASE_CONNECTION_URL=prefect_url)
    assert (missing.code, "no copy of the database prefect" in missing.err) == (2, True)


def test_a_store_that_nothing_here_reads_is_said(bdc: Bdc) -> None:
    unknown = bdc("backups", BACKUP_TARGET="nowhere://bucket")
    assert (unknown.code, "BACKUP_TARGET" in unknown.err) == (2, True)
