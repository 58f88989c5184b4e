"""The only code that writes the list of segments. Never commits, never touches their files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from services.archive.models import ArchiveSegment
from services.archive.segments import Extent


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment of a run, as far as it has been written."""

    path: str
    collector: str
    source_key: str
    run_id: int
    extent: Extent


@dataclass(frozen=True, slots=True)
class Holding:
    """What the archive has of one source."""

    collector: str
    source_key: str
    runs: int
    segments: int
    exchanges: int
    bytes: int
    first_at: datetime
    last_at: datetime


def list_segments(session: Session, entries: Iterable[SegmentEntry]) -> None:
    """Have the segments listed as they are now; one that is listed with more answers stays so."""
    segment = ArchiveSegment
    for entry in sorted(entries, key=lambda one: one.path):
        extent = entry.extent
        row = {
            "exchanges": extent.exchanges,
            "bytes": extent.bytes,
            "sha256": extent.sha256,
            "first_at": extent.first_at,
            "last_at": extent.last_at,
        }
        named = postgresql.insert(segment).values(
            path=entry.path,
            collector=entry.collector,
            source_key=entry.source_key,
            run_id=entry.run_id,
            **row,
        )
        session.execute(
            named.on_conflict_do_update(
                index_elements=["path"], set_=row, where=segment.exchanges < extent.exchanges
            )
        )


def find_segments(
    session: Session,
    collector: str | None = None,
    source_key: str | None = None,
    *,
    run_id: int | None = None,
    since: datetime | None = None,
) -> Sequence[ArchiveSegment]:
    """Segments, the oldest first: of a collector, a source, a run, with answers since then."""
    segment = ArchiveSegment
    wanted = select(segment).order_by(segment.first_at, segment.id)
    given = {
        segment.collector: collector,
        segment.source_key: source_key,
        segment.run_id: run_id,
    }
    for column, value in given.items():
        wanted = wanted if value is None else wanted.where(column == value)
    return session.scalars(
        wanted if since is None else wanted.where(segment.last_at >= since)
    ).all()


def holdings(session: Session) -> list[Holding]:
    """What the archive has, source by source."""
    segment = ArchiveSegment
    columns = (
        segment.collector,
        segment.source_key,
        func.count(segment.run_id.distinct()),
        func.count(),
        cast(func.sum(segment.exchanges), BigInteger),
        cast(func.sum(segment.bytes), BigInteger),
        func.min(segment.first_at),
        func.max(segment.last_at),
    )
    by_source = select(*columns).group_by(segment.collector, segment.source_key)
    found = session.execute(by_source.order_by(segment.collector, segment.source_key)).tuples()
    return [Holding(*row) for row in found]
