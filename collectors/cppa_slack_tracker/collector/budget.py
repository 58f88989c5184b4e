"""How much of what is stored already is read again, to find what changed in it without a word."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Sweep:
    """Pages left for this run, and the place where the next run goes on.

    Slack tells nobody but listeners of an edit, a deletion, or a reply in an old thread: they show in
    the pages of the channel's history only. A run that cannot afford all pages of all channels goes
    on from where the last one stopped.
    """

    pages: int
    channel: str = ""
    below: str = ""
    stopped: bool = False

    def take(self) -> bool:
        """Whether one more page may be read."""
        if self.pages <= 0:
            return False
        self.pages -= 1
        return True

    def stop(self, channel: str, below: str) -> None:
        """The pages are used up; the first stop is where the next run begins."""
        if not self.stopped:
            self.stopped, self.channel, self.below = True, channel, below

    def as_cursor(self) -> dict[str, Any]:
        """To be kept; empty when everything was read."""
        return {"channel": self.channel, "below": self.below} if self.stopped else {}


def kept_sweep(cursor: dict[str, Any] | None, pages: int) -> Sweep:
    """From where the last run stopped."""
    kept = cursor or {}
    return Sweep(pages, kept.get("channel", ""), kept.get("below", ""))
