"""The upsert primitive against raw COPY of the same rows and against per-row ORM merge."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.measuring import ROUNDS, median, scratch_database, scratch_postgres, seconds
from services.database import Database, driver_connection
from services.upsert import BATCH_ROWS, bulk_upsert

COUNT = 22_000
MERGED = 2_000
COLUMNS = (
    "id",
    "repo",
    "number",
    "login",
    "title",
    "body",
    "state",
    "labels",
    "created_at",
    "updated_at",
)
Row = tuple[Any, ...]


class BenchBase(DeclarativeBase):
    """Tables of this benchmark only."""


class Item(BenchBase):
    """Shaped like an issue: ten columns, a body of 0.2 to 2 kB, a jsonb, two times."""

    __tablename__ = "bench_item"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    repo: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)
    login: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    labels: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


def rows() -> list[dict[str, object]]:
    """Median of interleaved rounds; the ratio is paired within its round."""
    delivered = list(_items(COUNT))
    with scratch_postgres() as server, scratch_database(server, "bench") as database:
        rounds = [_round(database, delivered) for _ in range(ROUNDS)]
    return [
        {
            "path": path,
            "rows_per_second": round(median([r[path] for r in rounds])),
            "of_copy": median([r[path] / r["raw COPY + primary key"] for r in rounds]),
        }
        for path in rounds[0]
    ]


def _round(database: Database, delivered: list[Row]) -> dict[str, float]:
    def emptied() -> None:
        BenchBase.metadata.drop_all(database.engine)
        BenchBase.metadata.create_all(database.engine)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(text("checkpoint"))

    rates: dict[str, float] = {}
    emptied()
    rates["raw COPY + primary key"] = COUNT / seconds(lambda: _copy(database, delivered))
    emptied()
    rates["upsert, all new"] = COUNT / seconds(lambda: _upsert(database, delivered))
    rates["upsert, nothing changed"] = COUNT / seconds(lambda: _upsert(database, delivered))
    touched = [(*row[:4], f"{row[4]}!", *row[5:]) if row[0] % 5 == 0 else row for row in delivered]
    rates["upsert, a fifth changed"] = COUNT / seconds(lambda: _upsert(database, touched))
    emptied()
    rates["ORM merge per row"] = MERGED / seconds(lambda: _merge(database, delivered[:MERGED]))
    return rates


def _copy(database: Database, delivered: list[Row]) -> None:
    """The limit: text prepared beforehand would be unfair, rows are what a collector has."""
    columns = ", ".join(COLUMNS)
    with database.transaction() as session:
        cursor = driver_connection(session).cursor()
        with cursor.copy(f"copy bench_item ({columns}) from stdin") as copy:
            for row in delivered:
                copy.write_row((*row[:7], '["a", "b"]', *row[8:]))


def _upsert(database: Database, delivered: list[Row]) -> None:
    for start in range(0, len(delivered), BATCH_ROWS):
        with database.transaction() as session:
            batch = delivered[start : start + BATCH_ROWS]
            bulk_upsert(session, Item, COLUMNS, batch, key=("id",), newer=("updated_at",))


def _merge(database: Database, delivered: list[Row]) -> None:
    for start in range(0, len(delivered), BATCH_ROWS):
        with Session(database.engine) as session, session.begin():
            for row in delivered[start : start + BATCH_ROWS]:
                session.merge(Item(**dict(zip(COLUMNS, row, strict=True))))


def _items(count: int) -> Iterator[Row]:
    chance = random.Random(20260101)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    words = [hashlib.sha256(bytes([number])).hexdigest()[: 3 + number % 8] for number in range(200)]
    for number in range(count):
        body = " ".join(chance.choices(words, k=chance.randint(30, 300)))
        at = start + timedelta(minutes=number)
        login = f"user{chance.randint(0, 500)}"
        yield (
            number, f"boostorg/repo{number % 20}", number, login, body[:60], body, "open", ["a", "b"], at, at,
        )  # fmt: skip
