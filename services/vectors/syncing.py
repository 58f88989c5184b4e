"""Brings the index to what the tables say: takes from the queue, embeds what is new, sends, notes.

Any number of processes share the work, each document is done by one at a time. Killed anywhere, the
next one goes on: a change leaves the queue in the transaction that notes what the index holds, and
what may have been sent is noted before it is.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.errors import CollectorError, ConfigError
from services.failures import classify_failure, is_retryable
from services.vectors import entries, indexes
from services.vectors.chunks import cut_documents
from services.vectors.entries import Work
from services.vectors.models import Document, VectorIndex
from services.vectors.opening import Opened, open_index, wanted_kind, wanted_model
from services.vectors.queue import claim, settle
from services.vectors.settings import VectorSettings

logger = logging.getLogger(__name__)
Transaction = Callable[[], AbstractContextManager[Session]]
# Documents at a time: what a kill undoes, and what one transaction holds on to.
BATCH_DOCUMENTS = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that the model or the index will not take, and why."""

    collector: str
    key: str
    title: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Synced:
    """What was done: documents looked at, chunks put, renewed (metadata only) and deleted."""

    documents: int = 0
    put: int = 0
    renewed: int = 0
    deleted: int = 0
    refused: Sequence[Refused] = ()


@dataclass(frozen=True, slots=True)
class Lives:
    """The indexes that are kept up to date, by number, and of them those that can be opened."""

    ids: Sequence[int]
    opened: Sequence[Opened]


class _OthersError(Exception):
    """By now other indexes are kept up to date than those that were opened."""


def _unheard(session: Session, documents: Sequence[int], refused: Sequence[Refused]) -> None:
    del session, documents, refused


Tell = Callable[[Session, Sequence[int], Sequence[Refused]], None]


@dataclass(slots=True)
class Pace:
    """At most so many chunks a second, on average since the first; no limit when None."""

    per_second: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = 0.0

    def keep(self, chunks: int) -> None:
        """Wait until so many more may be sent."""
        if self.per_second is None:
            return
        now = self.clock()
        self.sleep(max(0.0, self._free_at - now))
        self._free_at = max(self._free_at, now) + chunks / self.per_second


@dataclass
class Syncing:
    """A run through the queue.

    `transaction` opens a transaction of its own each time; `tell` is told which documents were
    taken from the queue and which of them were refused, in that transaction.
    """

    transaction: Transaction
    settings: VectorSettings
    tell: Tell = _unheard
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pace: Pace = field(default_factory=lambda: Pace(None))
    batch: int = BATCH_DOCUMENTS

    def run(self, collector: str | None = None) -> Iterator[Synced]:
        """Index what waits, of this collector or of all; what was done, batch by batch.

        Raises:
            ConfigError: the index or the model that is asked for cannot be had.
            CollectorError: it cannot be reached now; what was not done waits.
        """
        self._begin()
        lives = self._open()
        while True:
            try:
                done = self._batch(lives, collector)
            except _OthersError:
                lives = self._open()
                continue
            if done is None:
                break
            yield done
        self._switch(lives)
        self._drop_retired()

    def begin_again(self) -> bool:
        """Have an index built beside the one that serves; False when one is being built already."""
        return self._begin(again=True)

    def _begin(self, *, again: bool = False) -> bool:
        """Whether an index had to be begun: there is none of what is asked for."""
        with self.transaction() as session:
            kind = wanted_kind(session, self.settings)
            embedder = wanted_model(kind, self.settings)
            live = indexes.live_indexes(session)
            if live and indexes.is_of(live[-1], kind, embedder) and not again:
                return False
        dimension = embedder.dimension  # may be asked of the model, before locks are held
        with self.transaction() as session:
            location = self.settings.pinecone_index_name
            begun = indexes.begin_index(session, kind, embedder, location, again=again)
        if begun is not None:
            logger.info("index begun: %s, %s, %s numbers", kind, embedder.model, dimension)
        return begun is not None

    def _open(self) -> Lives:
        """What is kept up to date: what is asked for, and what serves until that is complete."""
        with self.transaction() as session:
            rows = indexes.live_indexes(session)
            *before, wanted = rows
            found = [*self._still_open(before), open_index(wanted, self.settings)]
            if wanted.status == indexes.BUILDING:
                indexes.be_alone(session)
            for opened in found:
                opened.index.prepare(session)
        return Lives([row.id for row in rows], found)

    def _still_open(self, rows: Sequence[VectorIndex]) -> Iterator[Opened]:
        """One whose model or key is no longer to be had only serves."""
        for row in rows:
            try:
                yield open_index(row, self.settings)
            except ConfigError as error:
                logger.warning("index %s is not kept up to date: %s", row.id, error)

    def _batch(self, lives: Lives, collector: str | None) -> Synced | None:
        """None when nothing waits that nobody else is at, or while somebody verifies.

        Who begins an index queues every document for it. So it is looked at after the queue, which
        indexes there are: none of what is taken from it may be meant for one that is not among ours.

        Raises:
            _OthersError: there is such a one, or ours are no more; nothing is taken.
        """
        with self.transaction() as session:
            claimed = claim(session, collector, self.batch) if indexes.may_index(session) else None
            if claimed is None:
                return None
            if indexes.hold_live(session) != lives.ids:
                raise _OthersError
            self._cut(claimed.documents)
            done = self._share(session, lives.opened, claimed.documents)
            self.tell(session, claimed.documents, done.refused)
            settle(session, claimed.rows)
        return done

    def _cut(self, documents: Sequence[int]) -> None:
        """Documents from before there were chunks, or that were cut by other rules."""
        with self.transaction() as session:
            cut_documents(session, Document.id.in_(documents))

    def _share(self, session: Session, lives: Sequence[Opened], documents: Sequence[int]) -> Synced:
        """All at once; when something of them is refused, half and half, until it is alone."""
        try:
            works = [(live, work) for live in lives for work in _find(session, live, documents)]
            for live, work in works:
                self._do(session, live, work)
        except CollectorError as error:
            if is_retryable(classify_failure(error)) or _is_for_all(error):
                raise
            if len(documents) == 1:
                return Synced(1, refused=[_refused(session, documents[0], error)])
            middle = len(documents) // 2
            parts = (documents[:middle], documents[middle:])
            return _sum(self._share(session, lives, part) for part in parts)
        return _counted(len(documents), [work for _, work in works])

    def _do(self, session: Session, live: Opened, work: Work) -> None:
        if not live.index.shares_transactions and work.put:
            with self.transaction() as before:
                entries.note(before, live.id, work)
        if work.put:
            self.pace.keep(len(work.put))
            embeds = live.embedder.dimension > 0
            texts = [item.text for item in work.put]
            vectors = live.embedder.embed(texts) if embeds else None
            live.index.put(session, work.place, work.put, vectors)
        if work.set_facts:
            live.index.set_facts(session, work.place, work.set_facts)
        if work.delete:
            live.index.delete(session, work.place, work.delete)
        entries.confirm(session, live.id, work)

    def _switch(self, lives: Lives) -> None:
        """Have what is complete serve."""
        for live in lives.opened:
            with self.transaction() as session:
                if indexes.switch_to(session, live.id, self.now()):
                    live.index.finish(session)
                    logger.info("index %s serves", live.id)

    def _drop_retired(self) -> None:
        with self.transaction() as session:
            for row in indexes.retired_indexes(session):
                try:
                    opened = open_index(row, self.settings)
                except ConfigError as error:
                    logger.warning("index %s stays where it is: %s", row.id, error)
                    continue
                opened.index.drop(session)
                indexes.forget_index(session, row)


def _find(session: Session, live: Opened, documents: Sequence[int]) -> list[Work]:
    takes = [private for private in (False, True) if live.index.takes(is_private=private)]
    return entries.find_work(
        session, live.id, documents, takes=takes, keeps_facts=live.index.keeps_facts
    )


def _is_for_all(error: CollectorError) -> bool:
    """Whether it would meet every other document too: settings and keys, not what a document says."""
    return classify_failure(error) in {"config", "auth", "permission"}


def _refused(session: Session, document_id: int, error: Exception) -> Refused:
    document = Document
    asked = select(document.collector, document.key, document.title)
    row = session.execute(asked.where(document.id == document_id)).one()
    return Refused(row.collector, row.key, row.title, error)


def _counted(documents: int, works: Sequence[Work]) -> Synced:
    return Synced(
        documents,
        sum(len(work.put) for work in works),
        sum(len(work.set_facts) for work in works),
        sum(len(work.delete) for work in works),
    )


def _sum(parts: Iterator[Synced]) -> Synced:
    total = Synced()
    for part in parts:
        total = Synced(
            total.documents + part.documents,
            total.put + part.put,
            total.renewed + part.renewed,
            total.deleted + part.deleted,
            [*total.refused, *part.refused],
        )
    return total
