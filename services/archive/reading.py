"""Reading segments back: whole, or with a name for what is wrong with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from services.archive.models import ArchiveSegment
from services.archive.place import ArchivePlace
from services.archive.segments import read_exchanges
from services.errors import CollectorError, CollectorFailureCategory
from services.http.observing import Exchange


class ArchiveDamaged(CollectorError):
    """Segments are missing or are not what was written; what they hold was not read."""

    category = CollectorFailureCategory.VALIDATION


@dataclass
class Payloads:
    """The answers of these segments, as often as they are asked for, the oldest first.

    A segment that is missing or not what was written is left out and noted: the others count.
    Memory holds one segment and one answer.
    """

    place: ArchivePlace
    segments: Sequence[ArchiveSegment]
    damage: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Exchange]:
        for segment in self.segments:
            yield from self._read(segment)

    def newest(self) -> Iterator[Exchange]:
        """Of every page the answer that arrived last, where one answer says all there is."""
        last = {exchange.page: number for number, exchange in enumerate(self)}
        wanted = set(last.values())
        yield from (exchange for number, exchange in enumerate(self) if number in wanted)

    def require_whole(self) -> None:
        """To be asked when all is read.

        Raises:
            ArchiveDamaged: naming the segments that could not be read.
        """
        if self.damage:
            told = "; ".join(f"{path} {problem}" for path, problem in self.damage.items())
            raise ArchiveDamaged(
                f"not read, in {self.place.url}: {told}. Put a copy of them back and do it again;"
                " all others were read"
            )

    def _read(self, segment: ArchiveSegment) -> Iterator[Exchange]:
        content = _content(self.place, segment)
        if isinstance(content, str):
            self.damage[segment.path] = content
            return
        yield from read_exchanges(content)


def damage(place: ArchivePlace, segment: ArchiveSegment) -> str | None:
    """What is wrong with a segment, in words; None when it is what was written."""
    content = _content(place, segment)
    return content if isinstance(content, str) else None


def _content(place: ArchivePlace, segment: ArchiveSegment) -> bytes | str:
    content = place.read(segment.path)
    if content is None:
        return "is missing"
    counted = content[: segment.bytes]
    return counted if sha256(counted).hexdigest() == segment.sha256 else "is not what was written"
