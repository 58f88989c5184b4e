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
from collectors.github_activity_tracker.collector.source import (
    FIRST_DAY,
    LOOKBACK,
    Cursor,
    Kind,
    Source,
    store_pages,
)
from collectors.github_activity_tracker.collector.vanished import mark_vanished
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
class _Walk:
    """One pass through a listing: where it starts, how far it is, what it has met."""

    source: Source
    kind: Kind
    cursor: Cursor
    start: datetime | None
    is_rescan: bool
    before: Cursor = field(default_factory=dict)
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    version: Validator | None = None

    def store(self, pages: Sequence[Page]) -> None:
        """A batch of pages, and the cursor past it."""
        for page in pages:
            self.keys.extend(page.keys)
            self.version = page.validator
        store_pages(self.source, self.kind, pages, partial(self._move, pages))

    def finish(self) -> None:
        """Look for what was not met, where that was not done with the last page."""
        if not self.looks_back:
            return
        since = self.start + timedelta(seconds=1) if self.start else FIRST_DAY
        mark_vanished(self.source, self.kind, since, self.keys, self._end)

    @property
    def looks_back(self) -> bool:
        """Whether something may be stored that the listing should have held."""
        return self.is_rescan and "since" in self.before

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


def collect_listed(source: Source, kind: Kind) -> None:
    """Bring the tables to what the listing says; a listing that GitHub does not offer is noted.

    Raises:
        CollectorError: as `HttpClient.send`; what was stored is not read again.
    """
    walk = _begin(source, kind)
    first = _first_page(walk)
    if first is None or first.not_modified:
        return
    with source.batches(_pages(walk, first)) as batches:
        for pages in batches:
            walk.store(pages)
    walk.finish()


def _begin(source: Source, kind: Kind) -> _Walk:
    cursor = source.read_cursor(kind.name)
    since = source.time(cursor.get("since"))
    is_rescan = source.is_rescan_due(source.time(cursor.get("rescanned_at")))
    if source.reread or since is None:
        return _Walk(source, kind, _present(cursor), None, True, cursor)
    start = source.start(since, is_rescan=is_rescan)
    return _Walk(source, kind, _present(cursor), start, is_rescan, cursor)


def _present(cursor: Cursor) -> Cursor:
    return {name: value for name, value in cursor.items() if name != "absent"}


def _first_page(walk: _Walk) -> Fetched | None:
    """None where GitHub offers no such listing, as of a repository without issues."""
    source, listing = walk.source, walk.kind.listing
    is_known = source.time(walk.cursor.get("since")) is not None and not source.reread
    known = source.validators if is_known else NoValidators()
    try:
        return source.api.get(listing.path, since_params(listing, walk.start), known)
    except NotFound as error:
        source.run.progress.say(f"{walk.kind.name}: GitHub offers none ({error.status})")
        with source.run.transaction() as session:
            absent = {**walk.cursor, "absent": error.status}
            source.advance_cursor(session, walk.kind.name, absent)
        return None


def _pages(walk: _Walk, first: Fetched) -> Pages:
    return walk_updates(walk.source.api, walk.kind.listing, walk.start, first)


def collect_window(source: Source, kind: Kind) -> None:
    """The same within a window, with a cursor of its own: the other one neither helps nor moves.

    Raises:
        CollectorError: as `HttpClient.send`; what was stored is not read again.
    """
    stream = f"{kind.name} {source.window}"
    cursor = source.read_cursor(stream)
    reached = None if cursor.get("is_done") else source.time(cursor.get("since"))
    start = reached - LOOKBACK if reached else source.window.start
    try:
        first = source.api.get(kind.listing.path, since_params(kind.listing, start))
    except NotFound as error:
        source.run.progress.say(f"{kind.name}: GitHub offers none ({error.status})")
        return
    with source.batches(
        _until(walk_updates(source.api, kind.listing, start, first), source)
    ) as batches:
        for pages in batches:
            store_pages(source, kind, pages, partial(_move_window, source, stream, pages))
    with source.run.transaction() as session:
        source.advance_cursor(session, stream, {"is_done": True})


def _until(pages: Pages, source: Source) -> Pages:
    """Up to the page that passes the end of the window."""
    end = source.window.end
    for page in pages:
        yield page
        if end is not None and page.newest is not None and page.newest > end:
            pages.close()
            return


def _move_window(
    source: Source, stream: str, pages: Sequence[Page], session: Session, stored: Stored
) -> None:
    del stored
    times = [page.newest for page in pages if page.newest]
    if times:
        source.advance_cursor(session, stream, {"since": max(times).isoformat()})
