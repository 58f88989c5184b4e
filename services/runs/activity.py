"""What a run is doing, kept beside its data for those who look from outside.

A heartbeat would only prove that a thread of its process lives; what counts here is that records
are stored, or that the collector says what it waits for.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.database import Database, DatabaseError
from services.runs.services import note_activity

logger = logging.getLogger(__name__)
# Each note is a transaction of its own.
SECONDS_BETWEEN_NOTES = 5.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class LedgerProgress:
    """Notes of one run in the ledger. A note that cannot be written costs a warning, not the run."""

    database: Database
    run_id: int
    now: Callable[[], datetime] = _utc_now
    clock: Callable[[], float] = time.monotonic
    total: int = 0
    done: int = 0
    unit: str = "records"
    noted_at: float = float("-inf")

    def expect(self, total: int, unit: str) -> None:
        """More is to come."""
        self.total += total
        self.unit = unit
        self._count()

    def advance(self, amount: int) -> None:
        """Some of it is stored."""
        self.done += amount
        self._count()

    def say(self, text: str, until: datetime | None = None) -> None:
        """Something else than counting goes on; `until` when it waits."""
        self.noted_at = self.clock()
        self._note(text, until)

    def _count(self) -> None:
        if self.clock() - self.noted_at >= SECONDS_BETWEEN_NOTES:
            of_total = f" of {self.total:,}" if self.total else ""
            self.say(f"{self.done:,}{of_total} {self.unit}")

    def _note(self, doing: str, until: datetime | None) -> None:
        try:
            with self.database.transaction() as session:
                note_activity(session, self.run_id, doing, now=self.now(), waits_until=until)
        except DatabaseError:
            logger.warning("the ledger did not take what run %s is doing: %s", self.run_id, doing)
