"""Reading ahead of whoever stores, in a thread, by a bounded amount."""

import contextvars
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TypeVar

T = TypeVar("T")
# How long the reader may not notice, at its next item, that nobody wants it any more.
NOTICE_SECONDS = 0.05


class _End:
    """Says that nothing more comes, and why."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def prefetched(items: Generator[T, None, None], depth: int) -> Iterator[Iterator[T]]:
    """The same items, of which up to `depth` are made while the consumer is busy with others.

    Order is kept. What the generator raises is raised at its place. When the block is left, for
    whatever reason, the generator is closed, after the item that it is making; so it must not wait
    without a bound. With `depth` 0 nothing is read ahead and no thread is made.
    """
    if depth == 0:
        with _closing(items):
            yield items
        return
    queue: Queue[T | _End] = Queue(maxsize=depth)
    unwanted = threading.Event()
    context = contextvars.copy_context()
    reader = threading.Thread(target=context.run, args=(_fill, items, queue, unwanted), daemon=True)
    reader.start()
    try:
        yield _drain(queue)
    finally:
        unwanted.set()
        _release(reader, queue)


def _fill(
    items: Generator[T, None, None], queue: "Queue[T | _End]", unwanted: threading.Event
) -> None:
    try:
        with _closing(items):
            for item in items:
                if unwanted.is_set():
                    return
                queue.put(item)
        queue.put(_End())
    except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
        queue.put(_End(error))


def _drain(queue: "Queue[T | _End]") -> Iterator[T]:
    while not isinstance(item := queue.get(), _End):
        yield item
    if item.error is not None:
        raise item.error


def _release(reader: threading.Thread, queue: "Queue[T | _End]") -> None:
    """Take what the reader waits to hand over until it has ended."""
    while reader.is_alive():
        try:
            queue.get(timeout=NOTICE_SECONDS)
        except Empty:
            continue


@contextmanager
def _closing(items: Generator[T, None, None]) -> Iterator[None]:
    try:
        yield
    finally:
        items.close()
