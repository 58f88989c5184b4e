"""Reads threads, whatever their age: the ledger says which, not the channel's position."""

from collections.abc import Iterator
from dataclasses import dataclass

from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.parsing.history import BEGINNING, NOW, History, Stretch
from collectors.cppa_slack_tracker.parsing.records import Page
from collectors.cppa_slack_tracker.services import threads as ledger
from collectors.cppa_slack_tracker.services.messages import (
    Delivery,
    delete_thread,
    store_delivery,
)
from collectors.cppa_slack_tracker.services.texts import Place
from collectors.cppa_slack_tracker.services.threads import DueThread
from services.errors import SourceUnavailable

DUE_AT_ONCE = 500
UNKNOWN = "thread_not_found"


@dataclass(frozen=True)
class ChannelThreads:
    """The threads of a channel, of whose history so much is known."""

    place: Workplace
    where: Place
    history: History

    def read_due(self, alive_since: str = NOW) -> None:
        """Those that changed, that were never read whole, or that were alive of late."""
        for thread in self._due(alive_since):
            self.read(thread)

    def read(self, thread: DueThread) -> None:
        """From the last reply that is stored where that suffices; else all of it."""
        self.place.threads_read.add((thread.channel, thread.thread_ts))
        is_long = thread.reply_count > self.place.settings.page_size
        goes_on = thread.is_changed and (is_long or not thread.is_whole)
        after = thread.read_until if goes_on and thread.read_until else BEGINNING
        self._read_from(thread, after)
        if after and self._lacks_replies(thread):
            self._read_from(thread, BEGINNING)

    def _due(self, alive_since: str) -> Iterator[DueThread]:
        after = BEGINNING
        while True:
            with self.place.run.transaction() as session:
                found = ledger.due_threads(
                    session,
                    self.where.channel.number,
                    after=after,
                    alive_since=alive_since,
                    most=DUE_AT_ONCE,
                )
            yield from found
            if len(found) < DUE_AT_ONCE:
                return
            after = found[-1].thread_ts

    def _read_from(self, thread: DueThread, start: str) -> None:
        try:
            self._read_pages(thread, start)
        except Refused as error:
            if error.code != UNKNOWN:
                raise
            if self.history.hides(thread.thread_ts):
                self._leave(thread)
            else:
                self._bury(thread)

    def _read_pages(self, thread: DueThread, start: str) -> None:
        """`mark` is what Slack said first: what is written meanwhile makes the thread due again."""
        channel, after, cursor = self.where.channel.channel_id, start, None
        mark: str | None = None
        while True:
            page = self.place.client.replies(
                channel, thread.thread_ts, after=start if cursor else after, cursor=cursor
            )
            mark = mark or _mark(thread, page)
            last = max(page.timestamps, default=after)
            covered = self._covered(thread, Stretch(after, last if page.has_more else NOW))
            self._store(thread, page, covered, max(after, last), mark)
            if not page.has_more:
                return
            if page.cursor is None and last <= after:
                raise SourceUnavailable("Slack says that a thread has more, but not where")
            after, cursor = last, page.cursor

    def _store(
        self, thread: DueThread, page: Page, covered: Stretch, read_until: str, mark: str
    ) -> None:
        place = self.place
        users = place.know_authors(page)
        delivery = Delivery(self.where, page, covered, users, thread.thread_ts)
        facts = {"channel": self.where.channel.channel_id, "thread": thread.thread_ts}
        with place.run.transaction() as session:
            tables = store_delivery(session, delivery, place.now)
            letters = place.set_aside(session, page.rejected, **facts)
            if page.has_more:
                ledger.keep_progress(session, thread, read_until)
            else:
                ledger.finish(session, thread, mark, read_until)
        place.count(len(page.timestamps - {thread.thread_ts}), tables, len(letters))

    def _covered(self, thread: DueThread, stretch: Stretch) -> Stretch:
        """Nothing, of a thread that the free plan may hide: what is not shown of it is not gone."""
        return Stretch(NOW, NOW) if self.history.hides(thread.thread_ts) else stretch

    def _leave(self, thread: DueThread) -> None:
        """What is stored stays, and nothing more is to be had."""
        with self.place.run.transaction() as session:
            ledger.finish(session, thread, thread.told, thread.read_until or BEGINNING)

    def _bury(self, thread: DueThread) -> None:
        with self.place.run.transaction() as session:
            tables = delete_thread(session, self.where, thread.thread_ts, self.place.now)
            ledger.finish_gone(session, thread)
        self.place.count(0, tables)

    def _lacks_replies(self, thread: DueThread) -> bool:
        with self.place.run.transaction() as session:
            return ledger.lacks_replies(session, thread)


def _mark(thread: DueThread, page: Page) -> str:
    """A first message that cannot be understood says nothing: the thread stays as it was told."""
    first = (one.mark for one in page.messages if one.ts == thread.thread_ts)
    return next(first, thread.told)
