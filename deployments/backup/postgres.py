"""What is asked of a database around its backup: its address, its tables, one moment of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import IsolationLevel, pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.errors import ConfigError

CONNECT_SECONDS = 10
# Tables of ours and of whoever made some; not PostgreSQL's own, not those of extensions.
TABLES: LiteralString = """
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1, 2
"""


@dataclass(frozen=True)
class Address:
    """Where a database is, and the setting that says so, for messages. The URL may hold a password."""

    setting: str
    url: str

    def environment(self) -> Mapping[str, str]:
        """The environment of a program that is to use it: its argv is everybody's to read.

        Raises:
            ConfigError: it is no PostgreSQL URL.
        """
        given = self._parameters()
        known = {o.keyword.decode(): o.envvar for o in pq.Conninfo.get_defaults()}
        named = {
            name.decode(): str(given[key]) for key, name in known.items() if name and key in given
        }
        return {**os.environ, "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS), **named}

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """One connection.

        Raises:
            ConfigError: it is not to be had, or may not read what is asked; one line, without the URL.
        """
        given = {"connect_timeout": CONNECT_SECONDS, **self._parameters()}
        try:
            with psycopg.connect(make_conninfo("", **given)) as connection:
                yield connection
        except psycopg.Error as error:
            first = str(error).strip().partition("\n")[0]
            raise ConfigError(f"{self.setting}: {first}") from error

    def _parameters(self) -> dict[str, str | int | None]:
        scheme, _, _ = self.url.partition("://")
        if scheme.partition("+")[0] not in {"postgresql", "postgres"}:
            raise ConfigError(f"{self.setting} is no PostgreSQL URL: nothing else can be backed up")
        try:
            return dict(conninfo_to_dict(_libpq_url(self.url)))
        except psycopg.Error:
            raise ConfigError(
                f"{self.setting} is not a URL like postgresql://user@host/name"
            ) from None


@dataclass(frozen=True)
class Moment:
    """A database as it is in one transaction, which others can join by the id of its snapshot."""

    snapshot: str
    server_version: int
    rows: Mapping[str, int]
    """By `schema.table`."""


@contextmanager
def held_moment(address: Address) -> Iterator[Moment]:
    """One moment of the database, as long as the block lasts. Nobody has to wait for it."""
    with address.connect() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("set idle_in_transaction_session_timeout = 0")
        row = connection.execute("select pg_export_snapshot()").fetchone()
        yield Moment(str(row and row[0]), connection.info.server_version, count_rows(connection))


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """How many rows each table has."""
    counts = {}
    for schema, name in connection.execute(TABLES).fetchall():
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
        row = connection.execute(query).fetchone()
        counts[f"{schema}.{name}"] = int(row[0]) if row else 0
    return counts


def _libpq_url(url: str) -> str:
    """The URL without SQLAlchemy's driver, and with libpq's word for what asyncpg calls `ssl`."""
    parts = urlsplit(url)
    renamed = {"ssl": "sslmode"} if parts.scheme.endswith("+asyncpg") else {}
    query = [(renamed.get(key, key), value) for key, value in parse_qsl(parts.query)]
    suffix = f"?{urlencode(query, safe='/')}" if query else ""
    return f"{parts.scheme.partition('+')[0]}://{parts.netloc}{parts.path}{suffix}"
