"""Indexing as a part of a collector's run: progress, counts, dead letters."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from services.failures import classify_failure
from services.runs import services as ledger
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside, Source
from services.settings import load_room_settings
from services.upsert import Written
from services.vectors.models import Document
from services.vectors.queue import queue, waits
from services.vectors.settings import VectorSettings
from services.vectors.syncing import Pace, Refused, Syncing

# Whose letters they are, whoever's run it was: the flow that drains the queue for all replays them.
SOURCE = Source("cppa_pinecone_sync", "documents")
STREAM = "documents"


def sync_collector(run: Run) -> CollectResult | None:
    """Index what the run's collector has changed; None when nothing of it waits."""
    collector = run.source.collector
    with run.transaction() as session:
        if not waits(session, collector):
            return None
    return sum(index_documents(run, collector), CollectResult())


def index_documents(run: Run, collector: str | None = None) -> Iterator[CollectResult]:
    """Index what waits, of this collector or of all, and keep what is refused as dead letters.

    Counts what was done, batch by batch: documents as fetched, the index's chunks as rows.

    Raises:
        ConfigError: the index or the model that is asked for cannot be had.
        CollectorError: it cannot be reached now; what was not done waits.
    """
    settings = load_room_settings(VectorSettings)

    def tell(session: Session, documents: Sequence[int], refused: Sequence[Refused]) -> None:
        _settle_letters(session, documents, {_item_key(one.collector, one.key) for one in refused})
        letters = [_letter(one) for one in refused]
        ledger.set_aside(session, SOURCE, STREAM, letters, run_id=run.id)
        run.set_aside_keys.update((STREAM, letter.item_key) for letter in letters)

    pace = Pace(settings.vectors_chunks_per_second)
    for done in Syncing(run.transaction, settings, tell, pace=pace).run(collector):
        run.progress.say(f"{done.documents} documents indexed: {done.put} chunks are new")
        written = Written(done.put, done.renewed + done.deleted)
        yield CollectResult(done.documents, len(done.refused), {"vector_entry": written})


def queue_again(session: Session, item_keys: Collection[str]) -> int:
    """Have the documents of these letters indexed once more; how many there are."""
    document = Document
    pairs = [tuple(one.split(":", 1)) for one in item_keys]
    named = select(document.id).where(tuple_(document.collector, document.key).in_(pairs))
    found = session.scalars(named).all()
    queue(session, found)
    return len(found)


def _settle_letters(session: Session, documents: Sequence[int], failed: set[str]) -> None:
    """What is indexed now, perhaps since it was edited, waits no more."""
    letters = {one.item_key: one.id for one in ledger.open_dead_letters(session, SOURCE)}
    if not letters:
        return
    document = Document
    rows = session.execute(
        select(document.collector, document.key).where(document.id.in_(documents))
    )
    done = {_item_key(*row) for row in rows.tuples()} - failed
    settled = [number for key, number in letters.items() if key in done]
    ledger.settle_dead_letters(session, settled, "resolved")


def _letter(one: Refused) -> SetAside:
    payload = {"collector": one.collector, "key": one.key, "title": one.title}
    error = f"{type(one.error).__name__}: {one.error}"
    return SetAside(_item_key(one.collector, one.key), payload, error, classify_failure(one.error))


def _item_key(collector: str, key: str) -> str:
    return f"{collector}:{key}"
