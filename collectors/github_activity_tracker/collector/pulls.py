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
from collectors.github_activity_tracker.collector.passes import Pass
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
from services.http.validators import NoValidators, Validators

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
class _Pass:
    """One pass: what it has met, and whether all that it meets is asked for its reviews.

    `read` gives its pages; `end` is what it does when all are stored. One whose pages are known to
    go on, in the order of opening, says since when it is under way, for another run to go on.
    """

    source: Source
    read: Callable[["_Pass"], Pages]
    end: Callable[["_Pass"], None]
    every: bool = True
    started: datetime | None = None
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    first: Fetched | None = None

    def pages(self) -> Pages:
        """As `read` gives them."""
        return self.read(self)

    def store(self, pages: Sequence[Page]) -> None:
        """A batch, and whose reviews are due."""
        for page in pages:
            self.keys.extend(page.keys)
        store_pages(self.source, KIND, pages, partial(self._after, pages))

    def finish(self) -> None:
        """As `end` does."""
        self.end(self)

    def _after(self, pages: Sequence[Page], session: Session, stored: Stored) -> None:
        window = self.source.window
        met = {one.number for page in pages for one in page.records if one.updated_at in window}
        numbers = met if self.every else stored.changed
        services.note_due(session, services.REVIEWS, self.source.repository_id, numbers)
        following = pages[-1].next_url
        if self.started is not None and following is not None:
            position = {"started_at": self.started.isoformat(), "next_url": following}
            self.source.advance_cursor(session, KIND.name, position)


def follow(source: Source) -> Pass:
    """A pass that brings pull requests to what GitHub says."""
    cursor = source.read_cursor(KIND.name)
    since = source.time(cursor.get("since"))
    if source.reread:
        return _again(source, None)
    if since is None:
        return _all(source, cursor)
    return _updates(source, since, source.time(cursor.get("rescanned_at")))


def read_window(source: Source) -> Pass:
    """A pass through those that were last updated within the window; no cursor helps or moves."""
    start = source.window.start or FIRST_DAY
    return _Pass(source, partial(_down_to, start=start, known=NoValidators()), _do_nothing)


def _all(source: Source, cursor: dict[str, Any]) -> Pass:
    """The first time, or on where that broke off, unless the API has moved meanwhile."""
    started, resumed = source.time(cursor.get("started_at")), str(cursor.get("next_url"))
    if started is None or not resumed.startswith(source.api.base_url):
        return _again(source, source.now)
    # What the other run met is not known here: the next one looks for what is gone.
    end = partial(_finish, since=started, rescanned=None)
    return _Pass(source, partial(_going_on, address=resumed), end, started=started)


def _again(source: Source, started: datetime | None) -> Pass:
    return _Pass(source, _oldest_first, partial(_look_back, since=FIRST_DAY), started=started)


def _updates(source: Source, since: datetime, rescanned: datetime | None) -> Pass:
    """The version of the first page is remembered once all is stored that it told of."""
    is_rescan = source.is_rescan_due(rescanned)
    start = source.start(since, is_rescan=is_rescan) or FIRST_DAY
    if is_rescan:
        read = partial(_down_to, start=start, known=NoValidators())
        return _Pass(source, read, partial(_look_back, since=start + timedelta(seconds=1)))
    read = partial(_down_to, start=start, known=source.validators)
    return _Pass(source, read, partial(_finish, since=source.now, rescanned=rescanned), every=False)


def _oldest_first(one: _Pass) -> Pages:
    api = one.source.api
    yield from walk_links(api, PULLS, api.get(PULLS.path, OLDEST_FIRST))


def _going_on(one: _Pass, address: str) -> Pages:
    api = one.source.api
    yield from walk_links(api, PULLS, api.follow(address))


def _down_to(one: _Pass, start: datetime, known: Validators) -> Pages:
    """The newest update first, down to that time; nothing where the first page is as it was."""

    def is_last(page: Page) -> bool:
        return page.oldest is not None and page.oldest < start

    one.first = one.source.api.get(PULLS.path, NEWEST_UPDATE_FIRST, known)
    if not one.first.not_modified:
        yield from walk_links(one.source.api, PULLS, one.first, is_last)


def _do_nothing(one: _Pass) -> None:
    del one


def _look_back(one: _Pass, since: datetime) -> None:
    source = one.source
    mark_vanished(source, KIND, since, one.keys, partial(_move, source, source.now, source.now))


def _finish(one: _Pass, since: datetime, rescanned: datetime | None) -> None:
    if one.first is not None and one.first.not_modified:
        return
    version = one.first.validator if one.first else None
    with one.source.run.transaction() as session:
        _move(one.source, since, rescanned, session, version)


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
