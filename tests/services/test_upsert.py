"""The bulk upsert: what it counts, what it leaves alone, what it cleans."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.database import Database, open_database
from services.upsert import BATCH_ROWS, Written, bulk_upsert, stored_ids, stored_values
from tests.support.local_stack import poll

metadata = MetaData()
ITEM = Table(
    "item",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("title", Text),
    Column("labels", ARRAY(Text)),
    Column("payload", JSONB),
    Column("seen_at", DateTime(timezone=True)),
    Column("content_hash", LargeBinary),
)
PAIR = Table(
    "pair",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("left", BigInteger),
    Column("right", Text),
    Column("note", Text),
    UniqueConstraint("left", "right"),
)
COLUMNS = ("id", "title", "labels", "payload", "seen_at")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
# Whoever writes items waits, once the rows are on their way.
GATE = """
    create function wait_at_gate() returns trigger language plpgsql
        as $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
    create trigger gate before insert on item for each statement execute function wait_at_gate();
"""


@pytest.fixture
def store(database: Database) -> Database:
    metadata.create_all(database.engine)
    return database


def item(
    number: int, title: str | None = "a title", at: datetime = DAY, **payload: Any
) -> tuple[Any, ...]:
    return (number, title, ["x", "y"], payload, at)


def put(store: Database, rows: Sequence[tuple[Any, ...]], newer: Sequence[str] = ()) -> Written:
    with store.transaction() as session:
        return bulk_upsert(session, ITEM, COLUMNS, rows, key=("id",), newer=newer)


def versions(store: Database) -> list[Any]:
    with store.transaction() as session:
        return list(session.execute(text("select id, xmin, ctid from item order by id")).all())


def titles(store: Database) -> dict[int, str]:
    with store.transaction() as session:
        return {row.id: row.title for row in session.execute(select(ITEM.c.id, ITEM.c.title))}


def test_counts_inserted_updated_and_unchanged(store: Database) -> None:
    assert put(store, [item(1), item(2), item(3)]) == Written(inserted=3)
    assert put(store, [item(2, "other"), item(3), item(4)]) == Written(1, 1, 1)


def test_touches_no_row_that_has_not_changed(store: Database) -> None:
    rows = [item(number) for number in range(50)]
    put(store, rows)
    before = versions(store)
    assert put(store, rows) == Written(unchanged=50)
    assert versions(store) == before


def test_the_last_delivery_of_a_key_wins_within_a_batch(store: Database) -> None:
    assert put(store, [item(1, "first"), item(1, "last")]) == Written(inserted=1)
    assert titles(store) == {1: "last"}


def test_an_older_delivery_never_wins_over_a_newer_one(store: Database) -> None:
    newer, older = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    put(store, [item(1, "new", newer), item(1, "old", older)], newer=("seen_at",))
    assert put(store, [item(1, "old", older)], newer=("seen_at",)) == Written(unchanged=1)
    assert titles(store) == {1: "new"}


def test_removes_what_postgresql_cannot_store(store: Database) -> None:
    put(store, [item(1, "a\0b\ud800c", note="x\0y", deep=[{"k\0": "\udfff"}, 1.5])])
    with store.transaction() as session:
        stored = session.execute(select(ITEM.c.title, ITEM.c.payload)).one()
    assert stored.title == "abc"
    assert stored.payload == {"note": "xy", "deep": [{"k": ""}, 1.5]}


def test_keeps_null_apart_from_empty(store: Database) -> None:
    put(store, [(1, None, None, None, None)])
    with store.transaction() as session:
        assert session.execute(select(ITEM)).one()[:5] == (1, None, None, None, None)
    assert put(store, [(1, None, None, None, None)]) == Written(unchanged=1)


@pytest.mark.parametrize("count", [0, 1, BATCH_ROWS, BATCH_ROWS + 1, 3 * BATCH_ROWS])
def test_takes_any_number_of_rows(store: Database, count: int) -> None:
    assert put(store, [item(number) for number in range(count)]) == Written(inserted=count)


def test_an_error_leaves_nothing_of_the_batch(store: Database) -> None:
    with pytest.raises(ValueError, match="stop"), store.transaction() as session:
        bulk_upsert(session, ITEM, COLUMNS, [item(1)], key=("id",))
        raise ValueError("stop")
    assert titles(store) == {}


def test_composite_keys_and_generated_ids(store: Database) -> None:
    rows = [(1, "a", "x"), (1, "b", "y"), (2, "a", "z")]
    with store.transaction() as session:
        bulk_upsert(session, PAIR, ("left", "right", "note"), rows, key=("left", "right"))
        ids = stored_ids(session, PAIR, ("left", "right"), [(1, "a"), (2, "a"), (9, "q")])
        notes = dict(stored_values(session, PAIR, ("left", "right"), [(1, "b")], ("note",)))
    assert set(ids) == {(1, "a"), (2, "a")}
    assert notes == {(1, "b"): "y"}


def test_a_table_without_a_hash_is_compared_column_by_column(store: Database) -> None:
    columns, key = ("left", "right", "note"), ("left", "right")
    with store.transaction() as session:
        bulk_upsert(session, PAIR, columns, [(1, "a", "x"), (2, "b", None)], key=key)
        again = bulk_upsert(session, PAIR, columns, [(1, "a", "x"), (2, "b", "new")], key=key)
    assert again == Written(updated=1, unchanged=1)


def test_a_table_of_nothing_but_its_key_is_never_updated(store: Database) -> None:
    with store.transaction() as session:
        for expected in (Written(inserted=1), Written(unchanged=1)):
            assert (
                bulk_upsert(session, PAIR, ("left", "right"), [(1, "a")], key=("left", "right"))
                == expected
            )


def test_a_row_that_another_writer_stores_meanwhile_is_merged(store: Database) -> None:
    """Both look the key up before either has committed; the second waits, then merges."""
    first_wrote, second_started = threading.Event(), threading.Event()
    outcome: list[Written] = []

    def second() -> None:
        first_wrote.wait(60)
        with store.transaction() as session:
            session.execute(text("select 1"))
            second_started.set()
            outcome.append(
                bulk_upsert(session, ITEM, COLUMNS, [item(1, "second"), item(2)], key=("id",))
            )

    other = threading.Thread(target=second)
    other.start()
    with store.transaction() as session:
        bulk_upsert(session, ITEM, COLUMNS, [item(1, "first")], key=("id",))
        first_wrote.set()
        second_started.wait(60)
        poll(lambda: _someone_waits(store), 10, "the second writer to wait for the first")
    other.join(60)
    assert outcome == [Written(inserted=1, updated=1)]
    assert titles(store) == {1: "second", 2: "a title"}


def test_two_writers_in_opposite_orders_never_deadlock(store: Database) -> None:
    failures: list[Exception] = []

    def write(numbers: Sequence[int], title: str) -> None:
        try:
            for turn in range(15):
                put(store, [item(number, f"{title}{turn}") for number in numbers])
        except Exception as error:  # noqa: BLE001 - the claim is that there is none
            failures.append(error)

    forward, backward = list(range(300)), list(reversed(range(300)))
    writers = [
        threading.Thread(target=write, args=(forward, "f")),
        threading.Thread(target=write, args=(backward, "b")),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert failures == []
    assert len(titles(store)) == 300


def test_no_plan_scans_the_target_of_a_backfill_without_statistics(store: Database) -> None:
    with store.transaction() as session:
        session.execute(text("alter table item set (autovacuum_enabled = off)"))
    put(store, [item(number) for number in range(5000)])
    with store.transaction() as session:
        session.execute(text("select pg_stat_force_next_flush()"))
    before = _sequential_scans(store)
    put(store, [item(number, "changed") for number in range(4000, 6000)])
    assert _sequential_scans(store) == before


class Interruption(BaseException):
    """As a signal raises it, wherever the program is."""


def test_an_interruption_does_not_wait_for_another_writer(
    store: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = open_database(database_url, application_name="test", lock_timeout_seconds=120)

    def interrupted(copy: psycopg.Copy, row: object) -> None:
        raise Interruption

    monkeypatch.setattr(psycopg.Copy, "write_row", interrupted)
    with store.engine.connect() as other:
        other.execute(text(GATE))
        other.commit()
        other.execute(text("select pg_advisory_lock(1)"))
        begun = time.monotonic()
        with pytest.raises(Interruption):
            put(patient, [item(1)])
    assert time.monotonic() - begun < 60
    patient.close()


def _sequential_scans(store: Database) -> int:
    with store.engine.connect() as connection:
        connection.execute(text("select pg_stat_force_next_flush()"))
        connection.commit()
        found = connection.scalar(
            text("select seq_scan from pg_stat_user_tables where relname = 'item'")
        )
        return int(found)


def _someone_waits(store: Database) -> bool:
    with store.transaction() as session:
        return bool(session.scalar(text("select count(*) from pg_locks where not granted")))
