"""The queue of documents that have changed: written with the data, emptied by what indexes. Never commits.

A change is a row of its own, so that who collects never waits for who indexes: what changes while it
is being indexed has a row that came later, and is indexed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, select, text
from sqlalchemy.orm import Session

from services.vectors.models import Document, VectorQueue

# One document is indexed by one process at a time. Let go at the end of the transaction, or of the process.
# The subquery's order keeps PostgreSQL from trying locks of rows that the limit leaves out.
_CLAIM = """
    select distinct d from (
        select d from (
            select q.document_id as d from vector_queue q {join} order by q.id
        ) as waiting
        where pg_try_advisory_xact_lock(hashtextextended('vectors' || chr(31) || d, 0))
        limit :most
    ) as held
"""
_CLAIM_ANY = text(_CLAIM.format(join=""))
_CLAIM_OF = text(
    _CLAIM.format(join="join document o on o.id = q.document_id where o.collector = :collector")
)


@dataclass(frozen=True, slots=True)
class Lag:
    """What of a collector waits to be indexed, and since when."""

    collector: str
    documents: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Documents to index, and the rows of the queue that are done with it."""

    documents: Sequence[int]
    rows: Sequence[int]


def queue(session: Session, documents: Sequence[int]) -> None:
    """Have these documents indexed, once what this transaction stores is stored."""
    if documents:
        session.execute(insert(VectorQueue), [{"document_id": one} for one in documents])


def queue_all(session: Session) -> int:
    """Have every document indexed; the number of the last row of the queue."""
    every = select(Document.id).where(Document.deleted_at.is_(None)).order_by(Document.id)
    session.execute(insert(VectorQueue).from_select(["document_id"], every))
    return session.scalar(select(func.max(VectorQueue.id))) or 0


def claim(session: Session, collector: str | None, most: int) -> Claim | None:
    """The documents that have waited longest and that nobody else is at; None when there are none.

    They are held until this transaction ends. At most `most` rows of the queue are looked for; of a
    document that has several all are taken.
    """
    statement = _CLAIM_ANY if collector is None else _CLAIM_OF
    held = session.scalars(statement, {"most": most, "collector": collector}).all()
    if not held:
        return None
    row = VectorQueue
    waiting = session.execute(
        select(row.id, row.document_id).where(row.document_id.in_(held)).order_by(row.id)
    ).all()
    # Some may have been indexed by somebody else just before we had them.
    return Claim(list(dict.fromkeys(one[1] for one in waiting)), [one[0] for one in waiting])


def settle(session: Session, rows: Sequence[int]) -> None:
    """These are indexed."""
    session.execute(delete(VectorQueue).where(VectorQueue.id.in_(rows)))


def is_through(session: Session, number: int) -> bool:
    """Whether nothing of the queue up to this row waits any more."""
    waiting = select(literal(1)).where(VectorQueue.id <= number).limit(1)
    return session.scalar(waiting) is None


def waits(session: Session, collector: str) -> bool:
    """Whether anything of this collector waits."""
    row = VectorQueue
    of_it = select(literal(1)).join(Document, Document.id == row.document_id)
    waiting = of_it.where(Document.collector == collector).limit(1)
    return session.scalar(waiting.select_from(row)) is not None


def lags(session: Session) -> list[Lag]:
    """What waits, collector by collector."""
    counted = func.count(VectorQueue.document_id.distinct())
    waiting = (
        select(Document.collector, counted, func.min(VectorQueue.queued_at))
        .join(Document, Document.id == VectorQueue.document_id)
        .group_by(Document.collector)
        .order_by(Document.collector)
    )
    return [Lag(*row) for row in session.execute(waiting).tuples()]
