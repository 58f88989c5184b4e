"""The source of {{ cookiecutter.slug }}, made to order.

What the conformance kit asks a room for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conformance.replay.messages import Answer, Asked
from conformance.replay.routes import listing
from conformance.replay.server import ReplayServer, replaying
from conformance.subject import Spoiling

PROJECT = "main"
FIRST_CHANGE = datetime(2026, 1, 1, tzinfo=UTC)


def item(number: int) -> dict[str, Any]:
    """The nth item as the source first had it."""
    return {
        "id": number + 1,
        "title": f"Item {number}",
        "body": None if number % 3 == 0 else f"What there is to say of {number}.",
        "updated_at": (FIRST_CHANGE + timedelta(seconds=number)).isoformat(),
        "deleted": False,
    }


@dataclass
class Items:
    """A source that lists the items of a project."""

    server: ReplayServer = field(default_factory=ReplayServer)
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The source's address, a token, and little patience."""
        return {
            "{{ cookiecutter.__env_prefix }}BASE_URL": self.server.url,
            "{{ cookiecutter.__env_prefix }}TOKEN": "token-of-the-source",
            "{{ cookiecutter.__env_prefix }}PATIENCE_SECONDS": "0.5",
        }

    @property
    def impatience(self) -> dict[str, str]:
        """So long it waits for an answer of a source that gives none."""
        return {"{{ cookiecutter.__env_prefix }}READ_SECONDS": "1"}

    @property
    def parameters(self) -> dict[str, Any]:
        """The project."""
        return {"project": PROJECT}

    def fill(self, count: int) -> None:
        """The first items, as they were at first."""
        self.items = [item(number) for number in range(count)]

    def change(self, index: int) -> None:
        """Another title."""
        self._touch(index, title=f"{self.items[index]['title']}, changed")

    def delete(self, index: int) -> None:
        """The source goes on listing it, as deleted."""
        self._touch(index, deleted=True)

    def spoil(self, index: int, how: Spoiling) -> None:
        """Its title is what suffers."""
        match how:
            case "missing":
                self._touch(index)
                del self.items[index]["title"]
            case "wrong_type":
                self._touch(index, title=["not", "a", "title"])
            case "extra":
                self._touch(index, colour={"of": "the item"})
            case "nul":
                self._touch(index, title="before\0after")
            case "surrogate":
                self._touch(index, title="before\ud83dafter")

    def answer(self, asked: Asked) -> Answer | None:
        """One page: the items by id, from the time asked for on, or those that changed last first."""
        since = asked.query.get("since", FIRST_CHANGE.isoformat())
        found = [one for one in self.items if _changed_at(one) >= datetime.fromisoformat(since)]
        if asked.query.get("sort") == "updated":
            found.sort(key=_changed_at, reverse=True)
        return listing(f"/projects/{PROJECT}/items", found)(asked)

    def _touch(self, index: int, **fields: Any) -> None:
        now = self.server.now().isoformat()
        self.items[index] = {**self.items[index], **fields, "updated_at": now}


def _changed_at(one: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(one["updated_at"])


class Subject:
    """This room for the kit."""

    collector = "{{ cookiecutter.slug }}"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Items]:
        """A source without items."""
        del folder
        world = Items()
        with replaying(world.answer) as world.server:
            yield world


SUBJECT = Subject()
