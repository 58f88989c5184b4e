"""Pull requests; their reviews are due then.

Their listing knows no `since`. The first time they come in the order in which they were opened,
which never changes, and a run that breaks off goes on at its page; later the newest update comes
first, down to what is known.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import PER_PAGE, Fetched, Params
from collectors.github_activity_tracker.client.listings import PULLS, Page, Pages, walk_links
from collectors.github_activity_tracker.collector.source import (
    FIRST_DAY,
    Kind,
    Source,
    store_pages,
)
from collectors.github_activity_tracker.collector.vanished import mark_vanished
from collectors.github_activity_tracker.services import Stored
from services.database import Session
from services.http.messages import Validator
from services.http.services import store_validators
from services.http.validators import NoValidators

KIND = Kind(
    "pull_requests",
    PULLS,
    "pull_request",
    services.store_issues,
    services.mark_issues_gone,
)
OLDEST_FIRST: Params = {"state": "all", "sort": "created", "direction": "asc", "per_page": PER_PAGE}
NEWEST_UPDATE_FIRST: Params = {**OLDEST_FIRST, "sort": "updated", "direction": "desc"}


@dataclass
class _Walk:
    """One pass: what it has met, and whether all that it meets is asked for its reviews."""

    source: Source
    every: bool
    started: datetime | None = None
    keys: "array[int]" = field(default_factory=lambda: array("q"))

    def store(self, pages: Pages) -> None:
        """All of them, batch by batch."""
        with self.source.batches(pages) as batches:
            for batch in batches:
                for page in batch:
                    self.keys.extend(page.keys)
                store_pages(self.source, KIND, batch, partial(self._after, batch))

    def _after(self, pages: Sequence[Page], session: Session, stored: Stored) -> None:
        window = self.source.window
        met = {one.number for page in pages for one in page.records if one.updated_at in window}
        numbers = met if self.every else stored.changed
        services.note_due(session, services.REVIEWS, self.source.repository_id, numbers)
        following = pages[-1].next_url
        if self.started is not None and following is not None:
            position = {"started_at": self.started.isoformat(), "next_url": following}
            self.source.advance_cursor(session, KIND.name, position)


def collect_pulls(source: Source) -> None:
    """Bring pull requests to what GitHub says.

    Raises:
        CollectorError: as `HttpClient.send`; what was stored is not read again.
    """
    cursor = source.read_cursor(KIND.name)
    since = source.time(cursor.get("since"))
    if source.reread:
        _collect_again(source)
    elif since is None:
        _collect_all(source, cursor)
    else:
        _collect_updates(source, since, source.time(cursor.get("rescanned_at")))


def collect_window(source: Source) -> None:
    """Those that were last updated within the window; the cursor neither helps nor moves.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    first = source.api.get(PULLS.path, NEWEST_UPDATE_FIRST)
    start = source.window.start or FIRST_DAY
    _Walk(source, every=True).store(_down_to(source, start, first))


def _collect_all(source: Source, cursor: dict[str, Any]) -> None:
    """The first time, or on where that broke off, unless the API has moved meanwhile."""
    started, resumed = source.time(cursor.get("started_at")), str(cursor.get("next_url"))
    if started is None or not resumed.startswith(source.api.base_url):
        _collect_again(source)
        return
    _Walk(source, True, started).store(walk_links(source.api, PULLS, source.api.follow(resumed)))
    # What the other run met is not known here: the next one looks for what is gone.
    _finish(source, partial(_move, source, started, None))


def _collect_again(source: Source) -> None:
    walk = _Walk(source, True, None if source.reread else source.now)
    first = source.api.get(PULLS.path, OLDEST_FIRST)
    walk.store(walk_links(source.api, PULLS, first))
    move = partial(_move, source, source.now, source.now)
    mark_vanished(source, KIND, FIRST_DAY, walk.keys, move)


def _collect_updates(source: Source, since: datetime, rescanned: datetime | None) -> None:
    """The version of the first page is remembered once all is stored that it told of."""
    is_rescan = source.is_rescan_due(rescanned)
    start = source.start(since, is_rescan=is_rescan) or FIRST_DAY
    known = NoValidators() if is_rescan else source.validators
    first = source.api.get(PULLS.path, NEWEST_UPDATE_FIRST, known)
    if first.not_modified:
        return
    walk = _Walk(source, is_rescan)
    walk.store(_down_to(source, start, first))
    if is_rescan:
        move = partial(_move, source, source.now, source.now)
        mark_vanished(source, KIND, start + timedelta(seconds=1), walk.keys, move)
    else:
        _finish(source, partial(_move, source, source.now, rescanned, version=first.validator))


def _down_to(source: Source, start: datetime, first: Fetched) -> Pages:
    def is_last(page: Page) -> bool:
        return page.oldest is not None and page.oldest < start

    return walk_links(source.api, PULLS, first, is_last)


def _finish(source: Source, move: Callable[[Session], None]) -> None:
    with source.run.transaction() as session:
        move(session)


def _move(
    source: Source,
    since: datetime,
    rescanned: datetime | None,
    session: Session,
    version: Validator | None = None,
) -> None:
    position = {"since": since.isoformat()}
    if rescanned is not None:
        position["rescanned_at"] = rescanned.isoformat()
    store_validators(session, source.owner, [version] if version else [])
    source.advance_cursor(session, KIND.name, position)
