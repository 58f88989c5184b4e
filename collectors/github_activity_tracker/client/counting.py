"""Listings in the order in which their records were made, which never changes: for comparing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.github_activity_tracker.client.api import PER_PAGE, GitHubApi, Params
from collectors.github_activity_tracker.client.listings import Listing

OLDEST_FIRST: Params = {"state": "all", "sort": "created", "direction": "asc", "per_page": PER_PAGE}


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a listed record is compared."""

    key: int
    opened_at: datetime
    updated_at: datetime
    is_pull: bool


def list_in_order(api: GitHubApi, listing: Listing, page: int) -> Sequence[Entry]:
    """One page, the oldest record first; issues with the pull requests among them.

    Raises:
        CollectorError: as `GitHubApi.get`.
    """
    found = api.get(listing.path, {**OLDEST_FIRST, "page": page})
    return list(_entries(found.list, listing.id_field))


def count_commits(api: GitHubApi, head: str) -> int:
    """How many commits are reachable from one: asked for one a page, the last page's number.

    Raises:
        CollectorError: as `GitHubApi.get`.
    """
    found = api.get("commits", {"sha": head, "per_page": 1})
    return len(found.list) if found.last_page is None else found.last_page


def _entries(payloads: Sequence[Any], id_field: str) -> Iterator[Entry]:
    """Without those that do not say what they are: reading them has set them aside."""
    for one in payloads:
        try:
            opened, updated = (datetime.fromisoformat(one[k]) for k in ("created_at", "updated_at"))
            yield Entry(int(one[id_field]), opened, updated, one.get("pull_request") is not None)
        except (KeyError, TypeError, ValueError):
            continue
