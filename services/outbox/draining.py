"""Sends what waits in the outbox, batch by batch."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.errors import CollectorError
from services.outbox import services as outbox
from services.outbox.services import Batch

Transaction = Callable[[], AbstractContextManager[Session]]
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where messages of one kind go, and how much the receiver takes at once.

    `send` returns when the receiver has taken the batch, and raises a CollectorError when it has
    not or when nobody can know. It may be given a batch that the receiver has already: under the
    same key, with the same content.
    """

    kind: str
    send: Callable[[Batch], None]
    most: int
    most_bytes: int


def drain(transaction: Transaction, outlet: Outlet, now: Now) -> Iterator[int]:
    """Send what is due, the oldest first; yields the number of messages of each batch sent.

    Ends at the first failure: what is wrong with the receiver is so for the next batch too. The
    batch that failed steps aside until its pause is over, so that it does not block the others
    for good.

    Two at once share the work. A crash between the receiver's answer and our commit sends a batch
    again, under the same key.

    Raises:
        CollectorError: what `send` raised.
    """
    while _form(transaction, outlet):
        pass
    with transaction() as session:
        due = outbox.due_batches(session, outlet.kind, now())
    for batch in due:
        if sent := _deliver(transaction, outlet, batch, now):
            yield sent


def _form(transaction: Transaction, outlet: Outlet) -> str | None:
    """Committed before anything is sent: whoever sends it again sends the same."""
    with transaction() as session:
        limits = {"most": outlet.most, "most_bytes": outlet.most_bytes}
        return outbox.form_batch(session, outlet.kind, **limits)


def _deliver(transaction: Transaction, outlet: Outlet, key: str, now: Now) -> int:
    """How many messages were sent: none when somebody else is at it."""
    try:
        with transaction() as session:
            batch = outbox.claim(session, outlet.kind, key)
            if batch is None:
                return 0
            outlet.send(batch)
            return outbox.mark_sent(session, outlet.kind, key, now())
    except CollectorError as error:
        with transaction() as session:
            outbox.note_failure(session, outlet.kind, key, error, now())
        raise
