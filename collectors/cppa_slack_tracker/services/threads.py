"""The ledger of threads: what Slack says of each, and how far its replies are stored."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.records import TOMBSTONE, Message, thread_mark
from services.upsert import Written, bulk_upsert

GONE = "gone"
UNTOLD = ""
COLUMNS = ("channel_id", "thread_ts", "reply_count", "latest_reply", "told")


@dataclass(frozen=True, slots=True)
class DueThread:
    """A thread to be read; `read_until` is how far its replies are stored.

    `is_whole` says that they all were, at some time; `is_changed` that they are not any more.
    """

    channel: int
    thread_ts: str
    reply_count: int
    told: str
    read_until: str | None
    is_whole: bool
    is_changed: bool


def note_threads(
    session: Session, channel: int, messages: Iterable[Message], deleted: Collection[str]
) -> Written:
    """Keep what messages say of the threads that they begin, or begin no more."""
    beginning, others = [], list(deleted)
    for message in messages:
        if message.begins_thread:
            row = (channel, message.ts, message.reply_count, message.latest_reply, message.mark)
            beginning.append(row)
        elif message.ts == (message.thread_ts or message.ts):
            others.append(message.ts)
    written = bulk_upsert(session, models.Thread, COLUMNS, beginning, key=COLUMNS[:2])
    return written + _ended(session, channel, others)


def ask_for(session: Session, channel: int, thread_ts: Iterable[str]) -> Written:
    """Have threads read again, or for the first time, whatever is known of them."""
    asked = sorted(set(thread_ts))
    rows = [(channel, ts, 0, None, UNTOLD) for ts in asked if not _is_known(session, channel, ts)]
    written = bulk_upsert(session, models.Thread, COLUMNS, rows, key=COLUMNS[:2])
    thread = models.Thread
    session.execute(
        update(thread)
        .where(thread.channel_id == channel, thread.thread_ts.in_(asked))
        .values(is_due=True)
    )
    return written


def due_threads(
    session: Session, channel: int, *, after: str, alive_since: str, most: int
) -> Sequence[DueThread]:
    """Threads to be read, by their beginnings: changed, never read whole, or alive of late."""
    thread = models.Thread
    is_due = or_(thread.is_due, _is_changed(), thread.latest_reply >= alive_since)
    found = session.scalars(
        select(thread)
        .where(thread.channel_id == channel, thread.thread_ts > after, is_due)
        .order_by(thread.thread_ts)
        .limit(most)
    )
    return [_due(one) for one in found]


def quiet_threads(
    session: Session, channels: Collection[int], after: tuple[int, str], most: int
) -> Sequence[DueThread]:
    """Threads that nothing is told of, from a place on; to look for edits."""
    thread = models.Thread
    place = tuple_(thread.channel_id, thread.thread_ts)
    found = session.scalars(
        select(thread)
        .where(thread.channel_id.in_(channels), place > after, ~_is_changed(), ~thread.is_due)
        .order_by(thread.channel_id, thread.thread_ts)
        .limit(most)
    )
    return [_due(one) for one in found]


def keep_progress(session: Session, thread: DueThread, read_until: str) -> None:
    """All replies up to this one are stored."""
    _set(session, thread, read_until=read_until)


def finish(session: Session, thread: DueThread, mark: str, read_until: str) -> None:
    """All replies are stored that there were when Slack said `mark`."""
    _set(session, thread, read=mark, read_until=read_until, is_due=False)


def finish_gone(session: Session, thread: DueThread) -> None:
    """Slack does not know the thread any more."""
    _set(session, thread, told=GONE, read=GONE, read_until=None, is_due=False)


def lacks_replies(session: Session, thread: DueThread) -> bool:
    """Whether not as many replies are stored as Slack counts: one before the newest came or went."""
    message, ledger = models.Message, models.Thread
    is_its = (message.channel_id == thread.channel, message.thread_ts == thread.thread_ts)
    stored = session.scalar(
        select(func.count()).where(
            *is_its,
            message.ts != thread.thread_ts,
            message.deleted_at.is_(None),
            message.subtype.is_distinct_from(TOMBSTONE),
        )
    )
    counted = select(ledger.reply_count).where(*_is_it(thread))
    return stored != session.scalar(counted)


def _is_known(session: Session, channel: int, thread_ts: str) -> bool:
    return session.get(models.Thread, (channel, thread_ts)) is not None


def _ended(session: Session, channel: int, messages: Collection[str]) -> Written:
    """Threads that Slack says have no replies, although some are stored."""
    thread = models.Thread
    ended = thread_mark(0, None)
    marked = session.scalars(
        update(thread)
        .where(thread.channel_id == channel, thread.thread_ts.in_(messages))
        .where(thread.told.not_in((ended, GONE)))
        .values(told=ended, reply_count=0, latest_reply=None)
        .returning(thread.thread_ts)
    )
    return Written(updated=len(marked.all()))


def _is_changed() -> ColumnElement[bool]:
    return models.Thread.told.is_distinct_from(models.Thread.read)


def _due(thread: models.Thread) -> DueThread:
    return DueThread(
        thread.channel_id,
        thread.thread_ts,
        thread.reply_count,
        thread.told,
        thread.read_until,
        thread.read is not None,
        thread.told != thread.read,
    )


def _set(session: Session, thread: DueThread, **values: object) -> None:
    ledger = models.Thread
    differs = or_(*(getattr(ledger, name).is_distinct_from(new) for name, new in values.items()))
    session.execute(update(ledger).where(*_is_it(thread), differs).values(values))


def _is_it(thread: DueThread) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    ledger = models.Thread
    return ledger.channel_id == thread.channel, ledger.thread_ts == thread.thread_ts
