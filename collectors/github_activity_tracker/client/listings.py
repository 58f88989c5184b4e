"""Everything of a repository that GitHub lists, page by page, without a gap.

By time of update, oldest first, each page asks for what was updated since the newest record of the
page before it. An item that is updated meanwhile moves to the end, where it is met again; counting
pages, it would draw one unread item over to a page that was read already.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from collectors.github_activity_tracker.client.api import PER_PAGE, Fetched, GitHubApi, Params
from collectors.github_activity_tracker.parsing.payloads import (
    Comment,
    Issue,
    PullRequest,
    Record,
    ReviewComment,
)
from collectors.github_activity_tracker.parsing.records import (
    Rejected,
    newest,
    oldest,
    read_records,
)
from services.errors import RecordRejected
from services.http.messages import Validator

# `since` is "after" in the documentation and "at or after" in fact: right under both readings.
STEP_BACK = timedelta(seconds=1)
BY_UPDATE: Params = {"sort": "updated", "direction": "asc", "per_page": PER_PAGE}


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing of the repository: where it is, what it holds, what each record is known by."""

    path: str
    kind: type[Record]
    id_field: str
    params: Params = field(default_factory=dict)

    def item_path(self, key: object) -> str:
        """Where one of them is."""
        return f"{self.path}/{key}"

    def takes(self, payload: Any) -> bool:
        """Whether the entry is of this listing's kind: pull requests are listed as issues, too."""
        is_pull = isinstance(payload, dict) and payload.get("pull_request") is not None
        return not (self.kind is Issue and is_pull)


ISSUES = Listing("issues", Issue, "number", {"state": "all"})
PULLS = Listing("pulls", PullRequest, "number", {"state": "all"})
COMMENTS = Listing("issues/comments", Comment, "id")
REVIEW_COMMENTS = Listing("pulls/comments", ReviewComment, "id")


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a page, those that are none, and the span of time that the page covers.

    `keys` are those of all its entries. A `validator` is given where the page is the whole listing,
    so that "not modified" will mean it.
    """

    records: Sequence[Any]
    rejected: Sequence[Rejected]
    keys: Sequence[int]
    newest: datetime | None
    oldest: datetime | None
    source_time: datetime
    next_url: str | None
    validator: Validator | None = None


Pages = Generator[Page, None, None]


def since_params(listing: Listing, since: datetime | None) -> Params:
    """How a listing is asked for what was updated since then."""
    told = {} if since is None else {"since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    return {**BY_UPDATE, **listing.params, **told}


def walk_updates(
    api: GitHubApi, listing: Listing, since: datetime | None, first: Fetched | None = None
) -> Pages:
    """Pages of what was updated since then, oldest first; `first` is the first one if it is here.

    Where all of a page was updated in one second, time does not lead on and the page's link does.

    Raises:
        CollectorError: as `GitHubApi.get`.
        RecordRejected: pages link to one another in a circle.
    """
    links: set[str] = set()
    page = read_page(listing, first or api.get(listing.path, since_params(listing, since)))
    while True:
        yield page
        if page.next_url is None:
            return
        reached = page.newest - STEP_BACK if page.newest else None
        if reached is not None and (since is None or reached > since):
            since, links = reached, set()
            found = api.get(listing.path, since_params(listing, since))
        else:
            _require_new(page.next_url, links)
            found = api.follow(page.next_url)
        page = read_page(listing, found, known=page)


def walk_links(
    api: GitHubApi,
    listing: Listing,
    first: Fetched,
    is_last: Callable[[Page], bool] = lambda _: False,
) -> Pages:
    """Pages by their links, from one that is here to the last.

    Raises:
        CollectorError: as `GitHubApi.get`.
        RecordRejected: pages link to one another in a circle.
    """
    links: set[str] = set()
    page = read_page(listing, first)
    while True:
        yield page
        if page.next_url is None or is_last(page):
            return
        _require_new(page.next_url, links)
        page = read_page(listing, api.follow(page.next_url))


def read_page(listing: Listing, fetched: Fetched, known: Page | None = None) -> Page:
    """The page's records, without those that the page before it, `known`, held as they are."""
    taken = [one for one in fetched.list if listing.takes(one)]
    read = read_records(listing.kind, taken, listing.id_field)
    before = {_version(record) for record in known.records} if known else set()
    keys = [one[listing.id_field] for one in taken if _has_key(one, listing.id_field)]
    return Page(
        [one for one in read if not isinstance(one, Rejected) and _version(one) not in before],
        [one for one in read if isinstance(one, Rejected)],
        keys,
        newest(fetched.list),
        oldest(fetched.list),
        fetched.source_time,
        fetched.next_url,
        _whole(fetched),
    )


def count_listed(api: GitHubApi, listing: Listing, since: datetime | None) -> int:
    """How many the listing has now: asked for one a page, the number of its last page tells.

    Raises:
        CollectorError: as `GitHubApi.get`.
    """
    found = api.get(listing.path, {**since_params(listing, since), "per_page": 1})
    return len(found.list) if found.last_page is None else found.last_page


def pages_of(records: int) -> int:
    """How many pages so many records fill; an empty listing is a page as well."""
    return max(1, -(-records // PER_PAGE))


def _version(record: Any) -> tuple[int, datetime]:
    return record.id, record.updated_at


def _whole(fetched: Fetched) -> Validator | None:
    """A full page may get a successor while it stays as it is."""
    is_whole = fetched.next_url is None and len(fetched.list) < PER_PAGE
    return fetched.validator if is_whole else None


def _has_key(payload: Any, id_field: str) -> bool:
    return isinstance(payload, dict) and type(payload.get(id_field)) is int


def _require_new(url: str, links: set[str]) -> None:
    if url in links:
        raise RecordRejected("the listing links back to a page before it: it has no end")
    links.add(url)
