"""For the person who started a run on a terminal: a progress bar, and a Ctrl-C that works."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.runs.progress import NullProgress
from services.runs.progress import Progress as ProgressListener


class TerminalProgress:
    """One bar that follows one run."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None)
        self._total = 0

    def expect(self, total: int, unit: str) -> None:
        """Lengthen the bar."""
        self._total += total
        self._bar.update(self._task, total=self._total, description=unit)

    def advance(self, amount: int) -> None:
        """Fill it."""
        self._bar.advance(self._task, amount)

    def say(self, text: str, until: datetime | None = None) -> None:
        """Say it beside the bar; the text says until when."""
        del until
        self._bar.update(self._task, description=text)


@contextmanager
def terminal_progress() -> Iterator[ProgressListener]:
    """A bar on standard error where that is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield NullProgress()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield TerminalProgress(bar)


@contextmanager
def ctrl_c_interrupts() -> Iterator[None]:
    """Ctrl-C stops the run at once.

    `asyncio.run` makes of the first one the cancelling of its task, which waits for an `await`; a
    collector has none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
