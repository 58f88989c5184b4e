"""Records of GitHub's REST API, as its schema promises them; unknown fields are left alone.

https://docs.github.com/rest: null where a user is deleted, a fork is gone, or a text is empty.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from services.identity.services import Person

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]

ACCOUNT_TYPES = {"Bot": "bot", "Organization": "organization"}


class Record(msgspec.Struct, frozen=True):
    """What every record here is: immutable, made of a payload by `msgspec.convert`."""


class User(Record, frozen=True):
    """An account, as GitHub shows it beside everything that somebody did."""

    login: str
    id: Id
    type: str = "User"
    name: str | None = None

    def seen(self, at: datetime) -> Person:
        """The account as it was shown with something that last changed at `at`."""
        kind = ACCOUNT_TYPES.get(self.type, "user")
        name = self.name or self.login
        return Person("github", str(self.id), self.login, name, kind, None, at)


class Label(Record, frozen=True):
    """A label."""

    id: Id
    name: str
    color: str = ""
    description: str | None = None


class Milestone(Record, frozen=True):
    """A milestone."""

    id: Id
    number: Number
    title: str
    state: str
    created_at: Time
    updated_at: Time
    description: str | None = None
    due_on: Time | None = None
    closed_at: Time | None = None


class IssueType(Record, frozen=True):
    """A type that an organisation has given its issues."""

    name: str


class Issue(Record, frozen=True):
    """What issues and pull requests have in common; `user` is None for a deleted account."""

    id: Id
    node_id: str
    number: Number
    title: str
    html_url: str
    state: str
    created_at: Time
    updated_at: Time
    user: User | None
    body: str | None = None
    state_reason: str | None = None
    type: IssueType | None = None
    closed_at: Time | None = None
    labels: tuple[Label, ...] = ()
    assignees: tuple[User, ...] = ()
    milestone: Milestone | None = None
    author_association: str | None = None
    locked: bool = False
    active_lock_reason: str | None = None

    @property
    def people(self) -> tuple[User, ...]:
        """Everyone that it shows."""
        return (*self.assignees, *((self.user,) if self.user else ()))


class ForkName(Record, frozen=True):
    """A repository in few words."""

    id: Id
    full_name: str


class Reference(Record, frozen=True):
    """One end of a pull request; `repo` is None when the fork is deleted."""

    ref: str
    sha: str
    repo: ForkName | None = None


class Team(Record, frozen=True):
    """A team."""

    slug: str


class PullRequest(Issue, frozen=True, kw_only=True):
    """A pull request as the listing shows it."""

    head: Reference
    base: Reference
    draft: bool = False
    merged_at: Time | None = None
    merge_commit_sha: str | None = None
    requested_reviewers: tuple[User, ...] = ()
    requested_teams: tuple[Team, ...] = ()

    @property
    def reviewers_asked(self) -> list[str]:
        """Logins, and teams as @slug."""
        logins = (user.login for user in self.requested_reviewers)
        return sorted({*logins, *(f"@{team.slug}" for team in self.requested_teams)})


class Comment(Record, frozen=True):
    """A comment in a conversation; which one is told by the end of `issue_url`."""

    id: Id
    html_url: str
    issue_url: str
    created_at: Time
    updated_at: Time
    user: User | None
    body: str | None = None
    author_association: str | None = None

    @property
    def number(self) -> int:
        """Of the issue or pull request; ValueError where the address names none."""
        return int(self.issue_url.rpartition("/")[2])


class ReviewComment(Record, frozen=True):
    """A comment on lines; which pull request is told by the end of `pull_request_url`."""

    id: Id
    html_url: str
    pull_request_url: str
    path: str
    created_at: Time
    updated_at: Time
    user: User | None
    diff_hunk: str = ""
    body: str | None = None
    author_association: str | None = None
    pull_request_review_id: Id | None = None
    in_reply_to_id: Id | None = None
    subject_type: str | None = None
    side: str | None = None
    line: int | None = None
    start_side: str | None = None
    start_line: int | None = None
    original_line: int | None = None
    original_start_line: int | None = None
    commit_id: str | None = None
    original_commit_id: str | None = None

    @property
    def number(self) -> int:
        """Of the pull request; ValueError where the address names none."""
        return int(self.pull_request_url.rpartition("/")[2])


class Review(Record, frozen=True):
    """A review; `submitted_at` is missing while it is pending."""

    id: Id
    state: str
    html_url: str
    user: User | None
    body: str | None = None
    submitted_at: Time | None = None
    commit_id: str | None = None
    author_association: str | None = None


class PullRequestDetail(Record, frozen=True):
    """What a pull request itself says, and no listing."""

    number: Number
    updated_at: Time
    commits: int
    changed_files: int
    additions: int
    deletions: int
    merged_by: User | None = None


class Licence(Record, frozen=True):
    """A licence; GitHub says NOASSERTION where it cannot tell which."""

    name: str
    spdx_id: str | None = None


class Repository(Record, frozen=True):
    """A repository, as it speaks of itself."""

    id: Id
    node_id: str
    full_name: str
    owner: User
    private: bool
    fork: bool
    archived: bool
    stargazers_count: int
    forks_count: int
    open_issues_count: int
    size: Id
    created_at: Time
    updated_at: Time
    visibility: str | None = None
    description: str | None = None
    homepage: str | None = None
    language: str | None = None
    license: Licence | None = None
    topics: tuple[str, ...] = ()
    parent: ForkName | None = None
    has_issues: bool = True
    subscribers_count: int | None = None
    pushed_at: Time | None = None
    default_branch: str | None = None
