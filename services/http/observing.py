"""What sources have answered, told to whoever keeps it: the seam of the raw archive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from services.http.messages import Response


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer of status 2xx, without credentials.

    `url` is what was asked, where `response.url` is what answered after redirects; both are for
    people, without secrets, so `page` tells one question from all others. `asked` is the body of a
    question that has one, without secrets too.
    """

    method: str
    url: str
    page: str
    asked: str
    response: Response


Observer = Callable[[Exchange], None]
"""Called in the thread that fetched, before anybody reads the answer; what it raises ends the call."""


_OBSERVER: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(by: Observer | None) -> Iterator[None]:
    """Clients that are made in this block tell `by` what they are answered, as long as they live.

    With None they tell nobody, whoever listens around the block.
    """
    token = _OBSERVER.set(by)
    try:
        yield
    finally:
        _OBSERVER.reset(token)


def current_observer() -> Observer | None:
    """Who listens here; None unless somebody asked to: then no exchange need be made."""
    return _OBSERVER.get()
