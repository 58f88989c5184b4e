"""Pages of a listing, linked by the `Link` header, fetched ahead of whoever stores them."""

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from typing import Self

from services.errors import RecordRejected
from services.http.addresses import numbered_after
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.prefetch import prefetched, sleep_while_wanted


@contextmanager
def pages(
    client: HttpClient,
    request: Request,
    *,
    most: int,
    first: Response | None = None,
    ahead: int = 1,
    at_once: int = 1,
) -> Iterator[Iterator[Response]]:
    """The pages from `request` to the last; `ahead` of them are fetched in a thread meanwhile.

    `at_once` pages are fetched at the same time where the source numbers its pages and says which
    is the last: as GitHub does, except for listings that go on by a cursor, which can only be
    walked. Order, end and errors are those of one after the other.

    To go on where another run has stopped, ask for the `next_url` of the last page it stored.
    `first` is the answer to `request` where the caller has it already, perhaps because it asked
    whether anything had changed. Leaving the block ends a wait for quota within a second, and a
    fetch within its own bounds.

    The iterator raises, at the place of the page, what `HttpClient.send` raises, and:
        RecordRejected: a page links back to one before it, or away from the source, or there are
            more than `most`. What was yielded is not all there is.
    """
    if first is not None and first.not_modified:
        raise ValueError(f"{first.url} is not modified: nobody knows whether pages follow it")
    patient = client.sleeping(sleep_while_wanted)
    with prefetched(_walk(patient, request, most, first, at_once), ahead) as found:
        yield found


def _walk(
    client: HttpClient, request: Request, most: int, first: Response | None, at_once: int
) -> Generator[Response, None, None]:
    seen = {client.address(request)}
    page = first or client.send(request)
    with _Fetching(client, request, at_once) as fetching:
        for _ in range(most - 1):
            yield page
            if page.next_url is None:
                return
            _require_new(page, page.next_url, seen)
            page = fetching.get(page.next_url, page.last_url)
    yield page
    if page.next_url is not None:
        raise RecordRejected(f"{page.url} is page {most}, and more follow: that is too many")


def _require_new(page: Response, following: str, seen: set[str]) -> None:
    if following in seen:
        raise RecordRejected(f"{page.url} links back to a page before it: the listing has no end")
    seen.add(following)


class _Fetching:
    """Fetches a page, and with it those that its number says will follow: a guess, never trusted.

    Which page follows is said by the page before it. A guess that is wrong costs a request.
    """

    def __init__(self, client: HttpClient, request: Request, at_once: int) -> None:
        self._client = client
        self._request = request
        self._at_once = at_once
        self._threads = ThreadPoolExecutor(at_once, "page")  # which starts none before its first
        self._under_way: dict[str, Future[Response]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def get(self, url: str, last_url: str | None) -> Response:
        """The page, once it is there; those after it come meanwhile."""
        guesses = numbered_after(url, last_url, self._at_once - 1)
        if not guesses and url not in self._under_way:
            return self._fetch(url)
        for one in (url, *guesses):
            if one not in self._under_way:
                self._under_way[one] = self._threads.submit(copy_context().run, self._fetch, one)
        return self._under_way.pop(url).result()

    def _fetch(self, url: str) -> Response:
        return self._client.send(replace(self._request, target=url, params=None))
