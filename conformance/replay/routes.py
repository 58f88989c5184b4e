"""Answers that are made, not recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from conformance.replay.messages import Answer, Asked, Route, json_answer, link

DEFAULT_PER_PAGE = 30  # GitHub's
MOST_PER_PAGE = 100


def at(path: str, answer: Answer | Callable[[Asked], Answer], method: str = "GET") -> Route:
    """One path, answered always alike or by a function; HEAD is answered as GET is."""

    def route(asked: Asked) -> Answer | None:
        asked_method = "GET" if asked.method == "HEAD" else asked.method
        if (asked_method, asked.path) != (method, path):
            return None
        return answer if isinstance(answer, Answer) else answer(asked)

    return route


@dataclass(frozen=True, slots=True)
class Listing:
    """Items of a path, `?page=` and `?per_page=` of them at a time, linked as GitHub links pages.

    `item` makes the nth, counted from 0, so that a listing of any length costs nothing.
    """

    path: str
    item: Callable[[int], Any]
    total: int

    def __call__(self, asked: Asked) -> Answer | None:
        """The page that is asked for."""
        if asked.path != self.path:
            return None
        size = min(int(asked.query.get("per_page", DEFAULT_PER_PAGE)), MOST_PER_PAGE)
        page = int(asked.query.get("page", 1))
        numbers = islice(range(self.total), (page - 1) * size, page * size)
        answer = json_answer([self.item(number) for number in numbers])
        links = self._links(asked, page, -(-self.total // size))
        return replace(answer, headers={**answer.headers, **links})

    def _links(self, asked: Asked, page: int, last: int) -> dict[str, str]:
        pages = {"prev": page - 1, "first": 1} if page > 1 else {}
        pages |= {"next": page + 1, "last": last} if page < last else {}
        named = [link(self._url(asked, number), name) for name, number in pages.items()]
        return {"link": ", ".join(named)} if named else {}

    def _url(self, asked: Asked, page: int) -> str:
        query = urlencode({**asked.query, "page": page})
        return f"{asked.base_url}{self.path}?{query}"


def listing(path: str, items: Sequence[Any]) -> Listing:
    """A listing of these items."""
    return Listing(path, items.__getitem__, len(items))
