"""The source of {{ cookiecutter.slug }}, made to order.

What the conformance kit asks a room for.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.replay.server import ReplayServer
from conformance.subject import Spoiling

PER_FILE = 40


@dataclass
class Files:
    """A folder of files, each with some of the records."""

    folder: Path
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    server: ReplayServer | None = None
    environment: dict[str, str] = field(default_factory=dict)
    impatience: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """Where the folder is."""
        return {"folder": str(self.folder)}

    def fill(self, count: int) -> None:
        """So many records in as many files as it takes."""
        self.records = {
            number: {"id": f"record-{number}", "title": f"Record {number}"}
            for number in range(count)
        }
        for first in range(0, count, PER_FILE):
            self._write(first)

    def change(self, index: int) -> None:
        """Another title."""
        self._put(index, title=f"{self.records[index]['title']}, changed")

    def delete(self, index: int) -> None:
        """Its line goes."""
        del self.records[index]
        self._write(index)

    def spoil(self, index: int, how: Spoiling) -> None:
        """Its title is what suffers."""
        match how:
            case "missing":
                del self.records[index]["title"]
                self._write(index)
            case "wrong_type":
                self._put(index, title=["not", "a", "title"])
            case "extra":
                self._put(index, colour={"of": "the record"})
            case "nul":
                self._put(index, title="before\0after")
            case "surrogate":
                self._put(index, title="before\ud83dafter")

    def _put(self, index: int, **fields: Any) -> None:
        self.records[index] = {**self.records[index], **fields}
        self._write(index)

    def _write(self, index: int) -> None:
        """The file that holds the record; it is whole at any moment."""
        part = index // PER_FILE
        numbers = range(part * PER_FILE, (part + 1) * PER_FILE)
        lines = [json.dumps(self.records[number]) for number in numbers if number in self.records]
        new = self.folder / ".new"
        new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        new.replace(self.folder / f"part-{part:04d}.jsonl")


class Subject:
    """This room for the kit."""

    collector = "{{ cookiecutter.slug }}"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Files]:
        """An empty folder."""
        source = folder / "source"
        source.mkdir()
        yield Files(source)


SUBJECT = Subject()
