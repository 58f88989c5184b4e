"""Sends what waits in the outbox, batch by batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.errors import CollectorError
from services.outbox import services as outbox
from services.outbox.latest import due_subjects, mark_told, note_not_told
from services.outbox.services import Batch, FollowUp

Transaction = Callable[[], AbstractContextManager[Session]]
Now = Callable[[], datetime]
Send = Callable[[Batch], Sequence[FollowUp] | None]


@dataclass(frozen=True, slots=True)
class Window:
    """So many messages in any stretch of this length, by the times that they were sent at."""

    most: int
    length: timedelta


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where messages of one kind go, and how much the receiver takes at once.

    `send` returns when the receiver has taken the batch, and raises a CollectorError when it has
    not or when nobody can know. It may be given a batch that the receiver has already: under the
    same key, with the same content. What it returns is to be said because of that: it is enqueued
    in the transaction that notes the batch as sent. What has no room in the `window` waits for the
    next run, and is no failure.
    """

    kind: str
    send: Send
    most: int
    most_bytes: int
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class LatestOutlet:
    """Where messages go of which only the latest matters, and how many subjects at once.

    `send` tells what the subjects of these keys are like now, and returns or raises as that of an
    `Outlet`. Told twice is told once.
    """

    kind: str
    send: Callable[[Sequence[str]], None]
    most: int


def drain(transaction: Transaction, outlet: Outlet | LatestOutlet, now: Now) -> Iterator[int]:
    """Send what is due, the oldest first; yields the number of messages of each batch sent.

    Ends at the first failure: what is wrong with the receiver is so for the next batch too. The
    batch that failed steps aside until its pause is over, so that it does not block the others
    for good.

    Two at once share the work. A crash between the receiver's answer and our commit sends a batch
    again, under the same key.

    Raises:
        CollectorError: what `send` raised.
    """
    if isinstance(outlet, LatestOutlet):
        yield from _tell_latest(transaction, outlet, now)
        return
    while _form(transaction, outlet):
        pass
    with transaction() as session:
        due = outbox.due_batches(session, outlet.kind, now())
    for batch in due:
        if not _has_room(transaction, outlet, now):
            return
        if sent := _deliver(transaction, outlet, batch, now):
            yield sent


def _tell_latest(transaction: Transaction, outlet: LatestOutlet, now: Now) -> Iterator[int]:
    """Nothing is held meanwhile: what changes while it is told is told again."""
    while True:
        with transaction() as session:
            subjects = due_subjects(session, outlet.kind, now(), outlet.most)
        if not subjects:
            return
        try:
            outlet.send([one.key for one in subjects])
        except CollectorError as error:
            with transaction() as session:
                note_not_told(session, subjects, error, now())
            raise
        with transaction() as session:
            told = mark_told(session, subjects, now())
        yield told


def _form(transaction: Transaction, outlet: Outlet) -> str | None:
    """Committed before anything is sent: whoever sends it again sends the same."""
    with transaction() as session:
        limits = {"most": outlet.most, "most_bytes": outlet.most_bytes}
        return outbox.form_batch(session, outlet.kind, **limits)


def _has_room(transaction: Transaction, outlet: Outlet, now: Now) -> bool:
    if outlet.window is None:
        return True
    with transaction() as session:
        sent = outbox.count_sent(session, outlet.kind, now() - outlet.window.length)
    return sent < outlet.window.most


def _deliver(transaction: Transaction, outlet: Outlet, key: str, now: Now) -> int:
    """How many messages were sent: none when somebody else is at it."""
    try:
        with transaction() as session:
            batch = outbox.claim(session, outlet.kind, key)
            if batch is None:
                return 0
            for one in outlet.send(batch) or ():
                outbox.enqueue(session, one.kind, [one.message])
            return outbox.mark_sent(session, outlet.kind, key, now())
    except CollectorError as error:
        with transaction() as session:
            outbox.note_failure(session, outlet.kind, key, error, now())
        raise
