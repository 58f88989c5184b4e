"""The way to PostgreSQL: the models' base, engines, and the one place that commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

import psycopg
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Text,
    create_engine,
    delete,
    func,
    inspect,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import DBAPIError as DatabaseError
from sqlalchemy.orm import DeclarativeBase, Session

from services.errors import ConfigError

__all__ = [
    "Base",
    "Database",
    "DatabaseError",
    "Session",
    "count_rows",
    "delete_rows",
    "driver_connection",
    "open_database",
    "read_rows",
    "server_time",
    "server_version",
    "sqlalchemy_url",
    "table_sizes",
    "when_interrupted",
]

# Constraint names that migrations can rely on, whatever PostgreSQL would have chosen.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every model: text without length limits, aware times, jsonb, 64-bit integers."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        int: BigInteger,
        str: Text,
    }


@dataclass(frozen=True)
class Database:
    """A database and, while rehearsing, the one connection whose work will be thrown away."""

    engine: Engine
    rehearsal: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends and undone when it raises.

        Interrupted by a signal, perhaps in the middle of a command, its connection is closed: a
        rollback would fail there ("another command is already in progress") and its error would take
        the place of the interruption. The server undoes what it finds without a client.

        The only place that commits. In a rehearsal the commit releases a savepoint: later
        transactions of the rehearsal see the work, nobody else ever does.
        """
        bind = self.rehearsal or self.engine
        mode: Literal["create_savepoint", "rollback_only"]
        mode = "create_savepoint" if self.rehearsal else "rollback_only"
        with (
            Session(bind, join_transaction_mode=mode, expire_on_commit=False) as session,
            session.begin(),
            when_interrupted(session.invalidate),
        ):
            yield session

    @contextmanager
    def rehearse(self) -> Iterator["Database"]:
        """The same database with every change undone at the end: what a dry run works on.

        The new rows stay locked meanwhile: another writer of the very same new row waits.
        """
        with self.engine.connect() as connection, connection.begin() as everything:
            try:
                yield Database(self.engine, connection)
            finally:
                everything.rollback()

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


@contextmanager
def when_interrupted(act: Callable[[], object]) -> Iterator[None]:
    """Act when a signal interrupts the block, before anybody cleans up; errors are left alone."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        act()
        raise


def open_database(url: str, *, application_name: str, lock_timeout_seconds: int = 30) -> Database:
    """Connects lazily to PostgreSQL 14 or newer.

    A lock that is not had within `lock_timeout_seconds` is an error, not a hang. A client that
    died is noticed by the server within seconds, so that its locks do not outlive it. Parameters
    never appear in error messages.

    Raises:
        ConfigError: when the URL is not a PostgreSQL URL.
    """
    options = {
        "lock_timeout": f"{lock_timeout_seconds}s",
        "idle_in_transaction_session_timeout": "15min",
        "client_connection_check_interval": "5s",
        "timezone": "UTC",
        "jit": "off",
    }
    engine = create_engine(
        sqlalchemy_url(url),
        hide_parameters=True,
        use_native_hstore=False,  # no column is one, and asking for the type costs each connection a query
        pool_size=4,
        connect_args={
            "application_name": application_name[:63],
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "connect_timeout": 10,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    return Database(engine)


def sqlalchemy_url(url: str) -> str:
    """The URL with the driver that we use, whatever PostgreSQL spelling it came in.

    Raises:
        ConfigError: when it is no PostgreSQL URL; the message never holds the URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("DATABASE_URL is not a URL like postgresql://user@host/name") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ConfigError(f"DATABASE_URL names {parsed.get_backend_name()}: only PostgreSQL works")
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def server_time(database: Database) -> datetime:
    """What time it is by the database's clock, which all machines have in common."""
    with database.engine.connect() as connection:
        found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return found


def server_version(database: Database) -> int:
    """PostgreSQL's own number of its version: 180006 is 18.6."""
    with database.engine.connect() as connection:
        return int(connection.scalar(text("show server_version_num")) or 0)


def count_rows(database: Database, prefix: str) -> dict[str, int]:
    """How many rows each table has whose name starts with `prefix`, by name."""
    names = [name for name in inspect(database.engine).get_table_names() if name.startswith(prefix)]
    with database.transaction() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table(name))) or 0
            for name in sorted(names)
        }


def encryption(database: Database) -> str | None:
    """The version of TLS that our connection has, None without; a Unix socket needs none."""
    query = text(
        "select case when inet_server_addr() is null then 'a Unix socket' else version end"
        " from pg_stat_ssl where pid = pg_backend_pid()"
    )
    with database.transaction() as session:
        found: str | None = session.execute(query).scalar_one()
    return found


def table_sizes(database: Database) -> dict[str, int]:
    """Bytes on disk of each of our tables with its indexes, the largest first."""
    query = text(
        "select relname, pg_total_relation_size(relid) from pg_stat_user_tables"
        " where schemaname = 'public' order by 2 desc, 1"
    )
    with database.transaction() as session:
        return dict(session.execute(query).tuples().all())


def read_rows(database: Database, query: str) -> list[dict[str, Any]]:
    """The rows of one query, by column.

    Through a cursor in a read-only transaction: PostgreSQL takes nothing but a query there, and
    nothing that writes.
    """
    options = {"postgresql_readonly": True, "stream_results": True}
    with database.engine.connect().execution_options(**options) as connection:
        return [dict(row) for row in connection.exec_driver_sql(query).mappings()]


def delete_rows(
    session: Session, model: type[Base], *conditions: ColumnElement[bool], most: int
) -> int:
    """Delete at most so many of a table's rows; how many it were. Rows that somebody holds stay."""
    key = inspect(model).primary_key
    chosen = select(*key).where(*conditions).limit(most).with_for_update(skip_locked=True).cte()
    found = delete(model).where(tuple_(*key).in_(select(chosen)))
    return len(session.execute(found.returning(*key)).all())


def driver_connection(session: Session) -> psycopg.Connection[tuple[Any, ...]]:
    """The session's own psycopg connection, in the session's own transaction: for COPY."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(connection).__name__}")
    return connection
