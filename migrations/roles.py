"""Who may do what in the database: roles that logins are put into.

A command and not a migration: roles belong to the server and not to one database, on a managed
server only some users may make them, and a restore needs them granted again.
"""

from collections.abc import Iterator
from contextlib import closing

import psycopg
from psycopg import sql

from migrations import VERSION_TABLE
from services.database import sqlalchemy_url
from services.errors import ConfigError

COLLECTOR = "bdc_collector"
READER = "bdc_reader"
# What tables of later migrations give as well; the user who makes them is the one who says it.
PRIVILEGES = {
    COLLECTOR: ("select, insert, update, delete", "usage"),
    READER: ("select", "select"),
}


def grant_roles(database_url: str) -> None:
    """Make the roles where they are missing and give each what it needs, and nothing else.

    To be said by the user who migrates: tables of its later migrations give the same. Said again
    it changes nothing. Whoever else is to connect has to be put into one of the roles.

    Raises:
        ConfigError: this user may not make roles, or is not the owner of the tables.
    """
    try:
        with (
            closing(psycopg.connect(_libpq_url(database_url))) as connection,
            connection.transaction(),
        ):
            _require_owner(connection)
            for statement in _statements(connection):
                connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        first = str(error).partition("\n")[0]
        raise ConfigError(f"DATABASE_URL: {first}: making roles needs CREATEROLE") from error


def _require_owner(connection: psycopg.Connection) -> None:
    """Of what somebody else owns PostgreSQL grants nothing, with a warning that nobody sees."""
    foreign = connection.execute(
        "select tablename, tableowner from pg_tables"
        " where schemaname = 'public' and not pg_has_role(tableowner, 'member') order by 1"
    ).fetchone()
    if foreign is not None:
        raise ConfigError(
            f"DATABASE_URL: table {foreign[0]} belongs to {foreign[1]}, who has to grant the roles"
        )


def _statements(connection: psycopg.Connection) -> Iterator[sql.Composed]:
    database = sql.Identifier(connection.info.dbname)
    for role in PRIVILEGES:
        if not _exists(connection, role):
            yield _filled("create role {} nologin", role)
    yield sql.SQL("revoke all on database {} from public").format(database)
    yield sql.SQL("grant connect on database {} to {}, {}").format(
        database, sql.Identifier(COLLECTOR), sql.Identifier(READER)
    )
    # The stages of bulk writes are temporary tables.
    yield sql.SQL("grant temporary on database {} to {}").format(
        database, sql.Identifier(COLLECTOR)
    )
    yield sql.SQL("revoke create on schema public from public").format()
    for role, (on_tables, on_sequences) in PRIVILEGES.items():
        yield from _grants(role, on_tables, on_sequences)
    # Tables of vectors are made, and dropped, by who indexes.
    if _has_vectors(connection):
        yield _filled("grant usage, create on schema vectors to {}", COLLECTOR)
        yield _filled("grant usage on schema vectors to {}", READER)
    # Only a migration says which version the schema has.
    yield _filled(f"revoke insert, update, delete on {VERSION_TABLE} from {{}}", COLLECTOR)


def _grants(role: str, on_tables: str, on_sequences: str) -> Iterator[sql.Composed]:
    yield _filled("grant usage on schema public to {}", role)
    yield _filled(f"grant {on_tables} on all tables in schema public to {{}}", role)
    yield _filled(f"grant {on_sequences} on all sequences in schema public to {{}}", role)
    later = "alter default privileges in schema public grant"
    yield _filled(f"{later} {on_tables} on tables to {{}}", role)
    yield _filled(f"{later} {on_sequences} on sequences to {{}}", role)


def _has_vectors(connection: psycopg.Connection) -> bool:
    """Not before the migration that makes the schema, which grants the same."""
    found = connection.execute("select from pg_namespace where nspname = 'vectors'")
    return found.fetchone() is not None


def _filled(statement: str, role: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(role))


def _exists(connection: psycopg.Connection, role: str) -> bool:
    found = connection.execute("select from pg_roles where rolname = %s", [role])
    return found.fetchone() is not None


def _libpq_url(database_url: str) -> str:
    scheme, _, rest = sqlalchemy_url(database_url).partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"
