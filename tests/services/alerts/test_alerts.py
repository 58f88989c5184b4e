"""Alerts are told once, again when they last, and when they are over; a death loses none."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.alerts.services import Trouble, keep_alerts, mark_told, untold
from services.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FAILED = Trouble("failed", "papers", {"text": "run 1 failed"})
STALE = Trouble("stale", "papers", {"text": "old"})


def keep(
    database: Database,
    troubles: Iterable[Trouble],
    at: datetime = NOON,
    kinds: tuple[str, ...] = ("failed", "stale"),
) -> None:
    with database.transaction() as session:
        keep_alerts(session, troubles, known_kinds=kinds, repeat_after=DAY, now=at)


def tell(database: Database) -> list[tuple[str, str]]:
    """What is to be told, told."""
    with database.transaction() as session:
        told = []
        for news in untold(session):
            told.append((news.what, news.kind))
            mark_told(session, news)
        return told


def test_what_lasts_is_told_once_in_the_time_and_then_again(database: Database) -> None:
    keep(database, [FAILED])
    assert tell(database) == [("opened", "failed")]
    for hour in range(1, 24):
        keep(database, [FAILED], NOON + timedelta(hours=hour))
        assert tell(database) == []
    keep(database, [FAILED], NOON + DAY)
    assert tell(database) == [("repeated", "failed")]
    keep(database, [FAILED], NOON + DAY + timedelta(hours=1))
    assert tell(database) == []


def test_what_is_over_is_told_once_and_opens_anew(database: Database) -> None:
    keep(database, [FAILED, STALE])
    assert tell(database) == [("opened", "failed"), ("opened", "stale")]
    keep(database, [STALE], NOON + timedelta(minutes=1))
    assert tell(database) == [("resolved", "failed")]
    keep(database, [STALE], NOON + timedelta(minutes=2))
    assert tell(database) == []
    later = NOON + timedelta(minutes=3)
    keep(database, [FAILED, STALE], later)
    with database.transaction() as session:
        (news,) = untold(session)
    assert (news.what, news.opened_at) == ("opened", later)


def test_what_could_not_be_looked_at_is_not_over(database: Database) -> None:
    keep(database, [FAILED, STALE])
    tell(database)
    keep(database, [], kinds=("failed",))
    assert tell(database) == [("resolved", "failed")]
    keep(database, [Trouble("failed", "other")], kinds=("stale",))
    assert tell(database) == [("resolved", "stale")]


def test_what_was_not_told_is_told_by_the_next_one(database: Database) -> None:
    keep(database, [FAILED])
    with database.transaction() as session:
        assert [news.what for news in untold(session)] == ["opened"]
    assert tell(database) == [("opened", "failed")]


def test_two_who_tell_at_once_tell_it_once(database: Database) -> None:
    keep(database, [FAILED])
    with database.transaction() as session:
        (news,) = untold(session)
        assert tell(database) == []
        mark_told(session, news)
    assert tell(database) == []


def test_secrets_in_details_are_hidden(database: Database) -> None:
    keep(database, [Trouble("failed", "x", {"text": "https://user:" + "s3cret@example.org"})])
    with database.transaction() as session:
        (news,) = untold(session)
    assert "s3cret" not in str(news.details)
