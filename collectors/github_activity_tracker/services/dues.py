"""What a stored change has made necessary and is still to be done: it outlives the run."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import Due
from collectors.github_activity_tracker.services.exports import note_changed
from services.upsert import bulk_upsert

REVIEWS = "reviews"
"""The reviews of a pull request are to be asked for."""
DOCUMENT = "document"
"""What search finds of an issue is to be brought to what the tables say, and so is its page."""


def note_due(session: Session, task: str, repository_id: int, numbers: Iterable[int]) -> None:
    """These are to be done, in the transaction of the change that makes it so."""
    columns = ("task", "repository_id", "number")
    rows = [(task, repository_id, number) for number in numbers]
    bulk_upsert(session, Due, columns, rows, key=columns)
    if task == DOCUMENT and rows:
        note_changed(session, repository_id, [number for _, _, number in rows])


def due_numbers(session: Session, task: str, repository_id: int, limit: int) -> Sequence[int]:
    """Some of what is to be done, the lowest numbers first."""
    wanted = (
        select(Due.number)
        .where(Due.task == task, Due.repository_id == repository_id)
        .order_by(Due.number)
        .limit(limit)
    )
    return session.scalars(wanted).all()


def settle_due(session: Session, task: str, repository_id: int, numbers: Collection[int]) -> None:
    """These are done, in the transaction that stores what was done."""
    session.execute(
        delete(Due).where(
            Due.task == task, Due.repository_id == repository_id, Due.number.in_(numbers)
        )
    )
