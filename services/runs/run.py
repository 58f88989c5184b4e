"""A run under way, as its collector sees it: transactions, cursors, dead letters, progress."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from services.archive.recorder import Archive, NullArchive
from services.database import Database
from services.runs import services as ledger
from services.runs.progress import NullProgress, Progress
from services.runs.result import CollectResult
from services.runs.services import SetAside, Source


@dataclass
class Run:
    """What the lifecycle hands to a collector's hooks.

    `id` is the run's row in the ledger, None in a dry run, which leaves no trace: then `database`
    is a rehearsal, whose transactions are all undone at the end. `set_aside_keys` are the streams
    and item keys of the records that were set aside.
    """

    source: Source
    database: Database
    id: int | None = None
    progress: Progress = field(default_factory=NullProgress)
    result: CollectResult = field(default_factory=CollectResult)
    set_aside_keys: set[tuple[str, str]] = field(default_factory=set)
    archive: Archive = field(default_factory=NullArchive)
    _counting: Lock = field(default_factory=Lock, repr=False)

    @property
    def is_dry(self) -> bool:
        """Whether everything this run writes will be undone."""
        return self.id is None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One batch: committed as a whole when the block ends, or not at all.

        What the source answered until then is in the archive before.

        Raises:
            LockLost: before anything is written, when another run has taken the source over.
        """
        with self.database.transaction() as session:
            if self.id is not None:
                ledger.ensure_current(session, self.id)
            yield session
            kept = self.archive.keep(session)
        self.archive.confirm(kept)

    def add(self, part: CollectResult, *, skipped: int = 0) -> None:
        """Count a batch, once its transaction is through; from any thread.

        `skipped` are records that need no storing: progress, but nothing fetched.
        """
        with self._counting:
            self.result += part
            self.progress.advance(part.fetched + skipped)

    def read_cursor(self, stream: str) -> dict[str, Any] | None:
        """Where the stream's last stored window ended; None before its first."""
        with self.database.transaction() as session:
            return ledger.read_cursor(session, self.source, stream)

    def advance_cursor(self, session: Session, stream: str, value: dict[str, Any]) -> None:
        """Move the stream's cursor, in the transaction that stores what it moves past."""
        ledger.advance_cursor(session, self.source, stream, value)

    def set_aside(self, session: Session, stream: str, records: Sequence[SetAside]) -> None:
        """Keep records that cannot be stored, in the transaction of their neighbours."""
        ledger.set_aside(session, self.source, stream, records, run_id=self.id)
        self.set_aside_keys.update((stream, record.item_key) for record in records)

    def open_letters(self, session: Session, stream: str) -> list[str]:
        """Keys of the stream's records that were set aside and still wait."""
        letters = ledger.open_dead_letters(session, self.source)
        return [letter.item_key for letter in letters if letter.stream == stream]

    def resolve_letters(self, session: Session, stream: str, stored: Collection[str]) -> None:
        """What was set aside under these keys is stored now, or gone from the source."""
        letters = ledger.open_dead_letters(session, self.source)
        found = [one.id for one in letters if one.stream == stream and one.item_key in stored]
        ledger.settle_dead_letters(session, found, "resolved")
