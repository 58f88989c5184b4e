"""The folder: which files are in it, and the records in them."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from collectors.{{ cookiecutter.slug }}.parsing import Record, RejectedRecord, read_line, read_row
from services.errors import SourceUnavailable

KINDS = (".csv", ".jsonl")
CHUNK_BYTES = 1 << 20


def find_files(folder: Path) -> dict[str, Path]:
    """The files by their path below the folder, in its order; hidden ones are none of ours."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("[!.]*")}
    return {name: found[name] for name in sorted(found) if found[name].suffix in KINDS}


def content_digest(path: Path) -> str:
    """Tells contents apart. Times do not: a file may change twice in a tick of the clock.

    Raises:
        SourceUnavailable: the file is gone meanwhile.
    """
    with _opened(path) as file:
        digest = blake2b(digest_size=16)
        for chunk in iter(partial(file.read, CHUNK_BYTES), b""):
            digest.update(chunk)
        return digest.hexdigest()


@dataclass(slots=True)
class Reading:
    """One pass over a file; `digest` is, in the end, that of the content that was read."""

    path: Path
    _digest: "blake2b" = field(default_factory=partial(blake2b, digest_size=16))

    @property
    def digest(self) -> str:
        """Of what was read until now."""
        return self._digest.hexdigest()

    def records(self) -> Iterator[Record | RejectedRecord]:
        """Record by record, in bounded memory.

        Raises:
            SourceUnavailable: the file is gone meanwhile.
        """
        with _opened(self.path) as file:
            lines = self._lines(file)
            yield from _rows(lines) if self.path.suffix == ".csv" else map(read_line, lines)

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        for line in file:
            self._digest.update(line)
            if line.strip():
                yield line


def _rows(lines: Iterator[bytes]) -> Iterator[Record | RejectedRecord]:
    """A byte that is no text stands as an escape: in CSV nobody knows where its record ends."""
    texts = (line.decode("utf-8", "backslashreplace") for line in lines)
    first = next(texts, "").removeprefix("\ufeff")
    yield from map(read_row, csv.DictReader(chain([first], texts)))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise SourceUnavailable(f"{path} is gone while the folder is read") from error
