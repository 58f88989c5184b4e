"""What is in the tables: in terms of the source, or row by row, to see that nobody wrote.

In terms of the source means: numbers that only we give (identity columns) are left out, a reference
to such a number is what it refers to, and a time of ours is `now`. Of ours are all times of the
last day, since those of a world lie further back.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, text
from sqlalchemy.engine import make_url

from services.database import sqlalchemy_url

# Runs differ from run to run; what they collect does not.
# What is left of quotas is no record either: it says what others may still ask.
LEDGER = frozenset(
    {
        "collector_run",
        "collector_activity",
        "archive_segment",
        "alert",
        "http_quota",
        "bdc_schema_version",
    }
    # What an index has heard of is proved against the index itself: `bdc vectors verify`.
    | {"vector_queue", "vector_index", "vector_entry"}
)
# What the platform keeps beside the records themselves.
CURSORS = "collector_cursor"
KEPT_BESIDE = frozenset({CURSORS, "collector_dead_letter", "http_validator"})
# Made of the other columns, numbers of ours among them: see `services.upsert`.
CONTENT_HASH = "content_hash"
OURS = timedelta(days=1)

_TABLES_BY_SERVER: dict[str, list[Table]] = {}

Rows = Counter[str]
Contents = Mapping[str, Rows]


def read_contents(url: str) -> dict[str, Rows]:
    """Every table but the ledger, in terms of the source; empty tables are left out."""
    reading = _Reading()
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            for table in _collected_tables(url):
                reading.add(table, [json.loads(row) for row in _rows(connection, table)])
    finally:
        engine.dispose()
    return {name: rows for name, rows in reading.contents.items() if rows}


def records_in(contents: Contents) -> dict[str, Rows]:
    """Without what the platform keeps beside the records."""
    return {name: rows for name, rows in contents.items() if name not in KEPT_BESIDE}


def difference(found: Contents, wanted: Contents) -> str:
    """The first rows that one has and the other has not, for people; empty when they are equal."""
    lines = [
        f"{name}: {sign} {row[:300]}"
        for name in sorted({*found, *wanted})
        for sign, rows in (
            ("too much", found.get(name, Counter()) - wanted.get(name, Counter())),
            ("missing", wanted.get(name, Counter()) - found.get(name, Counter())),
        )
        for row in sorted(rows.elements())
    ]
    return "\n".join(lines[:8])


def row_versions(url: str, *, with_ledger: bool = False) -> dict[str, list[tuple[str, str]]]:
    """Where each row lies and which transaction wrote it: the same only if nobody wrote.

    Without the ledger, cursors are given as they read: a position may be stored again under the
    same meaning, since it may hold the time.
    """
    tables = _tables(url) if with_ledger else _collected_tables(url)
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            found = {table.name: _versions(connection, table) for table in tables}
    finally:
        engine.dispose()
    if not with_ledger:
        cursors = read_contents(url).get(CURSORS, Counter())
        found[CURSORS] = [(row, "") for row in sorted(cursors)]
    return found


def raw_rows(url: str) -> str:
    """Everything that is in the database, as text."""
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            return "\n".join(row for table in _tables(url) for row in _rows(connection, table))
    finally:
        engine.dispose()


def written_since(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The tables that somebody wrote to."""
    return [name for name, rows in after.items() if rows != before.get(name, [])]


def _rows(connection: Connection, table: Table) -> Sequence[str]:
    query = text(f'select to_jsonb(t)::text from "{table.name}" t')  # noqa: S608 - a table of ours
    return connection.scalars(query).all()


def _versions(connection: Connection, table: Table) -> list[tuple[str, str]]:
    query = text(f'select ctid::text, xmin::text from "{table.name}" order by 1')  # noqa: S608 - a table of ours
    return [(str(place), str(writer)) for place, writer in connection.execute(query)]


def _collected_tables(url: str) -> list[Table]:
    return [table for table in _tables(url) if table.name not in LEDGER]


def _tables(url: str) -> list[Table]:
    """Those that a table refers to before it; all databases of a server are clones of one."""
    server = make_url(url).set(database="").render_as_string()
    if server not in _TABLES_BY_SERVER:
        _TABLES_BY_SERVER[server] = _reflected(url)
    return _TABLES_BY_SERVER[server]


def _reflected(url: str) -> list[Table]:
    engine = create_engine(sqlalchemy_url(url))
    try:
        metadata = MetaData()
        metadata.reflect(engine)
    finally:
        engine.dispose()
    return list(metadata.sorted_tables)


@dataclass
class _Reading:
    """Tables read so far, and what the numbers in them stand for."""

    contents: dict[str, Rows] = field(default_factory=dict)
    _meaning: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)

    def add(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Its rows, whose references are in tables read before."""
        numbers = [column.name for column in table.columns if column.identity is not None]
        references = {
            key.parent.name: (key.column.table.name, key.column.name)
            for key in table.foreign_keys
            if key.column.identity is not None
        }
        counted: Rows = Counter()
        for row in rows:
            said = self._in_terms_of_the_source(row, numbers, references)
            counted[said] += 1
            for number in numbers:
                meaning = self._meaning.setdefault((table.name, number), {})
                meaning[row[number]] = blake2b(said.encode(), digest_size=8).hexdigest()
        self.contents[table.name] = counted

    def _in_terms_of_the_source(
        self, row: dict[str, Any], numbers: list[str], references: dict[str, tuple[str, str]]
    ) -> str:
        left_out = {*numbers, CONTENT_HASH}
        said = {name: _timeless(value) for name, value in row.items() if name not in left_out}
        said |= {
            name: self._meaning.get(target, {}).get(row[name])
            for name, target in references.items()
            if row[name] is not None
        }
        return json.dumps(said, sort_keys=True)


def _timeless(value: Any) -> Any:
    match value:
        case dict():
            return {name: _timeless(item) for name, item in value.items()}
        case list():
            return [_timeless(item) for item in value]
        case str():
            return "now" if _is_ours(value) else value
    return value


def _is_ours(value: str) -> bool:
    """Whether it is a time of the last day, or to come."""
    if not value[:2].isdecimal():
        return False
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return False
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware > datetime.now(UTC) - OURS
