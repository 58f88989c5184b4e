"""`bdc backup`, `bdc backups` and `bdc restore`, as an operator uses them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from psycopg import sql

from conformance.replay.messages import json_answer
from conformance.replay.server import replaying
from deployments.local.postgres import EmbeddedPostgres
from services.archive.place import ArchivePlace
from services.archive.recorder import Recorder
from services.database import Database
from services.http.client import HttpClient
from services.http.messages import Request
from services.http.observing import observed
from services.http.settings import HttpSettings
from services.runs.run import Run
from services.runs.services import Source, start_run
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


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Path:
    """One answer of a source, archived and listed."""
    folder, source = tmp_path / "answers", Source("tracker", "acme/widget")
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with database.transaction() as session:
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    place = ArchivePlace(str(folder))
    recorder = Recorder(place, source.collector, source.source_key, run_id, now, 2**20)
    with replaying(lambda _: json_answer({"said": "once"})) as server, observed(recorder.observe):
        with HttpClient(HttpSettings(base_url=server.url)) as client:
            client.send(Request("page"))
        with Run(source, database, run_id, archive=recorder).transaction():
            """Lists what was answered."""
    return folder


def test_what_is_restored_finds_its_raw_archive_where_the_backup_says_that_it_lies(
    bdc: Bdc, database_url: str, archive: Path, tmp_path: Path
) -> None:
    bdc("backup", DATABASE_URL=database_url, RAW_ARCHIVE_URL=str(archive))
    (facts,) = (tmp_path / ".bdc" / "backups").glob("*/backup.json")
    assert json.loads(facts.read_text())["archive"] == str(archive)
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from archive_segment")
    assert "0 segments" in bdc("archive", "verify").out
    restored = bdc("restore", "latest", "--replace")
    assert f"raw archive: 1 segments in {archive}" in restored.out
    assert "RAW_ARCHIVE_URL" not in restored.out
    verified = bdc("archive", "verify")
    assert (verified.code, f"1 segments in {archive}, 0 damaged" in verified.out) == (0, True)


def test_an_archive_that_lies_elsewhere_than_the_settings_say_is_told(
    bdc: Bdc, database_url: str, archive: Path
) -> None:
    bdc("backup", DATABASE_URL=database_url, RAW_ARCHIVE_URL=str(archive))
    for elsewhere in (f"{archive}-of-today", "none"):
        restored = bdc("restore", "latest", "--replace", RAW_ARCHIVE_URL=elsewhere)
        assert "these segments are not there" in restored.out


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
