"""What the archive forgets, a part at a time. Never commits."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.archive.models import ArchiveSegment


def forget_segments(
    session: Session, before: datetime, most: int, *, remove: Callable[[str], None]
) -> int:
    """Remove the files of segments whose last answer is older, then their entries; how many.

    Killed in between, the entries are still there and the next run does the rest.
    """
    segment = ArchiveSegment
    old = select(segment.id, segment.path).where(segment.last_at < before).order_by(segment.id)
    found = session.execute(old.limit(most).with_for_update(skip_locked=True)).tuples().all()
    for _, path in found:
        remove(path)
    session.execute(delete(segment).where(segment.id.in_([number for number, _ in found])))
    return len(found)
