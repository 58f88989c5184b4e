"""A migrated, empty database for each line of runs: cloned from a template in a tenth of a second."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import migrations
from conformance.promises import require
from deployments.local.postgres import EmbeddedPostgres
from services.database import Base, sqlalchemy_url

LEAVING_SECONDS = 30.0
SESSIONS = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and application_name = %s"
)


@dataclass(frozen=True, slots=True)
class Databases:
    """Clones of the database `template`; `admin_url` is another one of the same server."""

    admin_url: str
    template: str

    @contextmanager
    def clone(self) -> Iterator[str]:
        """The URL of a clone, which is gone when the block ends."""
        name = f"conformance_{uuid4().hex[:12]}"
        clone, template = Identifier(name), Identifier(self.template)
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            copied = SQL("create database {} template {} strategy file_copy")
            admin.execute(copied.format(clone, template))
            try:
                yield self._url(name)
            finally:
                admin.execute(SQL("drop database {} with (force)").format(clone))

    def _url(self, name: str) -> str:
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)


def wait_until_left(url: str, name: str) -> None:
    """Until the last session of this name in the database has ended.

    The server notices a dead client when it next reads from it; until then it holds its locks.
    """
    deadline = time.monotonic() + LEAVING_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(SESSIONS, [name]).fetchone() != (0,):
            require(time.monotonic() < deadline, f"a session of the killed {name} is still there")
            time.sleep(0.02)


def make_template(server: EmbeddedPostgres, name: str) -> Databases:
    """Our own tables, and those of every room imported so far that our history does not hold."""
    server.ensure_database(name)
    migrations.upgrade(server.url(name))
    add_missing_tables(server.url(name))
    return Databases(server.url("postgres"), name)


def add_missing_tables(url: str) -> None:
    """Those of rooms in other packages, as their models say: their history is their own."""
    engine = create_engine(sqlalchemy_url(url))
    try:
        Base.metadata.create_all(engine)
    finally:
        engine.dispose()
