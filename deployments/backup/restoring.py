"""Putting a backup back: the whole of a database, or nothing of it."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from psycopg import sql

from deployments.backup.contents import Contents, DatabaseCopy, read_contents
from deployments.backup.postgres import Address, count_rows
from deployments.backup.programs import BackupFailed, Program, running
from deployments.backup.store import BackupStore
from services.errors import ConfigError

# A reader that never ends must not hold everybody who comes after us.
LOCK_TIMEOUT = "30s"
# Extensions go with the schema that they are in.
EMPTY = """
do $bdc$ declare name text; begin
    for name in
        select nspname from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
    loop
        execute format('drop schema %I cascade', name);
    end loop;
end $bdc$;
create schema public;
grant usage on schema public to public;
"""
PSQL = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse")


def restore_backup(
    store: BackupStore, name: str, databases: Mapping[str, Address], *, replace: bool
) -> Contents:
    """Put these databases of the backup `name` back; what was in it.

    Checksums are compared before anything is touched. Then each database in one transaction: with
    `replace` what it holds is dropped, the copy is loaded, and the rows of every table are counted;
    if anything is not as it was, everything is as before. Owners and privileges are not put back:
    everything belongs to whom the address names.

    Raises:
        ConfigError: there is no such backup; a database holds tables and `replace` is not said; its
            server is older than the one copied.
        BackupFailed: the backup is damaged, or does not load.
    """
    contents = read_contents(store, name)
    copies = {key: _copy_of(contents, name, key) for key in databases}
    store.verify(name)
    for key, address in databases.items():
        _require_ready(address, copies[key], replace=replace)
    for key, address in databases.items():
        _load(address, copies[key], store.read(name, copies[key].file), replace=replace)
    return contents


def _copy_of(contents: Contents, name: str, key: str) -> DatabaseCopy:
    if key not in contents.databases:
        raise ConfigError(f"backup {name} has no copy of the database {key}")
    return contents.databases[key]


def _require_ready(address: Address, copy: DatabaseCopy, *, replace: bool) -> None:
    with address.connect() as connection:
        here, tables = connection.info.server_version, count_rows(connection)
    if here // 10000 < copy.server_version // 10000:
        raise ConfigError(
            f"{address.setting}: PostgreSQL {here // 10000} is older than {copy.server_version // 10000},"
            " which the backup was made of"
        )
    if tables and not replace:
        raise ConfigError(
            f"{address.setting}: the database holds {len(tables)} tables with {sum(tables.values())} rows:"
            " restore into an empty one, or say --replace to drop them first"
        )


def _load(address: Address, copy: DatabaseCopy, dump: Iterable[bytes], *, replace: bool) -> None:
    """A psql that has ended shows as a broken pipe, and says why itself."""
    problem = None
    with running(
        "psql", *PSQL, environment=address.environment(), stdin=subprocess.PIPE
    ) as loading:
        with suppress(BrokenPipeError):
            _say(loading, f"begin; set local lock_timeout = '{LOCK_TIMEOUT}';")
            _say(loading, EMPTY if replace else "")
            problem = _pour(address, dump, loading)
            if problem is None:
                _say(loading, *_checks(copy.rows), "commit; analyze;")
        loading.end_input()
        loading.require_success()
    if problem is not None:
        raise BackupFailed(problem)


def _pour(address: Address, dump: Iterable[bytes], loading: Program) -> str | None:
    """The dump through pg_restore into psql; what went wrong, if something did."""
    with running(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--file=-",
        environment=address.environment(),
        stdin=subprocess.PIPE,
        stdout=loading.stdin,
    ) as reading:
        with suppress(BrokenPipeError):
            for block in dump:
                reading.stdin.write(block)
        reading.end_input()
        return reading.failure()


def _say(program: Program, *statements: str) -> None:
    program.stdin.write("\n".join([*statements, ""]).encode())
    program.stdin.flush()


def _checks(rows: Mapping[str, int]) -> Iterator[str]:
    """Statements that fail, and the transaction with them, when a table has other rows than it had."""
    for table, wanted in rows.items():
        identifier = sql.Identifier(*table.split(".", 1)).as_string(None)
        told = sql.Literal(f"{table} should have {wanted} rows after loading, and has ")
        yield (
            f"do $bdc$ declare found bigint; begin select count(*) into found from {identifier};"  # noqa: S608
            f" if found <> {wanted:d} then raise exception using"
            f" message = {told.as_string(None)} || found; end if; end $bdc$;"
        )
