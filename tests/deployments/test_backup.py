"""What is backed up comes back whole, or nothing happens at all."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest
from psycopg import sql

import migrations
from deployments.backup.making import make_backup
from deployments.backup.postgres import Address, count_rows
from deployments.backup.restoring import restore_backup
from deployments.backup.store import BackupStore
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database
from services.errors import CollectorError, ConfigError
from services.runs import services as ledger
from services.runs.services import SetAside, Source
from tests.support.local_stack import poll

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NAME = "20261124T030000Z"
SOURCE = Source("example", "ünïcode \\N 'quoted'")

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def filled(database: Database, database_url: str) -> Address:
    """A database of ours with rows that are awkward to copy."""
    letter = SetAside("key\twith tab", {"text": "a\\b\n☃", "none": None}, "line\nline")
    with database.transaction() as session:
        for _ in range(3):
            run = ledger.start_run(session, SOURCE, parameters={}, flow_run_id=uuid4(), now=NOW)
        ledger.set_aside(session, SOURCE, "stream", [letter], run_id=run)
        ledger.advance_cursor(session, SOURCE, "stream", {"heads": ["a", "b"]})
    return Address("DATABASE_URL", database_url)


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Address]:
    """A database without a table."""
    name = f"empty_{uuid4().hex[:12]}"
    postgres.ensure_database(name)
    yield Address("DATABASE_URL", postgres.url(name))
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(str(tmp_path / "backups"))


def everything(address: Address) -> dict[str, list[tuple[Any, ...]]]:
    """Each row of each table."""
    with address.connect() as connection:
        return {
            table: connection.execute(
                sql.SQL("select t::text from {} t order by 1").format(
                    sql.Identifier(*table.split("."))
                )
            ).fetchall()
            for table in count_rows(connection)
        }


def execute(address: Address, statement: str) -> None:
    with address.connect() as connection:
        connection.execute(statement.encode())


def back_up(store: BackupStore, address: Address) -> None:
    make_backup(store, {"data": address}, NOW)


def restore(store: BackupStore, address: Address, *, replace: bool = False) -> None:
    restore_backup(store, NAME, {"data": address}, replace=replace)


def rewrite(folder: Path, file: str, content: bytes) -> None:
    """Change a file of a backup, checksum included."""
    sums = folder / "SHA256SUMS"
    before = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    (folder / file).write_bytes(content)
    sums.write_text(sums.read_text().replace(before, hashlib.sha256(content).hexdigest()))


def test_every_row_of_every_table_comes_back(
    store: BackupStore, filled: Address, empty: Address
) -> None:
    back_up(store, filled)
    restore(store, empty)
    assert everything(empty) == everything(filled)
    assert len(everything(empty)["public.collector_run"]) == 3
    migrations.check(empty.url)


def test_ids_go_on_where_they_were(store: BackupStore, filled: Address, empty: Address) -> None:
    back_up(store, filled)
    restore(store, empty)
    following = "select nextval(pg_get_serial_sequence('collector_run', 'id'))"
    with filled.connect() as before, empty.connect() as after:
        assert before.execute(following).fetchone() == after.execute(following).fetchone()


def test_who_writes_meanwhile_is_in_it_or_not_but_never_in_part(
    store: BackupStore, filled: Address, empty: Address
) -> None:
    """The rows counted are those of the very moment that is copied."""
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(filled.url, autocommit=True) as connection:
            while not done.is_set():
                connection.execute("insert into wg21_paper_tracker_mailing (key, title, year)"
                                   " values (gen_random_uuid()::text, 'two at once', 2026),"
                                   " (gen_random_uuid()::text, 'two at once', 2026)")  # fmt: skip

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(store, filled)
    finally:
        done.set()
        writer.join()
    restore(store, empty)
    assert len(everything(empty)["public.wg21_paper_tracker_mailing"]) % 2 == 0


def test_a_database_with_tables_is_not_touched_unless_told_so(
    store: BackupStore, filled: Address
) -> None:
    back_up(store, filled)
    execute(filled, "delete from collector_cursor")
    before = everything(filled)
    with pytest.raises(ConfigError, match=r"DATABASE_URL: .*holds \d+ tables.*--replace"):
        restore(store, filled)
    assert everything(filled) == before


def test_replace_leaves_what_the_backup_holds_and_nothing_else(
    store: BackupStore, filled: Address, empty: Address
) -> None:
    back_up(store, filled)
    wanted = everything(filled)
    execute(filled, "delete from collector_cursor; create table later (run bigint)")
    restore(store, filled, replace=True)
    assert everything(filled) == wanted
    make_backup(store, {"data": filled}, NOW.replace(hour=4))
    restore_backup(store, store.names()[-1], {"data": empty}, replace=False)
    assert everything(empty) == wanted


@pytest.mark.parametrize(
    ("file", "spoil", "said"),
    [
        pytest.param("data.dump", lambda b: b[:-9] + bytes(9), "damaged: data.dump", id="dump"),
        pytest.param("backup.json", lambda b: b + b" ", "damaged: backup.json", id="contents"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    store: BackupStore, filled: Address, tmp_path: Path,
    file: str, spoil: Callable[[bytes], bytes], said: str,
) -> None:  # fmt: skip
    back_up(store, filled)
    before = everything(filled)
    path = tmp_path / "backups" / NAME / file
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CollectorError, match=said):
        restore(store, filled, replace=True)
    assert everything(filled) == before


def test_a_backup_with_a_file_missing_is_damaged(
    store: BackupStore, filled: Address, tmp_path: Path
) -> None:
    back_up(store, filled)
    (tmp_path / "backups" / NAME / "data.dump").unlink()
    with pytest.raises(CollectorError, match=r"damaged: data\.dump"):
        store.verify(NAME)


def test_a_table_with_other_rows_than_it_had_undoes_the_restore(
    store: BackupStore, filled: Address, tmp_path: Path
) -> None:
    back_up(store, filled)
    before = everything(filled)
    folder = tmp_path / "backups" / NAME
    said = json.loads((folder / "backup.json").read_text())
    said["databases"]["data"]["rows"]["public.collector_run"] = 4
    rewrite(folder, "backup.json", json.dumps(said).encode())
    with pytest.raises(CollectorError, match=r"collector_run should have 4 rows.* and has 3"):
        restore(store, filled, replace=True)
    assert everything(filled) == before


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_a_dump_that_ends_too_early_undoes_the_restore(
    store: BackupStore, filled: Address, tmp_path: Path, kept: float
) -> None:
    back_up(store, filled)
    before = everything(filled)
    folder = tmp_path / "backups" / NAME
    whole = (folder / "data.dump").read_bytes()
    rewrite(folder, "data.dump", whole[: int(len(whole) * kept)])
    with pytest.raises(CollectorError, match=r"pg_restore failed: .*error"):
        restore(store, filled, replace=True)
    assert everything(filled) == before


def test_a_server_older_than_the_backup_is_refused(
    store: BackupStore, filled: Address, empty: Address, tmp_path: Path
) -> None:
    back_up(store, filled)
    folder = tmp_path / "backups" / NAME
    said = json.loads((folder / "backup.json").read_text())
    said["databases"]["data"]["server_version"] = 990000
    rewrite(folder, "backup.json", json.dumps(said).encode())
    with pytest.raises(ConfigError, match="is older than 99"):
        restore(store, empty)


def test_a_password_stands_in_no_command_line(
    store: BackupStore, filled: Address, postgres: EmbeddedPostgres
) -> None:
    back_up(store, filled)
    url = filled.url.replace("postgres@", "postgres:hunter2secret@")
    problems: list[CollectorError] = []

    def restore_with_password() -> None:
        try:
            restore(store, Address("DATABASE_URL", url), replace=True)
        except CollectorError as error:
            problems.append(error)

    restoring = threading.Thread(target=restore_with_password)
    with psycopg.connect(filled.url) as reader:
        reader.execute("select from collector_run")
        restoring.start()
        waiting = poll(lambda: _waiting_psql(postgres), 20, "psql waits for the reader")
    restoring.join()
    assert not problems
    assert any("psql" in command for command in waiting)
    assert "hunter2secret" not in str(waiting)


def _waiting_psql(postgres: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(postgres.url("postgres")) as connection:
        query = "select 1 from pg_stat_activity where application_name = 'psql' and wait_event_type = 'Lock'"
        if not connection.execute(query).fetchone():
            return []
    return [" ".join(_words(child)) for child in psutil.Process().children(recursive=True)]


def _words(child: psutil.Process) -> list[str]:
    """None of a process that has ended, by itself or in the meantime."""
    with suppress(psutil.NoSuchProcess):
        return child.cmdline()
    return []


def test_a_backup_cut_short_is_none(store: BackupStore, filled: Address, empty: Address) -> None:
    unreachable = Address("OTHER_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    with pytest.raises(ConfigError, match=r"OTHER_URL: connection failed") as failure:
        make_backup(store, {"data": filled, "other": unreachable}, NOW)
    assert "hunter2" not in str(failure.value)
    assert store.names() == []
    with pytest.raises(ConfigError, match=f"no backup {NAME}.*newest: none"):
        restore(store, empty)


def test_a_table_that_may_not_be_read_is_said_in_one_line(
    store: BackupStore, filled: Address
) -> None:
    role = f"nobody_{uuid4().hex[:8]}"
    execute(filled, f"create role {role} login")
    stranger = Address("DATABASE_URL", filled.url.replace("postgres@", f"{role}@"))
    with pytest.raises(ConfigError, match=r"DATABASE_URL: permission denied for table"):
        back_up(store, stranger)


def test_pg_dumps_own_words_say_why_it_failed(store: BackupStore, filled: Address) -> None:
    execute(filled, "create function broken() returns int language sql as 'select 1'")
    execute(filled, "update pg_proc set prolang = 0 where proname = 'broken'")
    with pytest.raises(CollectorError, match=r"pg_dump failed: .*error"):
        back_up(store, filled)
    assert store.names() == []


def test_only_the_newest_are_kept_and_nothing_else_is_removed(
    store: BackupStore, empty: Address, tmp_path: Path
) -> None:
    for hour in range(4):
        make_backup(store, {"data": empty}, NOW.replace(hour=hour))
    root = tmp_path / "backups"
    for kept_or_not in ("20261120T030000Z", "20261124T045900Z", "notes"):
        (root / kept_or_not).mkdir()
    removed = store.prune(2, NOW.replace(hour=5))
    assert removed == ["20261124T000000Z", "20261124T010000Z", "20261120T030000Z"]
    left = ["20261124T020000Z", "20261124T030000Z", "20261124T045900Z", "notes"]
    assert sorted(path.name for path in root.iterdir()) == left


def test_one_that_was_cut_short_at_its_checksums_does_not_count(
    store: BackupStore, empty: Address, tmp_path: Path
) -> None:
    """Killed, or the disk full, once the file is there and nothing is in it: all would check out."""
    back_up(store, empty)
    (tmp_path / "backups" / NAME / "SHA256SUMS").write_bytes(b"")
    assert store.names() == []
    with pytest.raises(ConfigError, match=f"no backup {NAME}"):
        restore(store, empty, replace=True)


def test_two_backups_of_one_second_do_not_mix(store: BackupStore, empty: Address) -> None:
    back_up(store, empty)
    with pytest.raises(CollectorError, match="another backup"):
        back_up(store, empty)


def test_only_its_owner_may_read_a_backup(
    store: BackupStore, empty: Address, tmp_path: Path
) -> None:
    back_up(store, empty)
    assert (tmp_path / "backups" / NAME).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///prefect.db", "postgresql://h/d?nonsense=1"])
def test_only_postgresql_is_backed_up(store: BackupStore, url: str) -> None:
    with pytest.raises(ConfigError, match="PREFECT_API_DATABASE_CONNECTION_URL is no"):
        make_backup(store, {"p": Address("PREFECT_API_DATABASE_CONNECTION_URL", url)}, NOW)


def test_what_asyncpg_calls_ssl_is_libpqs_sslmode() -> None:
    address = Address("X", "postgresql+asyncpg://u@h/d?ssl=require")
    assert address.environment()["PGSSLMODE"] == "require"
