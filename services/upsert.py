"""The one way rows are written: idempotent, in bulk, touching nothing that has not changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import islice
from operator import itemgetter
from typing import Any, cast
from zlib import crc32

import orjson
import psycopg
from sqlalchemy import ARRAY, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Session

from services.database import driver_connection, when_interrupted

# The pages of a large batch. Fewer cost up to twice as much a row and more statements, more gain nothing.
BATCH_ROWS = 3500
# For a server that is there; one that is not ends the COPY as well.
CANCEL_SECONDS = 5.0

# How JSON writes the character that PostgreSQL cannot store.
_NUL = rb"\u0000"
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
Row = tuple[Any, ...]
TableOrModel = Table | type[DeclarativeBase]
Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did, in rows; a key delivered twice counts once."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


def bulk_upsert(  # noqa: PLR0913 - what is written where, and by which rules
    session: Session,
    table: TableOrModel,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    key: Sequence[str],
    newer: Sequence[str] = (),
    expect_new: bool = False,
    changed: set[Row] | None = None,
) -> Written:
    """Bring `table` to hold `rows`; never commits.

    Rows are tuples in the order of `columns`; `key` names the columns of a unique constraint.
    The last delivery of a key wins, unless `newer` names columns: then the row that is greatest in
    them wins, within the batch and against what is stored. Where the table has a `content_hash`
    column it is filled here, and rows whose hash is stored already are never sent. NUL characters
    and lone surrogates, which PostgreSQL cannot store, are removed. Any number of rows is taken in
    bounded memory.

    How: stored keys are looked up by index, new rows are copied straight into the table, changed
    ones go through a temporary stage and one ON CONFLICT statement; every step in the order of the
    key, so that two writers never deadlock. `expect_new` spares the look-up where the caller knows
    that no key is stored; when one is after all, the outcome is the same. `changed` is given the
    keys of the rows that are new or, by their hash, not what is stored.
    """
    plan = _plan(_table_of(table), tuple(columns), tuple(key), tuple(newer))
    written = Written()
    pending = iter(rows)
    while batch := list(islice(pending, BATCH_ROWS)):
        written += _write_batch(session, plan, batch, changed, expect_new=expect_new)
    return written


def stored_ids(
    session: Session, table: TableOrModel, key: Sequence[str], keys: Iterable[Row]
) -> dict[Row, int]:
    """The `id` of each stored row, by its key; keys that are not stored are absent."""
    return dict(stored_values(session, table, key, keys, ("id",)))


def stored_values(
    session: Session,
    table: TableOrModel,
    key: Sequence[str],
    keys: Iterable[Row],
    wanted: Sequence[str],
) -> Iterator[tuple[Row, Any]]:
    """Pairs of a key and its row's `wanted` columns (a single one bare), for the keys stored."""
    lookup = _lookup_sql(_table_of(table), tuple(key), tuple(wanted))
    distinct = dict.fromkeys(keys)
    if not distinct:
        return
    width = len(key)
    cursor = driver_connection(session).cursor()
    for found in cursor.execute(lookup, _arrays(distinct)).fetchall():
        yield found[:width], found[width] if len(wanted) == 1 else found[width:]


def bigints(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes it, for `%s::bigint[]`: psycopg makes one item by item."""
    return f"{{{','.join(map(str, numbers))}}}"


@dataclass(frozen=True, slots=True)
class _Plan:
    key_of: Callable[[Row], Row]
    age_of: Callable[[Row], Row]
    text_positions: tuple[int, ...]
    json_positions: tuple[int, ...]
    hashed: bool
    lookup: str
    copy_into_table: str
    make_stage: str
    copy_into_stage: str
    merge_stage: str


def _write_batch(
    session: Session, plan: _Plan, batch: list[Row], noted: set[Row] | None, *, expect_new: bool
) -> Written:
    rows = _distinct(plan, batch)
    connection = driver_connection(session)
    cursor = connection.cursor()
    known = {} if expect_new else _known(cursor, plan, rows)
    new = [row for key, row in rows.items() if key not in known] if known else list(rows.values())
    changed = [
        rows[key] for key in rows if key in known and not _is_same(plan, rows[key], known[key])
    ]
    if noted is not None:
        noted.update(plan.key_of(row) for row in (*new, *changed))
    if new and not _copied(cursor, plan, new):
        new, changed = [], [*new, *changed]
    inserted, updated = _merged(cursor, plan, changed)
    inserted += len(new)
    return Written(inserted, updated, len(rows) - inserted - updated)


def _distinct(plan: _Plan, batch: list[Row]) -> dict[Row, Row]:
    """The batch by key, in the order of the keys."""
    rows: dict[Row, Row] = {}
    for row in batch:
        storable = _storable(plan, row)
        key = plan.key_of(storable)
        if key not in rows or plan.age_of(storable) >= plan.age_of(rows[key]):
            rows[key] = storable
    return {key: rows[key] for key in sorted(rows)}


def _storable(plan: _Plan, row: Row) -> Row:
    for position in plan.json_positions:
        row = _replaced(row, position, _json_text(row[position]))
    if not plan.hashed:
        return _cleaned(plan, row)
    written = _as_json(row)
    if written is None or _NUL in written:
        row = _cleaned(plan, row)
        written = orjson.dumps(row, default=repr)
    return (*row, blake2b(written, digest_size=16).digest())


def _as_json(row: Row) -> bytes | None:
    """None where a text in it holds lone surrogates."""
    try:
        return orjson.dumps(row, default=repr)
    except orjson.JSONEncodeError:
        return None


def _cleaned(plan: _Plan, row: Row) -> Row:
    for position in plan.text_positions:
        text = row[position]
        if text is not None and (not text.isascii() or "\0" in text):
            row = _replaced(row, position, storable_text(text))
    return row


def _replaced(row: Row, position: int, value: str | None) -> Row:
    return (*row[:position], value, *row[position + 1 :])


def storable_text(text: str) -> str:
    """The text without NUL characters and lone surrogates, which PostgreSQL refuses."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _json_text(value: Any) -> str | None:
    if value is None:
        return None
    return orjson.dumps(_storable_json(value)).decode()


def _storable_json(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(str(name)): _storable_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_json(item) for item in value]
    return value


def _known(cursor: Cursor, plan: _Plan, rows: dict[Row, Row]) -> dict[Row, bytes | None]:
    found = cursor.execute(plan.lookup, _arrays(rows)).fetchall()
    return {row[:-1]: row[-1] for row in found}


def _arrays(keys: Iterable[Row]) -> list[list[Any] | str]:
    """One for each column of the keys."""
    columns = zip(*keys, strict=True)
    return [bigints(one) if set(map(type, one)) == {int} else list(one) for one in columns]


def _is_same(plan: _Plan, row: Row, stored_hash: bytes | None) -> bool:
    return plan.hashed and row[-1] == stored_hash


def _copied(cursor: Cursor, plan: _Plan, rows: list[Row]) -> bool:
    """Whether the new rows went in; False when another writer stored one of them meanwhile."""
    try:
        with cursor.connection.transaction():  # a savepoint: the lookup has begun the transaction
            _copy(cursor, plan.copy_into_table, rows)
    except psycopg.errors.UniqueViolation:
        return False
    return True


def _merged(cursor: Cursor, plan: _Plan, rows: list[Row]) -> tuple[int, int]:
    if not rows:
        return 0, 0
    cursor.execute(plan.make_stage)
    _copy(cursor, plan.copy_into_stage, rows)
    ((inserted, updated),) = cursor.execute(plan.merge_stage).fetchall()
    return inserted, updated


def _copy(cursor: Cursor, statement: str, rows: list[Row]) -> None:
    """Interrupted, it is cancelled: its end waits for the server, and that perhaps for another writer."""
    cancel = partial(_cancel, cursor.connection)
    with cursor.copy(statement) as copy, when_interrupted(cancel):
        write = copy.write_row
        for row in rows:
            write(row)


def _cancel(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=CANCEL_SECONDS)


def _table_of(table: TableOrModel) -> Table:
    return table if isinstance(table, Table) else cast("Table", table.__table__)


@lru_cache(maxsize=256)
def _lookup_sql(table: Table, key: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """Looks keys up one by one through the index, whatever the planner believes of the table.

    A join would be planned as a scan of the whole table as long as it has no statistics, which is
    how a first backfill finds it.
    """
    quote = DIALECT.identifier_preparer.quote
    arrays = ", ".join(f"%s::{_sql_type(table, name)}[]" for name in key)
    names = ", ".join(map(quote, key))
    matches = " and ".join(f"t.{quote(name)} = k.{quote(name)}" for name in key)
    fields = ", ".join([f"k.{quote(name)}" for name in key] + [f"f.{quote(w)}" for w in wanted])
    picked = ", ".join(f"t.{quote(w)}" for w in wanted)
    return (
        f"select {fields} from unnest({arrays}) as k({names}) cross join lateral "
        f"(select {picked} from {_qualified(table)} as t where {matches} limit 1) as f"
    )


@lru_cache(maxsize=256)
def _plan(
    table: Table, columns: tuple[str, ...], key: tuple[str, ...], newer: tuple[str, ...]
) -> _Plan:
    quote = DIALECT.identifier_preparer.quote
    hashed = "content_hash" in table.c
    sent = (*columns, "content_hash") if hashed else columns
    stage = f"stage_{crc32(repr((table.fullname, sent)).encode()):08x}"
    names = ", ".join(map(quote, sent))
    kinds = {name: _sql_type(table, name) for name in sent}
    return _Plan(
        key_of=_picker(columns, key),
        age_of=_picker(columns, newer),
        text_positions=_positions(columns, kinds, "TEXT"),
        json_positions=_positions(columns, kinds, "JSONB"),
        hashed=hashed,
        lookup=_lookup_sql(table, key, ("content_hash",) if hashed else key[:1]),
        copy_into_table=f"copy {_qualified(table)} ({names}) from stdin",
        make_stage=(
            f"create temp table if not exists {stage} "
            f"({', '.join(f'{quote(name)} {kind}' for name, kind in kinds.items())}) "
            "on commit delete rows"
        ),
        copy_into_stage=f"copy {stage} ({names}) from stdin",
        merge_stage=_merge_sql(table, stage, sent, key, newer),
    )


def _merge_sql(
    table: Table,
    stage: str,
    sent: tuple[str, ...],
    key: tuple[str, ...],
    newer: tuple[str, ...],
) -> str:
    quote = DIALECT.identifier_preparer.quote
    names, keys = ", ".join(map(quote, sent)), ", ".join(map(quote, key))
    values = [quote(name) for name in sent if name not in key]
    if not values:
        action = "nothing"
    else:
        stored, given = _tuple("t", values), _tuple("excluded", values)
        guard = "".join(
            f" and {_tuple('excluded', ages)} >= {_tuple('t', ages)}"
            for ages in [[quote(name) for name in newer]]
            if ages
        )
        sets = ", ".join(f"{name} = excluded.{name}" for name in values)
        action = f"update set {sets} where {stored} is distinct from {given}{guard}"
    return (
        f"with taken as (delete from {stage} returning {names}), "
        f"done(is_new) as (insert into {_qualified(table)} as t ({names}) "
        f"select {names} from taken order by {keys} "
        f"on conflict ({keys}) do {action} returning (xmax = 0)) "
        "select count(*) filter (where is_new), count(*) filter (where not is_new) from done"
    )


def _picker(columns: tuple[str, ...], wanted: tuple[str, ...]) -> Callable[[Row], Row]:
    """Takes the wanted columns out of a row, as a tuple whatever their number."""
    places = [columns.index(name) for name in wanted]
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


def _tuple(alias: str, names: Sequence[str]) -> str:
    return f"({', '.join(f'{alias}.{name}' for name in names)})"


def _positions(columns: tuple[str, ...], kinds: dict[str, str], kind: str) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(columns) if kinds[name] == kind)


def _sql_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    return (
        kind.compile(DIALECT)
        if not isinstance(kind, ARRAY)
        else f"{kind.item_type.compile(DIALECT)}[]"
    )


def _qualified(table: Table) -> str:
    return DIALECT.identifier_preparer.format_table(table)
