"""What the ledger forgets, a part at a time. Never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from services.database import delete_rows
from services.runs.models import CollectorDeadLetter, CollectorRun

SUCCEEDED = ("completed", "partial")


def forget_runs(session: Session, before: datetime, most: int) -> int:
    """Delete runs that ended before; how many.

    Of each source the newest stays, and the newest that succeeded: they say how fresh it is. So
    does the run that an open dead letter came from.
    """
    run = CollectorRun
    newer, better = aliased(run), aliased(run)
    same, also = (
        (other.collector == run.collector, other.source_key == run.source_key, other.id > run.id)
        for other in (newer, better)
    )
    letter = CollectorDeadLetter
    return delete_rows(
        session,
        run,
        run.finished_at < before,
        exists().where(*same),
        run.status.not_in(SUCCEEDED) | exists().where(*also, better.status.in_(SUCCEEDED)),
        ~exists().where(letter.run_id == run.id, letter.status == "open"),
        most=most,
    )


def ended_runs(
    session: Session, ids: Collection[int], before: datetime
) -> dict[int, tuple[str, datetime, datetime]]:
    """Of these runs those that ended before: collector, start and end, by id."""
    run = CollectorRun
    wanted = select(run.id, run.collector, run.started_at, run.finished_at)
    found = session.execute(wanted.where(run.id.in_(ids), run.finished_at < before)).tuples()
    return {number: (name, start, end) for number, name, start, end in found if end is not None}


def forget_resolved_letters(session: Session, before: datetime, most: int) -> int:
    """Delete dead letters that a retry stored before; how many.

    Discarded ones stay: forgotten, they would be open again the next time they fail.
    """
    letter = CollectorDeadLetter
    is_resolved = (letter.status == "resolved", letter.updated_at < before)
    return delete_rows(session, letter, *is_resolved, most=most)
