"""Keeps what a run is answered: written before the data that is made of it is committed."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from re import sub
from threading import Lock
from typing import Protocol
from uuid import uuid4

from sqlalchemy.orm import Session

from services.archive.place import ArchivePlace
from services.archive.segments import Segment
from services.archive.services import SegmentEntry, list_segments
from services.http.observing import Exchange

# A store gets the whole segment again with each transaction, and memory holds one of them.
SEGMENT_BYTES = 4 * 2**20

Kept = tuple[SegmentEntry, ...]


class Archive(Protocol):
    """Where a run's answers go."""

    def keep(self, session: Session) -> Kept:
        """Write what was answered so far and list it in this transaction, which may yet fail."""

    def confirm(self, kept: Kept) -> None:
        """That transaction is through."""


class NullArchive:
    """Nothing is kept: the archive is off, or this is a dry run."""

    def keep(self, session: Session) -> Kept:
        """Nothing."""
        del session
        return ()

    def confirm(self, kept: Kept) -> None:
        """Nothing."""


@dataclass
class Recorder:
    """Keeps the answers of one run; for any number of threads.

    A segment is full at `segment_bytes`, compressed. Bytes are written by whoever commits next, or
    by whoever fills the segment: memory holds one of them.
    """

    place: ArchivePlace
    collector: str
    source_key: str
    run_id: int
    begun: datetime
    segment_bytes: int = SEGMENT_BYTES
    _lock: Lock = field(default_factory=Lock, repr=False)
    _segment: Segment = field(default_factory=Segment, repr=False)
    _number: int = 1
    _written: int = 0
    _unlisted: dict[str, SegmentEntry] = field(default_factory=dict, repr=False)
    _token: str = field(default_factory=lambda: uuid4().hex[:8])

    def observe(self, exchange: Exchange) -> None:
        """An answer has arrived.

        Raises:
            OSError: the segment is full and cannot be written.
        """
        with self._lock:
            self._segment.add(exchange)
            if self._segment.size >= self.segment_bytes:
                self._write()
                self._segment, self._number, self._written = Segment(), self._number + 1, 0

    @property
    def has_rest(self) -> bool:
        """Whether there are answers that no transaction has listed yet."""
        with self._lock:
            segment = self._segment
            return segment.is_open or segment.size != self._written or bool(self._unlisted)

    def keep(self, session: Session) -> Kept:
        """Write what was answered so far and list it in this transaction, which may yet fail.

        Raises:
            OSError: it cannot be written, so what was made of it must not be committed.
        """
        with self._lock:
            self._write()
            unlisted = tuple(self._unlisted.values())
        list_segments(session, unlisted)
        return unlisted

    def confirm(self, kept: Kept) -> None:
        """That transaction is through; what has grown meanwhile is listed with the next one."""
        with self._lock:
            for entry in kept:
                if self._unlisted.get(entry.path) == entry:
                    del self._unlisted[entry.path]

    def _write(self) -> None:
        content = self._segment.end_frame()
        extent = self._segment.extent()
        if extent is None or extent.bytes == self._written:
            return
        self.place.write(self._path, content, self._written)
        self._written = extent.bytes
        entry = SegmentEntry(self._path, self.collector, self.source_key, self.run_id, extent)
        self._unlisted[entry.path] = entry

    @property
    def _path(self) -> str:
        """A name of its own, also after a database was restored that counts its runs again."""
        name = f"{self.begun:%Y%m%dT%H%M%SZ}-run{self.run_id}-{self._token}-{self._number:04}.zst"
        return f"{self.collector}/{_folder_name(self.source_key)}/{self.begun:%Y/%m}/{name}"


def _folder_name(source_key: str) -> str:
    """Readable, and different for every source key."""
    readable = sub(r"[^A-Za-z0-9._-]+", "-", source_key).strip("-.")[-80:]
    return f"{readable}-{sha256(source_key.encode()).hexdigest()[:8]}"
