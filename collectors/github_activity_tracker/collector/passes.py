"""Passes through what GitHub lists: the pages of the next one come while the last of one are stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from collectors.github_activity_tracker.client.listings import Page, Pages
from collectors.github_activity_tracker.collector.source import BATCH_PAGES, batched
from services.prefetch import prefetched_each


class Pass(Protocol):
    """One pass through a listing."""

    def pages(self) -> Pages:
        """What is to be stored; asked for in another thread, before anything else of the pass.

        Raises:
            CollectorError: as `HttpClient.send`.
        """

    def store(self, pages: Sequence[Page]) -> None:
        """A batch of them, and how far the pass is."""

    def finish(self) -> None:
        """What is left to do once all is stored."""


Make = Callable[[], None]


@contextmanager
def passes_ahead(passes: Mapping[str, Pass], depth: int) -> Iterator[Mapping[str, Make]]:
    """What makes each pass: to be called in their order, though any may be left out.

    Up to `depth` pages are fetched before they are stored. A call raises what `Pass.pages` does;
    what was stored until then is not read again.
    """
    sources = [one.pages() for one in passes.values()]
    with prefetched_each(sources, depth) as found:
        yield {
            name: _making(passes[name], pages) for name, pages in zip(passes, found, strict=True)
        }


def make_pass(one: Pass, depth: int) -> None:
    """A single one."""
    with passes_ahead({"": one}, depth) as made:
        made[""]()


def _making(one: Pass, pages: Iterator[Page]) -> Make:
    def make() -> None:
        for batch in batched(pages, BATCH_PAGES):
            one.store(batch)
        one.finish()

    return make
