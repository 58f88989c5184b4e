"""From git's listing to records; pure functions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64})\t(refs/.+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name and the object that it stands for."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class RejectedReference:
    """A line that names no reference that we can store; bytes that are no text stand as escapes."""

    line: str
    reason: str


def read_listing(listing: bytes) -> Iterator[Reference | RejectedReference]:
    """Line by line, in git's order."""
    return map(read_line, listing.splitlines())


def read_line(line: bytes) -> Reference | RejectedReference:
    """One line of the listing."""
    found = _LINE.fullmatch(line)
    if found is None:
        return _rejected(line, "no object, tab and reference")
    try:
        return Reference(found[2].decode("utf-8"), found[1].decode("ascii"))
    except UnicodeDecodeError:
        return _rejected(line, "the name is not UTF-8")


def _rejected(line: bytes, reason: str) -> RejectedReference:
    return RejectedReference(line.decode("utf-8", "backslashreplace"), reason)
