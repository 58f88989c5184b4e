"""What GitHub's REST API says of records of a made world: the shapes of its documentation.

Everything follows from a record's number, so that a world of any size costs nothing to keep.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
WEB = "https://github.com"
API = "https://api.github.com"
MISSING = object()
"""As a field's value: the field is not there."""

BOT = {"login": "dependabot[bot]", "id": 49_699_333, "node_id": "B_1", "type": "Bot"}
GHOST = {"login": "ghost", "id": 10_137, "node_id": "U_ghost", "type": "User"}
ASSOCIATIONS = ("NONE", "MEMBER", "CONTRIBUTOR", "OWNER")
REVIEW_STATES = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED")
REASONS = ("completed", "not_planned", "duplicate")


@dataclass(slots=True)
class Entry:
    """A record: its key, the issue that it belongs to, its times, and what was changed of it."""

    key: int
    number: int
    created: datetime
    updated: datetime
    is_pull: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """The repository that records are rendered for; `offset` tells its ids from others'."""

    full_name: str
    offset: int

    @property
    def api(self) -> str:
        return f"{API}/repos/{self.full_name}"

    @property
    def web(self) -> str:
        return f"{WEB}/{self.full_name}"


def time(at: datetime) -> str:
    """As the API writes times."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def user(number: int) -> dict[str, Any] | None:
    """The nth account: people, an app, an organisation, and one that was deleted."""
    kind = number % 40
    if kind == 39:
        return None
    if kind == 38:
        return BOT
    made = {"login": f"user{kind}", "id": 1000 + kind, "node_id": f"U_{kind}"}
    return {**made, "type": "Organization" if kind == 37 else "User", "site_admin": False}


def label(number: int, place: Place) -> dict[str, Any]:
    """The nth label."""
    return {
        "id": 8_000_000_000 + place.offset + number,
        "node_id": f"LA_{number}",
        "name": f"label {number}",
        "color": f"{number:06x}",
        "default": False,
        "description": None if number % 2 else f"What is labelled {number}",
    }


def milestone(number: int, place: Place) -> dict[str, Any]:
    """The nth milestone."""
    return {
        "id": 9_000_000_000 + place.offset + number,
        "node_id": f"MI_{number}",
        "number": number,
        "title": f"Release {number}",
        "description": None,
        "state": "open",
        "creator": user(1),
        "created_at": time(EPOCH),
        "updated_at": time(EPOCH + timedelta(days=number)),
        "due_on": None,
        "closed_at": None,
    }


def finished(made: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """With what was changed, without what is to be missing."""
    whole = {**made, **fields}
    return {name: value for name, value in whole.items() if value is not MISSING}


def issue(entry: Entry, place: Place) -> dict[str, Any]:
    """An entry of `/issues`; a pull request is one as well."""
    number, is_closed = entry.number, entry.number % 3 == 0
    kind = "pull" if entry.is_pull else "issues"
    made = {
        "url": f"{place.api}/issues/{number}",
        "repository_url": place.api,
        "html_url": f"{place.web}/{kind}/{number}",
        "id": 3_000_000_000 + place.offset + entry.key,
        "node_id": f"{'PR' if entry.is_pull else 'I'}_{number}",
        "number": number,
        "title": f"Title of {number}",
        "user": user(number),
        "labels": [label(1 + (number + n) % 12, place) for n in range(number % 4)],
        "state": "closed" if is_closed else "open",
        "state_reason": REASONS[number % 9 // 3] if is_closed and not entry.is_pull else None,
        "locked": number % 11 == 0,
        "active_lock_reason": "resolved" if number % 11 == 0 else None,
        "assignees": [one for n in range(number % 3) if (one := user(number + n + 1))],
        "milestone": milestone(1 + number % 3, place) if number % 7 == 0 else None,
        "comments": 0,
        "created_at": time(entry.created),
        "updated_at": time(entry.updated),
        "closed_at": time(entry.created) if is_closed else None,
        "author_association": ASSOCIATIONS[number % 4],
        "type": None,
        "body": None if number % 10 == 0 else f"Text of {number} \N{SNOWMAN}\r\n" + "word " * 60,
        "reactions": {"total_count": 0, "+1": 0},
    }
    if entry.is_pull:
        made["pull_request"] = {"url": f"{place.api}/pulls/{number}", "merged_at": None}
    return finished(made, entry.fields)


def pull(entry: Entry, place: Place) -> dict[str, Any]:
    """An entry of `/pulls`; every second one of those that are closed is merged."""
    number = entry.number
    shared = issue(Entry(entry.key, number, entry.created, entry.updated, True), place)
    left_out = {"pull_request", "state_reason", "reactions", "comments", "type", "repository_url"}
    is_merged = shared["state"] == "closed" and number % 2 == 0
    fork = {"id": 77 + number, "full_name": f"user{number % 40}/{place.full_name.split('/')[1]}"}
    made = {name: value for name, value in shared.items() if name not in left_out}
    made |= {
        "url": f"{place.api}/pulls/{number}",
        "id": 4_000_000_000 + place.offset + entry.key,
        "draft": number % 4 == 1,
        "merged_at": time(entry.created) if is_merged else None,
        "merge_commit_sha": f"{number:040x}",
        "head": {"ref": f"topic-{number}", "sha": f"{number + 1:040x}", "repo": fork},
        "base": {
            "ref": "develop",
            "sha": f"{number + 2:040x}",
            "repo": {"id": 1, "full_name": place.full_name},
        },
        "requested_reviewers": [one for one in [user(number + 5)] if one and number % 5 == 0],
        "requested_teams": [{"slug": "maintainers"}] if number % 5 == 0 else [],
        "auto_merge": None,
    }
    if number % 6 == 0:
        made["head"] = {**made["head"], "repo": None}
    return finished(made, entry.fields)


def pull_detail(entry: Entry, place: Place) -> dict[str, Any]:
    """What `/pulls/{number}` says more."""
    listed = pull(entry, place)
    is_merged = listed.get("merged_at") is not None
    return {
        **listed,
        "merged": is_merged,
        "merged_by": user(entry.number + 3) if is_merged else None,
        "commits": 1 + entry.number % 5,
        "changed_files": entry.number % 9,
        "additions": 10 * entry.number,
        "deletions": entry.number,
        "comments": 0,
        "review_comments": 0,
    }


def comment(entry: Entry, place: Place) -> dict[str, Any]:
    """An entry of `/issues/comments`."""
    key = 5_000_000_000 + place.offset + entry.key
    made = {
        "url": f"{place.api}/issues/comments/{key}",
        "html_url": f"{place.web}/issues/{entry.number}#issuecomment-{key}",
        "issue_url": f"{place.api}/issues/{entry.number}",
        "id": key,
        "node_id": f"IC_{key}",
        "user": user(entry.key + 1),
        "created_at": time(entry.created),
        "updated_at": time(entry.updated),
        "author_association": ASSOCIATIONS[entry.key % 4],
        "body": f"Comment {entry.key} on {entry.number}",
        "reactions": {"total_count": 0},
        "performed_via_github_app": None,
    }
    return finished(made, entry.fields)


def review(entry: Entry, place: Place) -> dict[str, Any]:
    """An entry of `/pulls/{number}/reviews`."""
    key = 6_000_000_000 + place.offset + entry.key
    made = {
        "id": key,
        "node_id": f"PRR_{key}",
        "user": user(entry.key + 2),
        "body": f"Review {entry.key}" if entry.key % 2 else "",
        "state": REVIEW_STATES[entry.key % 4],
        "html_url": f"{place.web}/pull/{entry.number}#pullrequestreview-{key}",
        "pull_request_url": f"{place.api}/pulls/{entry.number}",
        "author_association": ASSOCIATIONS[entry.key % 4],
        "submitted_at": time(entry.created),
        "commit_id": f"{entry.number + 1:040x}",
    }
    return finished(made, entry.fields)


def review_comment(entry: Entry, place: Place) -> dict[str, Any]:
    """An entry of `/pulls/comments`."""
    key = 7_000_000_000 + place.offset + entry.key
    made = {
        "url": f"{place.api}/pulls/comments/{key}",
        "pull_request_review_id": 6_000_000_000 + place.offset + entry.key,
        "id": key,
        "node_id": f"PRRC_{key}",
        "diff_hunk": "@@ -1,3 +1,4 @@\n one\n+two",
        "path": f"include/boost/{entry.number}.hpp",
        "commit_id": f"{entry.number + 1:040x}",
        "original_commit_id": f"{entry.number:040x}",
        "user": user(entry.key + 2),
        "body": f"On line {entry.key}",
        "created_at": time(entry.created),
        "updated_at": time(entry.updated),
        "html_url": f"{place.web}/pull/{entry.number}#discussion_r{key}",
        "pull_request_url": f"{place.api}/pulls/{entry.number}",
        "author_association": ASSOCIATIONS[entry.key % 4],
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
        "line": None if entry.key % 3 == 0 else entry.key % 100 + 1,
        "original_line": entry.key % 100 + 1,
        "side": "RIGHT",
        "subject_type": "line",
        "reactions": {"total_count": 0},
    }
    if entry.key % 5 == 0:
        made["in_reply_to_id"] = key - 1
    return finished(made, entry.fields)


def repository(place: Place, github_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    """What a repository says of itself."""
    owner, name = place.full_name.split("/")
    made = {
        "id": github_id,
        "node_id": f"R_{github_id}",
        "name": name,
        "full_name": place.full_name,
        "private": False,
        "owner": {"login": owner, "id": 3_170_529, "node_id": "O_1", "type": "Organization"},
        "html_url": place.web,
        "description": f"About {name}",
        "fork": False,
        "created_at": time(EPOCH - timedelta(days=900)),
        "updated_at": time(EPOCH),
        "pushed_at": time(EPOCH),
        "homepage": "",
        "size": 1234,
        "stargazers_count": 5,
        "watchers_count": 5,
        "language": "C++",
        "has_issues": True,
        "archived": False,
        "disabled": False,
        "visibility": "public",
        "forks_count": 2,
        "open_issues_count": 7,
        "license": {"key": "bsl-1.0", "name": "Boost Software License 1.0", "spdx_id": "BSL-1.0"},
        "topics": ["cpp", "boost"],
        "default_branch": "develop",
        "subscribers_count": 3,
    }
    return finished(made, fields)
