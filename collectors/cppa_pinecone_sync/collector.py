"""The hooks: index what waits."""

from collections.abc import Sequence
from typing import ClassVar

from collectors import AbstractCollector
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.vectors.queue import lags
from services.vectors.running import SOURCE, index_documents, queue_again


class CppaPineconeSync(AbstractCollector):
    """Drains the queue, of one collector's documents or of all."""

    name: ClassVar[str] = SOURCE.collector

    def __init__(self, collector: str | None = None) -> None:
        self._collector = collector

    @property
    def source_key(self) -> str:
        """There is one queue."""
        return SOURCE.source_key

    def validate_config(self) -> None:
        """Nothing: which index and model can be had is seen when they are opened."""

    def collect(self, run: Run) -> CollectResult:
        """Index everything that waits; a rehearsal says what that is.

        Raises:
            CollectorError: the index or the model cannot be had, and what was not done waits.
        """
        if run.is_dry:
            self._say_what_waits(run)
            return run.result
        for part in index_documents(run, self._collector):
            run.add(part)
        return run.result

    def sync_pinecone(self, run: Run) -> None:
        """Nothing: that was `collect`."""

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Index the documents of these letters once more, as they are now."""
        with run.transaction() as session:
            queue_again(session, [letter.item_key for letter in letters])
        return self.collect(run)

    def _say_what_waits(self, run: Run) -> None:
        with run.transaction() as session:
            waiting = lags(session)
        for one in waiting:
            run.progress.say(f"{one.documents} documents of {one.collector} wait")
