"""A year of edits: 10,000 inserts, edits and deletions, indexed and verified after every batch."""

from random import Random
from time import perf_counter

from benchmarks.measuring import scratch_database, scratch_postgres
from services.vectors.settings import VectorSettings
from tests.support.histories import History
from tests.support.indexing import Indexing

EDITS = 10_000
BATCH = 500


def rows() -> list[dict[str, object]]:
    """How many batches were found without a difference, and how much was embedded for them."""
    with scratch_postgres() as server, scratch_database(server, "edits") as database:
        indexing = Indexing(database, VectorSettings(vectors_index="pgvector"))
        history = History(indexing, Random(20260101))
        begun = perf_counter()
        right = embedded = 0
        for _ in range(EDITS // BATCH):
            history.edit(BATCH)
            embedded += indexing.sync().put
            right += indexing.is_right() and history.is_kept()
        taken = perf_counter() - begun
    return [
        {
            "edits": EDITS,
            "batches_without_a_difference": f"{right} of {EDITS // BATCH}",
            "chunks_of_edited_documents": history.chunks,
            "embedded_of_these": round(embedded / history.chunks, 3),
            "edits_per_second": round(EDITS / taken),
        }
    ]
