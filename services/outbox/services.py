"""The only code that writes the outbox. Never sends, never commits.

A message waits until it is sent. Those that are sent together become a batch first, in a
transaction of its own, and stay that batch: when nobody knows whether the receiver has got it, it
is sent again as it was, under the same key.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from services.failures import classify_failure, retry_after_seconds
from services.outbox.models import OutboxMessage
from services.redaction import redact
from services.upsert import Written, bulk_upsert, storable_text, stored_ids

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say once: `payload` follows from `key`, it is not another one another time."""

    key: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A message of another kind that is to be said because one was."""

    kind: str
    message: Message


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages on their way together; the same key means the same messages."""

    key: str
    payloads: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits of one kind: how much, how much of it has failed, since when, until when.

    `error` is one of the failures; the times are those of the first.
    """

    kind: str
    waiting: int
    failing: int
    oldest: datetime
    next_attempt_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Failing:
    """What waits because sending it has failed: how much, since when, and why."""

    messages: int
    category: str
    error: str
    next_attempt_at: datetime


def enqueue(session: Session, kind: str, messages: Iterable[Message]) -> Written:
    """Have messages sent, once what this transaction stores is stored.

    Those known are left alone: they may be part of a batch, or have been sent and emptied since.
    """
    named = ((storable_text(message.key), message.payload) for message in messages)
    rows = {(kind, key): (kind, key, payload) for key, payload in named}
    known = stored_ids(session, OutboxMessage, ("kind", "key"), rows)
    new = [row for key, row in rows.items() if key not in known]
    columns = ("kind", "key", "payload")
    written = bulk_upsert(session, OutboxMessage, columns, new, key=("kind", "key"))
    return written + Written(unchanged=len(known))


def form_batch(session: Session, kind: str, *, most: int, most_bytes: int) -> str | None:
    """Make a batch of the oldest messages that are in none; its key, None when there are none.

    It holds at most so many messages, and so many bytes of payload unless one alone is larger.
    """
    message = OutboxMessage
    free = (message.kind == kind, message.status == "waiting", message.batch.is_(None))
    oldest = select(message.id, message.key, message.payload).where(*free).order_by(message.id)
    found = session.execute(oldest.limit(most).with_for_update(skip_locked=True)).all()
    if not found:
        return None
    sizes = [len(orjson.dumps(payload)) for _, _, payload in found]
    chosen = found[: _fitting(sizes, most_bytes)]
    batch = _digest(kind, *(key for _, key, _ in chosen))
    ids = [number for number, _, _ in chosen]
    session.execute(update(message).where(message.id.in_(ids)).values(batch=batch))
    return batch


def due_batches(session: Session, kind: str, now: datetime) -> Sequence[str]:
    """Batches that may be sent now, the oldest first."""
    message = OutboxMessage
    is_due = message.next_attempt_at.is_(None) | (message.next_attempt_at <= now)
    due = select(message.batch).where(
        message.kind == kind, message.status == "waiting", message.batch.is_not(None), is_due
    )
    found = session.scalars(due.group_by(message.batch).order_by(func.min(message.id)))
    return [batch for batch in found if batch is not None]


def claim(session: Session, kind: str, batch: str) -> Batch | None:
    """The batch, held until this transaction ends; None when somebody else holds it or has sent it."""
    waiting = _waiting(kind, batch).order_by(OutboxMessage.id)
    held = session.scalars(waiting.with_for_update(skip_locked=True)).all()
    total = session.scalar(select(func.count()).select_from(_waiting(kind, batch).subquery()))
    if not held or len(held) != total:
        return None
    return Batch(batch, [one.payload for one in held])


def mark_sent(session: Session, kind: str, batch: str, now: datetime) -> int:
    """The receiver has taken it; how many messages it was."""
    message = OutboxMessage
    sent = session.execute(
        update(message)
        .where(message.kind == kind, message.batch == batch, message.status == "waiting")
        .values(status="sent", sent_at=now)
        .returning(message.id)
    )
    return len(sent.all())


def count_sent(session: Session, kind: str, since: datetime) -> int:
    """How many messages of this kind were sent after that time."""
    message = OutboxMessage
    is_recent = (message.kind == kind, message.status == "sent", message.sent_at > since)
    return session.scalar(select(func.count()).where(*is_recent)) or 0


def note_failure(session: Session, kind: str, batch: str, error: Exception, now: datetime) -> None:
    """It could not be sent, or nobody knows; it is tried again after a pause that grows."""
    for message in session.scalars(_waiting(kind, batch)):
        message.attempts += 1
        message.next_attempt_at = next_attempt(message.attempts, error, now)
        message.category, message.last_error = describe_failure(error)


def describe_failure(error: Exception) -> tuple[str, str]:
    """Its category, and itself in one line, without secrets."""
    told = redact(storable_text(f"{type(error).__name__}: {error}"))
    return classify_failure(error).value, told


def next_attempt(attempts: int, error: Exception, now: datetime) -> datetime:
    """When to try again after so many failures: the pause grows, and is what the receiver asks for."""
    return now + _pause(attempts, error, now)


def failing(session: Session, kind: str) -> Failing | None:
    """What waits after a failure; None when nothing does. The error is that of the oldest."""
    message = OutboxMessage
    is_failing = (message.kind == kind, message.status == "waiting", message.attempts > 0)
    oldest = session.scalars(
        select(message).where(*is_failing).order_by(message.id).limit(1)
    ).first()
    if oldest is None or oldest.next_attempt_at is None:
        return None
    count = session.scalar(select(func.count()).where(*is_failing)) or 0
    return Failing(count, oldest.category or "", oldest.last_error or "", oldest.next_attempt_at)


def backlogs(session: Session) -> list[Backlog]:
    """What waits, kind by kind."""
    message = OutboxMessage
    has_failed = message.attempts > 0
    columns = (
        message.kind,
        func.count(),
        func.count().filter(has_failed),
        func.min(message.created_at),
        func.min(message.next_attempt_at),
        func.min(message.last_error),
    )
    waiting = select(*columns).where(message.status == "waiting").group_by(message.kind)
    return [Backlog(*row) for row in session.execute(waiting.order_by(message.kind)).tuples()]


def end_pauses(session: Session, kinds: Collection[str], now: datetime) -> int:
    """Have the next run send what has failed, of these kinds or else of all; how many messages.

    How often they failed is kept: if they fail again, their pauses go on growing.
    """
    message = OutboxMessage
    paused = [message.status == "waiting", message.next_attempt_at > now]
    chosen = [*paused, message.kind.in_(kinds)] if kinds else paused
    ended = update(message).where(*chosen).values(next_attempt_at=now)
    return len(session.execute(ended.returning(message.id)).all())


def _waiting(kind: str, batch: str) -> Select[tuple[OutboxMessage]]:
    message = OutboxMessage
    is_its = (message.kind == kind, message.batch == batch)
    return select(message).where(*is_its, message.status == "waiting")


def _fitting(sizes: Sequence[int], most: int) -> int:
    """How many of the first fit; one at least, since it will not become smaller by waiting."""
    return max(1, sum(total <= most for total in _totals(sizes)))


def _totals(sizes: Iterable[int]) -> Iterator[int]:
    total = 0
    for size in sizes:
        total += size
        yield total


def _pause(attempts: int, error: Exception, now: datetime) -> timedelta:
    """Twice as long each time, and what the receiver asks for at least."""
    grown = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return max(grown, timedelta(seconds=retry_after_seconds(error, now) or 0.0))


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
