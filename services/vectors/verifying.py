"""Proves that an index holds what the tables say, by ids and hashes, and puts right what differs.

Nobody indexes meanwhile; who collects is not held up. What has changed and waits is no difference:
it is looked for after the differences, so that a change of the same moment is seen to wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.vectors import entries, indexes
from services.vectors.chunks import cut_one
from services.vectors.models import Document, DocumentChunk, VectorQueue
from services.vectors.opening import Opened, open_index
from services.vectors.ports import Place
from services.vectors.queue import queue
from services.vectors.settings import VectorSettings

# Documents read at a time.
_BATCH = 500
Digests = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """Chunks of one place that an index lacks, has too many of, or has of another content."""

    place: Place
    missing: Sequence[str] = ()
    foreign: Sequence[str] = ()
    different: Sequence[str] = ()

    @property
    def count(self) -> int:
        """Of chunks."""
        return len(self.missing) + len(self.foreign) + len(self.different)


@dataclass
class Verdict:
    """What was found of one index.

    `cut_wrong` are documents whose chunks are not those of their text, `not_told` those that the
    index was not told of, `differences` what it holds otherwise than was noted.
    """

    index_id: int
    kind: str
    model: str
    chunks: int = 0
    waiting: int = 0
    cut_wrong: set[int] = field(default_factory=set)
    not_told: set[int] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether the index is what the tables say, but for what waits."""
        return not (self.cut_wrong or self.not_told or self.differences)


def verify(session: Session, settings: VectorSettings, *, repair: bool) -> list[Verdict]:
    """Compare each index that is kept up to date with the tables; with `repair` have the next run mend it.

    What an index holds without our knowledge is removed at once.

    Raises:
        ConfigError: an index cannot be opened.
        CollectorError: it cannot be asked.
    """
    indexes.keep_others_out(session)
    verdicts = []
    for row in indexes.live_indexes(session):
        opened = open_index(row, settings)
        verdict = Verdict(row.id, row.kind, row.model, indexes.entry_count(session, row.id))
        _look_at_documents(session, opened, verdict)
        verdict.differences = list(_differences(session, opened))
        verdict.waiting = len(_waiting(session))
        if repair:
            _repair(session, opened, verdict)
        verdicts.append(verdict)
    return verdicts


def _look_at_documents(session: Session, opened: Opened, verdict: Verdict) -> None:
    last = 0
    while True:
        ids = session.scalars(
            select(Document.id).where(Document.id > last).order_by(Document.id).limit(_BATCH)
        ).all()
        if not ids:
            break
        last = ids[-1]
        verdict.cut_wrong |= set(_cut_wrong(session, ids))
        verdict.not_told |= set(_not_told(session, opened, ids))
    waiting = _waiting(session)
    verdict.cut_wrong -= waiting
    verdict.not_told -= waiting


def _cut_wrong(session: Session, ids: Sequence[int]) -> Iterator[int]:
    """In one statement, so that a text and its chunks are of one moment."""
    document, chunk = Document, DocumentChunk
    parts = func.array_agg(
        func.jsonb_build_array(
            chunk.vector_id, chunk.begins, chunk.ends, func.encode(chunk.digest, "hex")
        )
    ).filter(chunk.id.is_not(None))
    rows = session.execute(
        select(document.id, document.collector, document.key, document.title, document.text, parts)
        .outerjoin(chunk, chunk.document_id == document.id)
        .where(document.id.in_(ids), document.deleted_at.is_(None))
        .group_by(document.id)
    )
    for number, collector, key, title, body, found in rows:
        cut = cut_one(number, collector, key, title, body)
        wanted = [[*row[1:4], row[4].hex()] for row in cut]
        if sorted(found or []) != sorted(wanted):
            yield number


def _not_told(session: Session, opened: Opened, ids: Sequence[int]) -> Iterator[int]:
    index = opened.index
    takes = [private for private in (False, True) if index.takes(is_private=private)]
    works = entries.find_work(session, opened.id, ids, takes=takes, keeps_facts=index.keeps_facts)
    for work in works:
        yield from (item.document_id for item in (*work.put, *work.set_facts))
        yield from entries.documents_of(session, opened.id, work.place, work.delete)


def _differences(session: Session, opened: Opened) -> Iterator[Difference]:
    places = {*opened.index.places(session), *indexes.entry_places(session, opened.id)}
    for place in sorted(places, key=lambda one: (one.is_private, one.namespace)):
        held = {
            one.vector_id: (one.digest, one.facts_digest if opened.index.keeps_facts else b"")
            for one in opened.index.held(session, place)
        }
        found = _compared(place, held, entries.entries(session, opened.id, place))
        if found.count:
            yield found


def _compared(place: Place, held: dict[str, Digests], noted: dict[str, Digests]) -> Difference:
    """Of what is in doubt it is only said that the index may hold it."""
    sure = {vector_id: digests for vector_id, digests in noted.items() if digests[0] is not None}
    return Difference(
        place,
        sorted(sure.keys() - held.keys()),
        sorted(held.keys() - noted.keys()),
        sorted(one for one in sure.keys() & held.keys() if sure[one] != held[one]),
    )


def _repair(session: Session, opened: Opened, verdict: Verdict) -> None:
    again = {*verdict.cut_wrong, *verdict.not_told}
    for one in verdict.differences:
        opened.index.delete(session, one.place, one.foreign)
        wrong = [*one.missing, *one.different]
        again |= set(entries.doubt(session, opened.id, one.place, wrong))
    uncut = update(Document).where(Document.id.in_(verdict.cut_wrong))
    session.execute(uncut.values(cut_hash=None))
    queue(session, sorted(again))


def _waiting(session: Session) -> set[int]:
    return set(session.scalars(select(VectorQueue.document_id).distinct()))
