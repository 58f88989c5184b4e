"""How large the database was and is, on a real one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from deployments.status.sizes import growth_in_words, size
from services.database import Database
from services.growth.models import WHOLE, StorageSample
from services.growth.services import Growth, forget_samples, growth, take_sample

TODAY = date(2026, 3, 1)


def sampled(database: Database, day: date, **bytes_: int) -> None:
    """The sizes of that day, some of them made up."""
    with database.transaction() as session:
        take_sample(session, day)
        for name, count in bytes_.items():
            wanted = StorageSample.name == (WHOLE if name == "whole" else name)
            change = update(StorageSample).where(StorageSample.day == day, wanted)
            session.execute(change.values(bytes=count))


def found(database: Database) -> Growth:
    with database.transaction() as session:
        return growth(session, TODAY)


def test_without_samples_only_the_size_is_known(database: Database) -> None:
    now = found(database)
    assert now.bytes > 1_000_000
    assert (now.in_a_week, now.in_a_month, now.tables) == (None, None, {})


def test_growth_is_since_the_newest_sample_that_is_old_enough(database: Database) -> None:
    sampled(database, TODAY - timedelta(days=40), whole=1_000)
    sampled(database, TODAY - timedelta(days=9), whole=2_000, outbox=0, alert=0)
    sampled(database, TODAY - timedelta(days=2), whole=3_000)
    sampled(database, TODAY, outbox=500, alert=900, storage_sample=0)
    now = found(database)
    assert now.in_a_week == now.bytes - 2_000
    assert now.in_a_month == now.bytes - 1_000
    assert list(now.tables.items()) == [("alert", 900), ("outbox", 500)]


def test_a_second_sample_of_a_day_stands_for_it(database: Database) -> None:
    sampled(database, TODAY, whole=1)
    sampled(database, TODAY)
    with database.transaction() as session:
        session.execute(text("analyze"))
        rows = session.execute(
            select(StorageSample.name, StorageSample.bytes).where(StorageSample.day == TODAY)
        )
        known = dict(rows.tuples().all())
    assert known[WHOLE] > 1
    assert {"outbox", "collector_run", "storage_sample"} <= set(known)


def test_old_samples_are_forgotten_a_part_at_a_time(database: Database) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    sampled(database, old.date() - timedelta(days=1))
    sampled(database, old.date())
    with database.transaction() as session:
        assert forget_samples(session, old, 3) == 3
        assert forget_samples(session, old, 1000) > 3
        assert forget_samples(session, old, 1000) == 0


@pytest.mark.parametrize(
    ("growth", "words"),
    [
        (Growth(1_200_000_000, None, None, {}), "1.2 GB"),
        (
            Growth(9_000_000, 35_000, -10, {"a": 20_000, "b": 9_000, "c": 2, "d": 1}),
            "9.0 MB; 35.0 kB more than 7 days ago (a 20.0 kB, b 9.0 kB, c 2 B); 10 B less than 30 days ago",
        ),
        (Growth(9_000, 0, None, {}), "9.0 kB; 0 B more than 7 days ago"),
    ],
)
def test_growth_in_words(growth: Growth, words: str) -> None:
    assert growth_in_words(growth) == words
    assert size(12) == "12 B"
