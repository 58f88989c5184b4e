"""Reads a channel, the newest messages first, so that a run that dies leaves no hole unnoticed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.parsing.history import (
    BEGINNING,
    NOW,
    History,
    Stretch,
    kept_history,
)
from collectors.cppa_slack_tracker.parsing.records import Page
from collectors.cppa_slack_tracker.services.channels import KnownChannel
from collectors.cppa_slack_tracker.services.messages import Delivery, store_delivery
from collectors.cppa_slack_tracker.services.texts import Place
from services.database import Session
from services.errors import SourceUnavailable

GoOn = Callable[[str], bool]
"""Whether to read what lies below this timestamp."""


def always(below: str) -> bool:
    """To the end of the stretch."""
    del below
    return True


@dataclass
class ChannelHistory:
    """A channel's messages outside threads, and how much of them is stored."""

    place: Workplace
    channel: KnownChannel
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.history = kept_history(self.place.run.read_cursor(self._stream))

    @property
    def where(self) -> Place:
        """The channel, for the services."""
        team = self.place.team
        return Place(self.place.number, team.team_id, team.url, self.channel)

    def read_new(self, go_on: GoOn) -> str:
        """What was written since, and whatever is missing; then further down while `go_on` says so.

        Returns how far down it was read without a hole.
        """
        self.history = self.history.opened()
        floor = min(self.history.gaps[0].above, self.place.alive_since)
        reached = self.read(Stretch(BEGINNING, NOW), lambda below: below > floor or go_on(below))
        self.read_gaps()
        return reached

    def read_latest(self) -> None:
        """What was written since, and whatever is missing."""
        self.history = self.history.opened()
        self.read_gaps()

    def read_gaps(self) -> None:
        """What is missing, from the newest on."""
        for gap in self.history.gaps:
            self.read(gap, always)

    def read(self, stretch: Stretch, go_on: GoOn) -> str:
        """Page by page; how far down."""
        below, cursor = stretch.below, None
        while True:
            start = Stretch(stretch.above, stretch.below if cursor else below)
            page = self.place.client.history(self.channel.channel_id, start, cursor)
            covered = self._covered(stretch.above, below, page)
            is_end = stretch.above == BEGINNING and not page.has_more
            self._store(page, covered, is_end=is_end)
            below, cursor = covered.above, page.cursor
            if not page.has_more or not go_on(below):
                return below

    def forget(self, session: Session, messages: Iterable[str]) -> None:
        """These are to be read again: their places become gaps, once the transaction is through."""
        history = self.history
        for ts in messages:
            history = history.with_gap(ts)
        if history != self.history:
            self.place.run.advance_cursor(session, self._stream, history.as_cursor())

    def close(self) -> None:
        """Nothing can be written any more, and all is stored."""
        if self.history.is_whole and not self.history.is_closed:
            closed = replace(self.history, is_closed=True)
            with self.place.run.transaction() as session:
                self.place.run.advance_cursor(session, self._stream, closed.as_cursor())

    def _covered(self, above: str, below: str, page: Page) -> Stretch:
        """What is on the page begins where the last one ended; the last one ends with the stretch.

        What Slack hides from its free plan is not gone.
        """
        oldest = min(page.timestamps, default=below)
        if not page.has_more:
            return Stretch(oldest if page.is_limited else above, below)
        if page.cursor is None and not page.timestamps:
            raise SourceUnavailable("Slack says that there is more, but not where")
        return Stretch(oldest, below)

    def _store(self, page: Page, covered: Stretch, *, is_end: bool) -> None:
        place = self.place
        users = place.know_authors(page)
        delivery = Delivery(self.where, page, covered, users)
        stored_to = Stretch(BEGINNING, covered.below) if page.is_limited else covered
        history = self.history.with_page(stored_to, max(page.timestamps, default=BEGINNING))
        if is_end:
            history = replace(history, visible_from=covered.above)
        with place.run.transaction() as session:
            tables = store_delivery(session, delivery, place.now)
            letters = place.set_aside(session, page.rejected, channel=self.channel.channel_id)
            place.run.advance_cursor(session, self._stream, history.as_cursor())
        self.history = history
        place.count(len(page.timestamps), tables, len(letters))

    @property
    def _stream(self) -> str:
        return f"history {self.channel.channel_id}"
