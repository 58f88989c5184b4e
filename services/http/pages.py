"""Pages of a listing, linked by the `Link` header, each fetched while the last one is stored."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

from services.errors import RecordRejected
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.settings import Sleep
from services.prefetch import prefetched

# How soon a page that is waiting for quota notices that nobody wants it any more.
NOTICE_SECONDS = 1.0


class _UnwantedError(Exception):
    """Nobody waits for the next page any more."""


@contextmanager
def pages(
    client: HttpClient,
    request: Request,
    *,
    most: int,
    first: Response | None = None,
    ahead: int = 1,
) -> Iterator[Iterator[Response]]:
    """The pages from `request` to the last; `ahead` of them are fetched in a thread meanwhile.

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
    unwanted = Event()
    patient = client.sleeping(lambda sleep: _until(unwanted, sleep))
    with prefetched(_walk(patient, request, most, first), ahead) as found:
        try:
            yield found
        finally:
            unwanted.set()


def _walk(
    client: HttpClient, request: Request, most: int, first: Response | None
) -> Generator[Response, None, None]:
    seen = {client.address(request)}
    page = first or client.send(request)
    for _ in range(most - 1):
        yield page
        if page.next_url is None:
            return
        _require_new(page, page.next_url, seen)
        request = replace(request, target=page.next_url, params=None)
        page = client.send(request)
    yield page
    if page.next_url is not None:
        raise RecordRejected(f"{page.url} is page {most}, and more follow: that is too many")


def _require_new(page: Response, following: str, seen: set[str]) -> None:
    if following in seen:
        raise RecordRejected(f"{page.url} links back to a page before it: the listing has no end")
    seen.add(following)


def _until(unwanted: Event, sleep: Sleep) -> Sleep:
    """Sleeps in short pieces, and no longer than anybody wants to know what comes after."""

    def nap(seconds: float) -> None:
        while seconds > 0:
            if unwanted.is_set():
                raise _UnwantedError
            sleep(min(seconds, NOTICE_SECONDS))
            seconds -= NOTICE_SECONDS

    return nap
