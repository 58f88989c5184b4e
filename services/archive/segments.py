"""A segment's bytes: answers one after the other, compressed with zstd.

Each is a line of JSON that says what was asked and how many bytes follow, then the body as it was
received, then a line feed: `zstd -dc FILE | less` shows all there is. What is committed together
is a frame of its own, so a file that is cut there is still whole up to the cut.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import orjson

from services.http.messages import Response
from services.http.observing import Exchange
from services.redaction import redact

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1  # a page of JSON in a millisecond, to a fifth of its size; more costs more than it saves
KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "link")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a segment lies where it is kept."""

    exchanges: int
    bytes: int
    sha256: str
    first_at: datetime
    last_at: datetime


class Segment:
    """A segment as it grows: `is_open` from an answer to the end of its frame. Not thread-safe."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(LEVEL)
        self._bytes = bytearray()
        self._digest = sha256()
        self._hashed = 0
        self._exchanges = 0
        self.is_open = False
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None

    @property
    def size(self) -> int:
        """Bytes so far; the compressor holds back some more."""
        return len(self._bytes)

    def add(self, exchange: Exchange) -> None:
        """One more answer."""
        for piece in _encoded(exchange):
            self._bytes += self._compressor.compress(piece)
        at = exchange.response.fetched_at
        self._first_at = min(self._first_at or at, at)
        self._last_at = max(self._last_at or at, at)
        self._exchanges += 1
        self.is_open = True

    def end_frame(self) -> bytes:
        """All of its bytes, which can be read as they are."""
        if self.is_open:
            self._bytes += self._compressor.flush(zstd.ZstdCompressor.FLUSH_FRAME)
            self.is_open = False
        return bytes(self._bytes)

    def extent(self) -> Extent | None:
        """What is whole once the frame is ended; None as long as nothing was added."""
        if self._first_at is None or self._last_at is None:
            return None
        self._digest.update(memoryview(self._bytes)[self._hashed :])
        self._hashed = len(self._bytes)
        digest = self._digest.hexdigest()
        return Extent(self._exchanges, self.size, digest, self._first_at, self._last_at)


def read_exchanges(content: bytes) -> Iterator[Exchange]:
    """The answers of a segment that is known to be whole, oldest first, one in memory at a time."""
    with zstd.ZstdFile(BytesIO(content)) as file:
        while line := file.readline():
            head = orjson.loads(line)
            body = file.read(head["size"])
            file.read(1)
            yield _exchange(head, body)


def _encoded(exchange: Exchange) -> tuple[bytes, bytes, bytes]:
    response = exchange.response
    head = {
        "method": exchange.method,
        "url": exchange.url,
        "page": exchange.page,
        "asked": exchange.asked,
        "status": response.status,
        "headers": _kept(response.headers),
        "answered_by": response.url,
        "fetched_at": response.fetched_at,
        "size": len(response.body),
    }
    return orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE), response.body, b"\n"


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What tells how to read the body; without what a link may hold of secrets."""
    return {name: redact(headers[name]) for name in KEPT_HEADERS if name in headers}


def _exchange(head: Mapping[str, Any], body: bytes) -> Exchange:
    response = Response(
        status=head["status"],
        headers=head["headers"],
        body=body,
        url=head["answered_by"],
        fetched_at=datetime.fromisoformat(head["fetched_at"]),
    )
    return Exchange(head["method"], head["url"], head["page"], head["asked"], response)
