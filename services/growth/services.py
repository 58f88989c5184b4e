"""The only code that writes sizes. Never commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.database import delete_rows
from services.growth.models import WHOLE, StorageSample

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
# In the order of the columns; the latest sample of a day stays.
_SAMPLE = text(
    """
    insert into storage_sample (day, name, bytes, live_rows, dead_rows)
    select :day, relname, pg_total_relation_size(relid), n_live_tup, n_dead_tup
      from pg_stat_user_tables where schemaname = 'public'
    union all
    select :day, :whole, pg_database_size(current_database()), 0, 0
     order by 2
    on conflict (day, name) do update
       set bytes = excluded.bytes, live_rows = excluded.live_rows, dead_rows = excluded.dead_rows
    """
)


@dataclass(frozen=True, slots=True)
class Growth:
    """How large the database is now, and what it has gained.

    A gain is None as long as no sample is that old; `tables` is what tables have gained in a week,
    the most first, those that gained nothing left out.
    """

    bytes: int
    in_a_week: int | None
    in_a_month: int | None
    tables: Mapping[str, int]


def take_sample(session: Session, today: date) -> None:
    """What everything takes now stands for this day."""
    session.execute(_SAMPLE, {"day": today, "whole": WHOLE})


def growth(session: Session, today: date) -> Growth:
    """By the newest samples that are a week and a month old, or older."""
    size = session.scalar(select(func.pg_database_size(func.current_database()))) or 0
    week_ago, month_ago = (_sizes(session, today - back) for back in (WEEK, MONTH))
    now = _sizes(session, today)
    gained = {name: now[name] - week_ago[name] for name in now.keys() & week_ago.keys() - {WHOLE}}
    most = sorted(gained.items(), key=lambda one: (-one[1], one[0]))
    return Growth(
        size,
        _gain(size, week_ago),
        _gain(size, month_ago),
        {name: bytes_ for name, bytes_ in most if bytes_ > 0},
    )


def _sizes(session: Session, day: date) -> dict[str, int]:
    """Of the newest sample up to this day."""
    sample = StorageSample
    newest = select(func.max(sample.day)).where(sample.day <= day).scalar_subquery()
    rows = session.execute(select(sample.name, sample.bytes).where(sample.day == newest))
    return dict(rows.tuples().all())


def _gain(size: int, before: Mapping[str, int]) -> int | None:
    return size - before[WHOLE] if before else None


def forget_samples(session: Session, before: datetime, most: int) -> int:
    """Delete samples of days before; how many."""
    return delete_rows(session, StorageSample, StorageSample.day < before.date(), most=most)
