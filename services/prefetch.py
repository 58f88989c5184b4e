"""Reading ahead of whoever stores, in a thread, by a bounded amount."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar, copy_context
from queue import Empty, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
Sleep = Callable[[float], None]
# How long the reader may not notice, at its next item, that nobody wants it any more.
NOTICE_SECONDS = 0.05
# The same while it sleeps.
NAP_SECONDS = 1.0
# In the reader's thread: set when nobody wants its items any more.
_OVER: ContextVar[threading.Event | None] = ContextVar("over", default=None)


class _UnwantedError(Exception):
    """Nobody waits for the next item any more."""


def sleep_while_wanted(sleep: Sleep) -> Sleep:
    """The same sleep, which ends within a second, by raising, once nobody wants what is read ahead."""

    def nap(seconds: float) -> None:
        over = _OVER.get()
        while seconds > 0:
            if over is not None and over.is_set():
                raise _UnwantedError
            sleep(min(seconds, NAP_SECONDS))
            seconds -= NAP_SECONDS

    return nap


class _End:
    """Says that nothing more comes, and why."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def prefetched(items: Generator[T, None, None], depth: int) -> Iterator[Iterator[T]]:
    """The same items, of which up to `depth` are made while the consumer is busy with others.

    Order is kept. What the generator raises is raised at its place. When the block is left, for
    whatever reason, the generator is closed, after the item that it is making; so it must not wait
    without a bound, and sleep by `sleep_while_wanted`. With `depth` 0 nothing is read ahead and no
    thread is made.
    """
    with prefetched_each([items], depth) as (found,):
        yield found


@contextmanager
def prefetched_each(
    sources: Sequence[Generator[T, None, None]], depth: int
) -> Iterator[Sequence[Iterator[T]]]:
    """As `prefetched`, of generators one after the other: the next one's first items come meanwhile.

    They are to be consumed in their order; one may be left early or out. After one that has raised
    nothing is made before the consumer asks for the next one.
    """
    with ExitStack() as ending:
        for source in sources:
            ending.enter_context(closing(source))
        if depth == 0:
            yield sources
            return
        reader = _Reader(sources, depth)
        ending.callback(reader.release)
        yield [reader.items(number) for number in range(len(sources))]


class _Reader(Generic[T]):
    """A thread that makes the items, and what the consumer does; only the consumer calls."""

    def __init__(self, sources: Sequence[Generator[T, None, None]], depth: int) -> None:
        self._sources = sources
        self._queue: Queue[tuple[int, T | _End]] = Queue(maxsize=depth)
        self._wanted = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_at_work = False

    def items(self, number: int) -> Iterator[T]:
        """Of one generator, once it is asked for the first."""
        self._wanted = number
        while not isinstance(item := self._take(number), _End):
            yield item
        if item.error is not None:
            raise item.error

    def release(self) -> None:
        """Take what the thread waits to hand over until it has ended."""
        self._wanted = len(self._sources)
        self._over.set()
        while self._thread is not None and self._thread.is_alive():
            try:
                self._queue.get(timeout=NOTICE_SECONDS)
            except Empty:
                continue

    def _take(self, number: int) -> T | _End:
        """The next one of these; after a failure a new thread goes on with them."""
        while True:
            if not self._is_at_work:
                self._start(number)
            of, item = self._queue.get()
            if isinstance(item, _End) and item.error is not None:
                self._is_at_work = False
            if of == number:
                return item

    def _start(self, number: int) -> None:
        context = copy_context()
        context.run(_OVER.set, self._over)
        self._thread = threading.Thread(
            target=context.run, args=(self._make_from, number), daemon=True
        )
        self._is_at_work = True
        self._thread.start()

    def _make_from(self, number: int) -> None:
        """In the thread: these that are still wanted, up to the last one or the first that raises."""
        for of in range(number, len(self._sources)):
            if self._wanted > of:
                continue
            end = self._made(of)
            self._queue.put((of, end))
            if end.error is not None:
                return

    def _made(self, number: int) -> _End:
        try:
            with closing(self._sources[number]) as items:
                for item in items:
                    if self._wanted > number:
                        break
                    self._queue.put((number, item))
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
            return _End(error)
        return _End()
