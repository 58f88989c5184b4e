"""What a stored change has made necessary and is still to be done: it outlives the run."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import Due
from collectors.github_activity_tracker.services.exports import note_changed

REVIEWS = "reviews"
"""The reviews of a pull request are to be asked for."""
DOCUMENT = "document"
"""What search finds of an issue is to be brought to what the tables say, and so is its page."""


# In the order of the key, so that two writers never deadlock.
_NOTE = text(
    """
    insert into github_activity_tracker_due (task, repository_id, number)
    select :task, :repository_id, number from unnest(cast(:numbers as bigint[])) number
    order by number on conflict do nothing
    """
)


def note_due(session: Session, task: str, repository_id: int, numbers: Iterable[int]) -> None:
    """These are to be done, in the transaction of the change that makes it so."""
    wanted = sorted(set(numbers))
    if not wanted:
        return
    values = {"task": task, "repository_id": repository_id, "numbers": wanted}
    session.execute(_NOTE, values)
    if task == DOCUMENT:
        note_changed(session, repository_id, wanted)


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
