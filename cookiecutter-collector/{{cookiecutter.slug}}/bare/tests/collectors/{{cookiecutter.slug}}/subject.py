"""The source of {{ cookiecutter.slug }}, for the conformance kit.

There is none yet, so nothing can happen to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.replay.server import ReplayServer
from conformance.subject import NotApplicable, Spoiling

NOTHING = "there is no source yet"


@dataclass
class Nothing:
    """A source without records."""

    server: ReplayServer | None = None
    environment: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=lambda: {"source_key": "default"})

    def fill(self, count: int) -> None:
        """A run is all there is to store."""
        del count

    def change(self, index: int) -> None:
        """Nothing to change."""
        del index
        raise NotApplicable(NOTHING)

    def delete(self, index: int) -> None:
        """Nothing to delete."""
        del index
        raise NotApplicable(NOTHING)

    def spoil(self, index: int, how: Spoiling) -> None:
        """Nothing to spoil."""
        del index, how
        raise NotApplicable(NOTHING)


class Subject:
    """This room for the kit."""

    collector = "{{ cookiecutter.slug }}"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Nothing]:
        """The same nothing everywhere."""
        del folder
        yield Nothing()


SUBJECT = Subject()
