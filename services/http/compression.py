"""Bodies as they travel → bodies, by a bounded amount of memory however small they travel."""

import zlib
from typing import Protocol

from services.errors import RecordRejected, SourceUnavailable

GZIP = zlib.MAX_WBITS | 16  # https://docs.python.org/3/library/zlib.html#zlib.decompress


class Decoder(Protocol):
    """Makes bytes of bytes, piece by piece."""

    def decode(self, data: bytes, room: int) -> bytes:
        """What `data` adds, cut off after `room` bytes."""

    def finish(self) -> None:
        """Complain when something is missing at the end."""


class Plain:
    """Bodies that are not compressed."""

    def decode(self, data: bytes, room: int) -> bytes:
        """The data."""
        return data[:room]

    def finish(self) -> None:
        """Content-Length and chunks have been checked already."""


class Compressed:
    """gzip, perhaps of several members. httpx takes a cut one for whole, and a bomb for a body."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(GZIP)
        self._begun = False

    def decode(self, data: bytes, room: int) -> bytes:
        """What the data stands for.

        Raises:
            SourceUnavailable: it is broken.
        """
        try:
            return b"".join(self._pieces(data, room))
        except zlib.error as error:
            raise SourceUnavailable(f"the compressed answer is broken: {error}") from error

    def finish(self) -> None:
        """Nothing.

        Raises:
            SourceUnavailable: the end is missing.
        """
        if self._begun and not self._member.eof:
            raise SourceUnavailable("the compressed answer is cut short")

    def _pieces(self, data: bytes, room: int) -> list[bytes]:
        pieces: list[bytes] = []
        while data and room > 0:
            if self._member.eof:
                self._member = zlib.decompressobj(GZIP)
            self._begun = True
            pieces.append(self._member.decompress(data, room))
            room -= len(pieces[-1])
            data = self._member.unused_data
        return pieces


def decoder(encoding: str) -> Decoder:
    """What undoes a `Content-Encoding`.

    Raises:
        RecordRejected: we never said that we understand it.
    """
    if encoding in {"gzip", "x-gzip"}:
        return Compressed()
    if encoding in {"", "identity"}:
        return Plain()
    raise RecordRejected(f"the source answers with Content-Encoding {encoding!r}, unasked")
