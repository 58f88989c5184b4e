"""What a made repository keeps, in the orders that it is asked for, and pages of that."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from conformance.replay.messages import Answer, Asked, json_answer, link
from conformance.replay.routes import DEFAULT_PER_PAGE, MOST_PER_PAGE
from tests.support.github_payloads import Entry, Place

Render = Callable[[Entry, Place], dict[str, Any]]


@dataclass(frozen=True)
class Shape:
    """How much a world holds: every nth issue is a pull request, has comments, and so on; 0 is none."""

    pull_every: int = 3
    comment_every: int = 2
    review_every: int = 3
    review_comment_every: int = 6


@dataclass
class Shelf:
    """Entries of one kind by their keys."""

    entries: dict[int, Entry] = field(default_factory=dict)
    _orders: dict[tuple[str, bool], list[tuple[datetime, int]]] = field(default_factory=dict)

    def put(self, entry: Entry) -> None:
        self.entries[entry.key] = entry
        self._orders.clear()

    def drop(self, key: int) -> None:
        self.entries.pop(key, None)
        self._orders.clear()

    def clear(self) -> None:
        self.entries.clear()
        self._orders.clear()

    def ordered(self, sort: str, *, pulls: bool) -> list[tuple[datetime, int]]:
        """Time and key of each, or of each pull request, the oldest first."""
        if (sort, pulls) not in self._orders:
            every = self.entries.values()
            times = ((getattr(one, sort), one.key) for one in every if one.is_pull or not pulls)
            self._orders[(sort, pulls)] = sorted(times)
        return self._orders[(sort, pulls)]


def list_page(asked: Asked, shelf: Shelf, render: Render, place: Place, *, pulls: bool) -> Answer:
    """The page that is asked for; pull requests are listed whatever `since` says."""
    query = asked.query
    order = shelf.ordered(query.get("sort", "created"), pulls=pulls)
    start = 0
    if "since" in query and not pulls:
        start = bisect_left(order, (datetime.fromisoformat(query["since"]), 0))
    is_descending = query.get("direction", "desc") == "desc"

    def nth(number: int) -> dict[str, Any]:
        _, key = order[-1 - number if is_descending else start + number]
        return render(shelf.entries[key], place)

    return paged(asked, len(order) - start, nth)


def one_of(shelf: Shelf, key: int, render: Render, place: Place) -> Answer | None:
    """One entry by itself."""
    entry = shelf.entries.get(key)
    return json_answer(render(entry, place)) if entry else None


def paged(asked: Asked, total: int, nth: Callable[[int], Any]) -> Answer:
    """The page that is asked for, linked to its neighbours."""
    size = min(int(asked.query.get("per_page", DEFAULT_PER_PAGE)), MOST_PER_PAGE)
    page, last = int(asked.query.get("page", 1)), -(-total // size)
    answer = json_answer([nth(n) for n in range((page - 1) * size, min(page * size, total))])
    pages = {"prev": page - 1, "first": 1} if page > 1 else {}
    pages |= {"next": page + 1, "last": last} if page < last else {}
    links = [link(_url(asked, number), name) for name, number in pages.items()]
    named = {"link": ", ".join(links)} if links else {}
    return Answer(200, {**answer.headers, **named}, answer.body)


def _url(asked: Asked, page: int) -> str:
    return f"{asked.base_url}{asked.path}?{urlencode({**asked.query, 'page': page})}"
