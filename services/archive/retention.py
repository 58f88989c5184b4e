"""What the archive forgets, a part at a time. Never commits."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.archive.models import ArchiveSegment

_ASKED_AT_ONCE = 5_000
# As `Recorder` names them.
_NAME = re.compile(
    r"(?P<collector>[^/]+)/.+/(?P<begun>\d{8}T\d{6}Z)-run(?P<run_id>\d+)-[0-9a-f]+-\d+\.zst"
)


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A segment's file that no entry names, and the run that its name tells of."""

    path: str
    collector: str
    run_id: int
    begun: datetime


def find_unlisted(session: Session, paths: Iterable[str]) -> Iterator[Unlisted]:
    """Those of these files that are segments and not listed: of a run at work, or of one that died.

    Also all that were written after the backup from which a database was restored.
    """
    pending = iter(paths)
    while some := list(islice(pending, _ASKED_AT_ONCE)):
        listed = select(ArchiveSegment.path).where(ArchiveSegment.path.in_(some))
        left = set(some) - set(session.scalars(listed))
        named = ((path, _NAME.fullmatch(path)) for path in sorted(left))
        yield from (_unlisted(path, name) for path, name in named if name)


def _unlisted(path: str, name: re.Match[str]) -> Unlisted:
    begun = datetime.strptime(name["begun"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Unlisted(path, name["collector"], int(name["run_id"]), begun)


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
