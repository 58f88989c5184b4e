"""The collectors' contract: the hooks of their lifecycle, in the order they are called.

A collector knows nothing of how it is scheduled, retried or watched.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from services.archive.reading import Payloads
from services.completeness.comparing import Comparison
from services.errors import CollectorFailureCategory, ConfigError
from services.failures import classify_failure
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.vectors.running import sync_collector

logger = logging.getLogger(__name__)


class AbstractCollector(ABC):
    """One run of one source: built from the flow's parameters, used once, by one thread."""

    name: ClassVar[str]
    """Slug of the collector: its package's name, and its identity in logs, tables and alerts."""

    takes_slot: ClassVar[bool] = True
    """Whether it counts against a limit of its runs; not if it only waits for others that do."""

    @property
    @abstractmethod
    def source_key(self) -> str:
        """Which source this run works on; runs of one source never overlap."""

    @property
    def title(self) -> str:
        """What people call the source, where the key is unwieldy."""
        return self.source_key

    @property
    def reads_all(self) -> bool:
        """Whether a completed run leaves the tables as new as the source.

        Not when its parameters narrow it down, e.g. to some years: it says nothing of the others.
        """
        return True

    @abstractmethod
    def validate_config(self) -> None:
        """Check parameters and settings, quickly and without touching the network.

        Raises:
            ConfigError: naming all that is wrong at once and where to mend it.
        """

    @abstractmethod
    def collect(self, run: Run) -> CollectResult:
        """Bring the tables to what the source says: client → batches → services → cursor.

        Called again from the start when it failed for a reason that may pass, so it goes on from
        its cursor and writes nothing twice. Returns what the whole run did: `run.result`.
        """

    def sync_pinecone(self, run: Run) -> CollectResult | None:
        """Bring the search index to what the tables say; None when there is nothing to index.

        What was put with `services.vectors.services.put_documents` and waits is indexed here; a room
        has nothing to add.
        """
        return sync_collector(run)

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Try once more to store the records of dead letters; what still fails is set aside again.

        Raises:
            ConfigError: when the collector cannot do that.
        """
        del run, letters
        raise ConfigError(f"{self.name} cannot replay dead letters: run it again instead")

    def reprocess(self, run: Run, payloads: Payloads) -> CollectResult:
        """Store once more what the archive has of the source, without asking the source.

        The same as when it was fetched, by the code of today; older payloads never overwrite newer
        data, cursors never go forward, dead letters whose records are stored now are resolved.
        Returns what the whole run did: `run.result`.

        Raises:
            ConfigError: when the collector cannot do that.
        """
        del run, payloads
        raise ConfigError(f"{self.name} cannot read its archive again: run it again instead")

    def reconcile(self, run: Run, sample: int) -> Sequence[Comparison]:
        """Compare counts, and about `sample` records of each stream, at the source with the tables.

        Writes nothing: the gaps that it names are queued, and `collect` repairs what is queued
        (`services.completeness.services.open_repairs`).

        Raises:
            ConfigError: when the collector cannot do that.
        """
        del run, sample
        raise ConfigError(f"{self.name} cannot compare its tables with its source")

    def handle_error(self, error: Exception, phase: str) -> CollectorFailureCategory:
        """Sort an error and log it, once; the lifecycle raises the error itself again.

        Override it only when the default category is wrong for the source.
        """
        category = classify_failure(error)
        logger.error(
            "%s %s failed in %s: %s: %s",
            self.name,
            self.source_key,
            phase,
            category,
            error,
            exc_info=error,
            extra={"failure_category": category.value},
        )
        return category
