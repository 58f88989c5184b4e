"""The only code that writes comparisons and repairs. Never asks a source, never commits."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from services.completeness.comparing import WHOLE, Comparison
from services.completeness.models import CollectorCompleteness, CollectorRepair
from services.runs.models import CollectorCursor
from services.runs.services import Source
from services.upsert import bulk_upsert

# More single questions than that cost more than reading the stream again.
MOST_REPAIRS = 200
Stream = tuple[str, str, str]  # collector, source, stream
_KEY = ("collector", "source_key", "stream", "item_key")


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """The newest comparison of a stream, and how many of its repairs wait."""

    collector: str
    source_key: str
    stream: str
    at_source: int
    stored: int
    sampled: int
    missing: int
    stale: int
    gone: int
    repairs: int
    compared_at: datetime

    @property
    def completeness(self) -> float:
        """What is here of what the source has, 0 to 1."""
        return 1.0 if not self.at_source else max(0.0, 1 - self.missing / self.at_source)


def note_comparisons(session: Session, source: Source, found: Sequence[Comparison]) -> int:
    """Keep what was found, and queue the repair of its gaps; how many repairs that are."""
    for one in found:
        reasons = Counter(gap.reason for gap in one.gaps)
        row = {
            "collector": source.collector,
            "source_key": source.source_key,
            "stream": one.stream,
            "at_source": one.at_source,
            "stored": one.stored,
            "sampled": one.sampled,
            **{reason: reasons[reason] for reason in ("missing", "stale", "gone")},
        }
        session.execute(insert(CollectorCompleteness).values(row))
    repairs = [
        (source.collector, source.source_key, stream, key, reason)
        for stream, key, reason in _repairs(found)
    ]
    bulk_upsert(session, CollectorRepair, (*_KEY, "reason"), repairs, key=_KEY)
    return len(repairs)


def open_repairs(session: Session, source: Source) -> Sequence[CollectorRepair]:
    """What the next run of the source has to repair, stream by stream."""
    repair = CollectorRepair
    of_source = (repair.collector == source.collector, repair.source_key == source.source_key)
    return session.scalars(
        select(repair).where(*of_source).order_by(repair.stream, repair.item_key)
    ).all()


def settle_repairs(session: Session, source: Source, stream: str, keys: Collection[str]) -> None:
    """These were repaired, in the transaction that stores them."""
    repair = CollectorRepair
    session.execute(
        delete(repair).where(
            repair.collector == source.collector,
            repair.source_key == source.source_key,
            repair.stream == stream,
            repair.item_key.in_(keys),
        )
    )


def newest_comparisons(
    session: Session, collector: str, sources: Collection[str]
) -> list[StreamFacts]:
    """The newest comparison of each stream of these sources."""
    one = CollectorCompleteness
    return _newest(session, one.collector == collector, one.source_key.in_(sources))


def all_comparisons(session: Session) -> list[StreamFacts]:
    """The newest comparison of each stream that was ever compared."""
    return _newest(session)


def collected_sources(session: Session, collector: str) -> list[str]:
    """The sources of which a run has stored something, by name."""
    cursor = CollectorCursor
    query = select(cursor.source_key).distinct().where(cursor.collector == collector)
    return list(session.scalars(query.order_by(cursor.source_key)))


def _repairs(found: Iterable[Comparison]) -> Iterator[tuple[str, str, str]]:
    """Stream, key and reason; the whole stream where its gaps are many."""
    for one in found:
        gaps = {gap.item_key: gap.reason for gap in one.gaps}
        chosen = gaps if len(gaps) <= MOST_REPAIRS else {WHOLE: "missing"}
        yield from ((one.stream, key, reason) for key, reason in chosen.items())


def _newest(session: Session, *conditions: ColumnElement[bool]) -> list[StreamFacts]:
    one = CollectorCompleteness
    newest = (
        select(one)
        .distinct(one.collector, one.source_key, one.stream)
        .where(*conditions)
        .order_by(one.collector, one.source_key, one.stream, one.id.desc())
    )
    waiting = _waiting(session)
    return [_facts(row, waiting) for row in session.scalars(newest)]


def _waiting(session: Session) -> dict[Stream, int]:
    """How many repairs wait, stream by stream; there are few."""
    repair = CollectorRepair
    stream = (repair.collector, repair.source_key, repair.stream)
    rows = session.execute(select(*stream, func.count()).group_by(*stream)).tuples()
    return {(name, source, one): count for name, source, one, count in rows}


def _facts(row: CollectorCompleteness, waiting: dict[Stream, int]) -> StreamFacts:
    return StreamFacts(
        row.collector,
        row.source_key,
        row.stream,
        row.at_source,
        row.stored,
        row.sampled,
        row.missing,
        row.stale,
        row.gone,
        waiting.get((row.collector, row.source_key, row.stream), 0),
        row.compared_at,
    )
