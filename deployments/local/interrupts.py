"""Ctrl-C and SIGTERM as one exception that comes once, and never during the clearing up."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody asked us to stop. A KeyboardInterrupt, so that event loops let it pass."""


class Interrupts:
    """Raises `Interrupted` in the main thread at the first request to stop; later ones are ignored.

    A SIGHUP that our own parent ignores stays ignored: that is what `nohup` is for.
    """

    def __init__(self) -> None:
        self._shielded = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def shield(self) -> None:
        """From now on nothing interrupts."""
        self._shielded = True

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self._shielded:
            self._shielded = True
            raise Interrupted
