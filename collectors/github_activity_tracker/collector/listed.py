"""Issues and comments: what was updated since the last run, and at times what is listed no more."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import Fetched
from collectors.github_activity_tracker.client.listings import (
    COMMENTS,
    ISSUES,
    REVIEW_COMMENTS,
    Page,
    Pages,
    since_params,
    walk_updates,
)
from collectors.github_activity_tracker.collector.passes import Pass
from collectors.github_activity_tracker.collector.source import (
    FIRST_DAY,
    LOOKBACK,
    Cursor,
    Kind,
    Source,
    store_pages,
)
from collectors.github_activity_tracker.collector.vanished import mark_vanished, require_repository
from collectors.github_activity_tracker.services import Stored
from services.database import Session
from services.errors import NotFound
from services.http.messages import Validator
from services.http.services import store_validators
from services.http.validators import NoValidators

ISSUE_KIND = Kind("issues", ISSUES, "issue", services.store_issues, services.mark_issues_gone)
COMMENT_KIND = Kind(
    "comments", COMMENTS, "comment", services.store_comments, services.mark_comments_deleted
)
REVIEW_COMMENT_KIND = Kind(
    "review_comments",
    REVIEW_COMMENTS,
    "review_comment",
    services.store_review_comments,
    services.mark_review_comments_deleted,
)
KINDS = {one.name: one for one in (ISSUE_KIND, COMMENT_KIND, REVIEW_COMMENT_KIND)}


@dataclass
class _Following:
    """What was updated since the last run: where it starts, how far it is, what it has met."""

    source: Source
    kind: Kind
    cursor: Cursor
    start: datetime | None
    is_rescan: bool
    before: Cursor = field(default_factory=dict)
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    version: Validator | None = None
    absent: int | None = None
    is_over: bool = False

    def pages(self) -> Pages:
        """None where the listing is as it was, or GitHub offers no such one."""
        first = self._first_page()
        if first is None or first.not_modified:
            self.is_over = True
            return
        yield from walk_updates(self.source.api, self.kind.listing, self.start, first)

    def store(self, pages: Sequence[Page]) -> None:
        """A batch of pages, and the cursor past it."""
        for page in pages:
            self.keys.extend(page.keys)
            self.version = page.validator
        store_pages(self.source, self.kind, pages, partial(self._move, pages))

    def finish(self) -> None:
        """Look for what was not met, where that was not done with the last page."""
        if self.absent is not None:
            require_repository(self.source)
            self._note_absence(self.absent)
        elif self.looks_back and not self.is_over:
            since = self.start + timedelta(seconds=1) if self.start else FIRST_DAY
            mark_vanished(self.source, self.kind, since, self.keys, self._end)

    @property
    def looks_back(self) -> bool:
        """Whether something may be stored that the listing should have held."""
        return self.is_rescan and "since" in self.before

    def _first_page(self) -> Fetched | None:
        """None where GitHub offers no such listing, as of a repository without issues."""
        source, listing = self.source, self.kind.listing
        is_known = source.time(self.cursor.get("since")) is not None and not source.reread
        known = source.validators if is_known else NoValidators()
        try:
            return source.api.get(listing.path, since_params(listing, self.start), known)
        except NotFound as error:
            self.absent = error.status
            return None

    def _note_absence(self, status: int) -> None:
        _say_absent(self.source, self.kind, status)
        with self.source.run.transaction() as session:
            self._advance(session, {"absent": status})

    def _move(self, pages: Sequence[Page], session: Session, stored: Stored) -> None:
        """Only once all is as it should be may "not modified" mean that."""
        del stored
        times = [min(page.newest, page.source_time) for page in pages if page.newest]
        before = self.source.time(self.cursor.get("since"))
        reached = max([*times, *([before] if before else [])], default=None)
        self._advance(session, {"since": reached.isoformat()} if reached else {})
        if pages[-1].next_url is None and not self.looks_back:
            self._end(session)

    def _end(self, session: Session) -> None:
        versions = [self.version] if self.version else []
        store_validators(session, self.source.owner, versions)
        rescanned = {"rescanned_at": self.source.now.isoformat()} if self.is_rescan else {}
        self._advance(session, rescanned)

    def _advance(self, session: Session, change: Cursor) -> None:
        self.cursor = {**self.cursor, **change}
        self.source.advance_cursor(session, self.kind.name, self.cursor)


def follow(source: Source, kind: Kind) -> Pass:
    """A pass that brings the tables to what the listing says; one that is not offered is noted."""
    cursor = source.read_cursor(kind.name)
    since = source.time(cursor.get("since"))
    is_rescan = source.is_rescan_due(source.time(cursor.get("rescanned_at")))
    if source.reread or since is None:
        return _Following(source, kind, _present(cursor), None, True, cursor)
    start = source.start(since, is_rescan=is_rescan)
    return _Following(source, kind, _present(cursor), start, is_rescan, cursor)


def _present(cursor: Cursor) -> Cursor:
    return {name: value for name, value in cursor.items() if name != "absent"}


@dataclass
class _WithinWindow:
    """The same within a window, with a cursor of its own: the other one neither helps nor moves."""

    source: Source
    kind: Kind
    stream: str
    start: datetime | None
    absent: int | None = None

    def pages(self) -> Pages:
        """Up to the one that passes the end of the window."""
        end, listing = self.source.window.end, self.kind.listing
        try:
            first = self.source.api.get(listing.path, since_params(listing, self.start))
        except NotFound as error:
            self.absent = error.status
            return
        for page in walk_updates(self.source.api, listing, self.start, first):
            yield page
            if end is not None and page.newest is not None and page.newest > end:
                return

    def store(self, pages: Sequence[Page]) -> None:
        """A batch of pages, and the cursor past it."""
        store_pages(self.source, self.kind, pages, partial(self._move, pages))

    def finish(self) -> None:
        """Once it is done, it need not be done again."""
        if self.absent is not None:
            require_repository(self.source)
            _say_absent(self.source, self.kind, self.absent)
            return
        with self.source.run.transaction() as session:
            self.source.advance_cursor(session, self.stream, {"is_done": True})

    def _move(self, pages: Sequence[Page], session: Session, stored: Stored) -> None:
        del stored
        times = [page.newest for page in pages if page.newest]
        if times:
            self.source.advance_cursor(session, self.stream, {"since": max(times).isoformat()})


def read_window(source: Source, kind: Kind) -> Pass:
    """A pass through what was last updated within the window, from where the last one broke off."""
    stream = f"{kind.name} {source.window}"
    cursor = source.read_cursor(stream)
    reached = None if cursor.get("is_done") else source.time(cursor.get("since"))
    start = reached - LOOKBACK if reached else source.window.start
    return _WithinWindow(source, kind, stream, start)


def _say_absent(source: Source, kind: Kind, status: int) -> None:
    source.run.progress.say(f"{kind.name}: GitHub offers none ({status})")
