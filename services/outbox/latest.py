"""Messages of which only the latest matters: one for each subject, told again when it has changed.

The receiver is told what the subject is like when the message is sent, not when it was enqueued. So
one row for each subject is enough; enqueued while it is being sent, it is sent once more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    String,
    cast,
    column,
    func,
    literal_column,
    select,
    text,
    tuple_,
    update,
    values,
)
from sqlalchemy.orm import Session

from services.outbox.models import OutboxMessage
from services.outbox.services import describe_failure, next_attempt

# Waiting ones too: whoever is sending one of them has to see that it has changed.
_ENQUEUE = text(
    """
    insert into outbox as o (kind, key, payload)
    select :kind, subject, '{}' from unnest(cast(:subjects as text[])) as subject
    on conflict (kind, key) do update set status = 'waiting', sent_at = null,
        attempts = case o.status when 'sent' then 0 else o.attempts end,
        category = case o.status when 'sent' then null else o.category end,
        last_error = case o.status when 'sent' then null else o.last_error end,
        next_attempt_at = case o.status when 'sent' then null else o.next_attempt_at end
    """
)
# What changes with every write of a row, and with nothing else.
_VERSION = cast(literal_column("outbox.xmin"), String)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to be told anew, as it was enqueued last."""

    id: int
    key: str
    version: str


def enqueue_latest(session: Session, kind: str, subjects: Iterable[str]) -> None:
    """Have the receiver told what these are like now, once this transaction is through."""
    wanted = sorted(set(subjects))
    if wanted:
        session.execute(_ENQUEUE, {"kind": kind, "subjects": wanted})


def enqueue_all_again(session: Session, kind: str) -> int:
    """Have everything of this kind told anew, e.g. to a receiver that has lost it; how many."""
    message = OutboxMessage
    of_kind = (message.kind == kind, message.batch.is_(None), message.status == "sent")
    again = update(message).where(*of_kind).values(status="waiting", sent_at=None, attempts=0)
    return len(session.execute(again.returning(message.id)).all())


def due_subjects(session: Session, kind: str, now: datetime, most: int) -> Sequence[Subject]:
    """What is to be told now, the oldest first."""
    message = OutboxMessage
    is_due = message.next_attempt_at.is_(None) | (message.next_attempt_at <= now)
    waiting = (message.kind == kind, message.status == "waiting", is_due)
    found = select(message.id, message.key, _VERSION).where(*waiting)
    rows = session.execute(found.order_by(message.id).limit(most)).tuples()
    return [Subject(*row) for row in rows]


def mark_told(session: Session, subjects: Sequence[Subject], now: datetime) -> int:
    """The receiver has taken them; those that were enqueued again meanwhile wait on."""
    message = OutboxMessage
    told = values(column("id", message.id.type), column("version", String), name="told").data(
        [(one.id, one.version) for one in subjects]
    )
    is_told = tuple_(message.id, _VERSION).in_(select(told.c.id, told.c.version))
    sent = update(message).where(is_told).values(status="sent", sent_at=now)
    return len(session.execute(sent.returning(message.id)).all())


def note_not_told(
    session: Session, subjects: Sequence[Subject], error: Exception, now: datetime
) -> None:
    """They could not be told, or nobody knows; tried again after a pause that grows."""
    message = OutboxMessage
    ids = [one.id for one in subjects]
    most = session.scalar(select(func.max(message.attempts)).where(message.id.in_(ids))) or 0
    category, described = describe_failure(error)
    failed = {
        "attempts": message.attempts + 1,
        "next_attempt_at": next_attempt(most + 1, error, now),
        "category": category,
        "last_error": described,
    }
    session.execute(update(message).where(message.id.in_(ids)).values(failed))
