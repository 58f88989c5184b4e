"""What storing costs by PostgreSQL's own count, and what COPY of the finished tables would."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import text

from benchmarks.measuring import seconds
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database, Session, driver_connection

PREFIX = "github_activity_tracker_"
# Those of the platform itself that a run touches beside the room's.
BESIDE = ("identity_profile", "identity_profile_name", "identity_profile_email", "outbox")


def count_statements(server: EmbeddedPostgres) -> None:
    """Have PostgreSQL count them, which it begins when it starts."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
    server.stop()
    server.start()


@contextmanager
def counting(database: Database) -> Iterator[dict[str, Any]]:
    """Statements of this database, from PostgreSQL's own count, and the time that they took in it."""
    query = text(
        "select sum(calls), sum(total_exec_time) / 1000 from pg_stat_statements s"
        " join pg_database d on d.oid = s.dbid where d.datname = current_database()"
        " and query !~* '^(begin|commit|rollback|set|show|select pg_)'"
    )
    with database.transaction() as session:
        session.execute(text("create extension if not exists pg_stat_statements"))
        session.execute(text("select pg_stat_statements_reset()"))
    found: dict[str, Any] = {}
    yield found
    with database.transaction() as session:
        found["statements"], found["seconds"] = session.execute(query).one()


def against_copy(storing: float, database: Database) -> Iterator[dict[str, object]]:
    """The finished tables copied into tables like them: their columns and indexes, then their keys too.

    The second is what COPY into the tables themselves costs.
    """
    with database.transaction() as session:
        found = session.scalars(
            text("select relname from pg_stat_user_tables where n_tup_ins > 0 order by 1")
        )
        names = [n for n in found if n.startswith(PREFIX) or n in BESIDE]
    copy = sum(seconds(_copying(database, name)) for name in names)
    checked = sum(seconds(_copying(database, name, with_keys=True)) for name in names)
    yield figure("raw COPY of the finished tables, s", copy, "")
    yield figure("with their foreign keys, s", checked, "")
    yield figure("storing (CPU and waiting for PostgreSQL), s", storing, "")
    yield figure("of raw COPY's speed", copy / storing, "")
    yield figure("of its speed with foreign keys", checked / storing, ">= 0.5")


def _copying(database: Database, name: str, *, with_keys: bool = False) -> Callable[[], None]:
    with database.transaction() as session:
        session.execute(text(f"drop table if exists copy_of_{name}"))
        session.execute(text(f"create table copy_of_{name} (like {name} including all)"))
        for key in _foreign_keys(session, name) if with_keys else ():
            session.execute(text(f"alter table copy_of_{name} add {key}"))
        with (
            driver_connection(session).cursor() as cursor,
            cursor.copy(f"copy {name} to stdout (format binary)") as out,
        ):
            data = b"".join(bytes(part) for part in out)

    def copy() -> None:
        with database.transaction() as session:
            cursor = driver_connection(session).cursor()
            with cursor.copy(f"copy copy_of_{name} from stdin (format binary)") as into:
                into.write(data)

    return copy


def _foreign_keys(session: Session, name: str) -> Sequence[str]:
    query = "select pg_get_constraintdef(oid) from pg_constraint where contype = 'f'"
    return session.scalars(
        text(f"{query} and conrelid = cast(:name as regclass)"), {"name": name}
    ).all()


def figure(name: str, value: float, goal: str) -> dict[str, object]:
    """A row of the table."""
    return {
        "figure": name,
        "value": value if isinstance(value, int) else round(value, 3),
        "goal": goal,
    }
