"""Issues and pull requests, with their labels, assignees and milestones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import (
    Issue,
    IssueAssignee,
    IssueLabel,
    Label,
    Milestone,
    PullRequest,
)
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.services.links import replace_links
from collectors.github_activity_tracker.services.people import (
    Profiles,
    profile_of,
    store_users,
)
from services.upsert import Written, bulk_upsert, stored_ids

Tables = dict[str, Written]
Ids = dict[tuple[object, ...], int]

_ISSUE_COLUMNS = (
    "repository_id",
    "number",
    "kind",
    "github_id",
    "node_id",
    "title",
    "body",
    "state",
    "state_reason",
    "issue_type",
    "author_id",
    "author_association",
    "milestone_id",
    "is_locked",
    "lock_reason",
    "url",
    "opened_at",
    "updated_at",
    "closed_at",
    "moved_to",
    "deleted_at",
)
_PULL_COLUMNS = (
    "issue_id",
    "is_draft",
    "is_merged",
    "merged_at",
    "merge_commit_sha",
    "head_ref",
    "head_sha",
    "head_repository",
    "head_repository_github_id",
    "base_ref",
    "base_sha",
    "requested_reviewers",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written, and the numbers of the issues that are not what they were."""

    tables: Tables
    changed: frozenset[int]


def store_issues(session: Session, repository_id: int, records: Iterable[payloads.Issue]) -> Stored:
    """Bring issues and pull requests to these; one that was found gone is there again.

    The last update of a number counts, within the batch and against what is stored.
    """
    issues = _latest(records)
    people = ((user, one.updated_at) for one in issues for user in one.people)
    profiles = store_users(session, people)
    milestones, milestone_rows = _store_milestones(session, repository_id, issues)
    changed: set[tuple[object, ...]] = set()
    key = ("repository_id", "number")
    rows = [_row(repository_id, one, profiles, milestones) for one in issues]
    written = bulk_upsert(
        session, Issue, _ISSUE_COLUMNS, rows, key=key, newer=("updated_at",), changed=changed
    )
    ids = stored_ids(session, Issue, key, ((repository_id, one.number) for one in issues))
    by_number = {one.number: ids[(repository_id, one.number)] for one in issues}
    tables = {"issue": written, **milestone_rows}
    tables |= _store_labels(session, repository_id, issues, by_number)
    tables |= _store_assignees(session, issues, by_number, profiles)
    pulls, changed_pulls = _store_pulls(session, issues, by_number)
    numbers = {int(str(number)) for _, number in changed} | changed_pulls
    return Stored(tables | pulls, frozenset(numbers))


def _latest(records: Iterable[payloads.Issue]) -> list[payloads.Issue]:
    """Of several deliveries of a number the last update; of equal ones the last delivered."""
    found: dict[int, payloads.Issue] = {}
    for record in records:
        if record.number not in found or found[record.number].updated_at <= record.updated_at:
            found[record.number] = record
    return list(found.values())


def _row(
    repository_id: int, issue: payloads.Issue, profiles: Profiles, milestones: Ids
) -> tuple[object, ...]:
    milestone = issue.milestone
    return (
        repository_id,
        issue.number,
        "pull_request" if isinstance(issue, payloads.PullRequest) else "issue",
        issue.id,
        issue.node_id,
        issue.title,
        issue.body or "",
        _state(issue),
        issue.state_reason,
        issue.type.name if issue.type else None,
        profile_of(profiles, issue.user),
        issue.author_association,
        milestones[(repository_id, milestone.id)] if milestone else None,
        issue.locked,
        issue.active_lock_reason,
        issue.html_url,
        issue.created_at,
        issue.updated_at,
        issue.closed_at,
        None,
        None,
    )


def _state(issue: payloads.Issue) -> str:
    """GitHub calls a merged pull request closed."""
    is_merged = isinstance(issue, payloads.PullRequest) and issue.merged_at is not None
    return "merged" if is_merged else issue.state


def _store_milestones(
    session: Session, repository_id: int, issues: Sequence[payloads.Issue]
) -> tuple[Ids, Tables]:
    found = {one.milestone.id: one.milestone for one in issues if one.milestone}
    rows = [
        (
            repository_id,
            one.id,
            one.number,
            one.title,
            one.description,
            one.state,
            one.due_on,
            one.created_at,
            one.updated_at,
            one.closed_at,
        )
        for one in _by_update(issues)
    ]
    if not found:
        return {}, {}
    columns = ("number", "title", "description", "state", "due_at", "opened_at", "updated_at")
    key = ("repository_id", "github_id")
    written = bulk_upsert(
        session, Milestone, (*key, *columns, "closed_at"), rows, key=key, newer=("updated_at",)
    )
    ids = stored_ids(session, Milestone, key, ((repository_id, number) for number in found))
    return ids, {"milestone": written}


def _by_update(issues: Sequence[payloads.Issue]) -> list[payloads.Milestone]:
    """Their milestones, those of the last update of an issue last."""
    ordered = sorted(issues, key=lambda one: (one.updated_at, one.number))
    return [one.milestone for one in ordered if one.milestone]


def _store_labels(
    session: Session,
    repository_id: int,
    issues: Sequence[payloads.Issue],
    ids: dict[int, int],
) -> Tables:
    rows = [
        (repository_id, label.id, label.name, label.color, label.description, one.updated_at)
        for one in issues
        for label in one.labels
    ]
    key = ("repository_id", "github_id")
    columns = (*key, "name", "colour", "description", "observed_at")
    newer = ("observed_at", "name")
    written = bulk_upsert(session, Label, columns, rows, key=key, newer=newer)
    labels = stored_ids(session, Label, key, (row[:2] for row in rows))
    pairs = [
        (ids[one.number], labels[(repository_id, label.id)])
        for one in issues
        for label in one.labels
    ]
    links = replace_links(session, IssueLabel, "label_id", ids.values(), pairs)
    return {"label": written, "issue_label": links}


def _store_assignees(
    session: Session,
    issues: Sequence[payloads.Issue],
    ids: dict[int, int],
    profiles: Profiles,
) -> Tables:
    pairs = [(ids[one.number], profiles[user.id]) for one in issues for user in one.assignees]
    links = replace_links(session, IssueAssignee, "profile_id", ids.values(), pairs)
    return {"issue_assignee": links}


def _store_pulls(
    session: Session, issues: Sequence[payloads.Issue], ids: dict[int, int]
) -> tuple[Tables, set[int]]:
    pulls = {ids[one.number]: one for one in issues if isinstance(one, payloads.PullRequest)}
    if not pulls:
        return {}, set()
    changed: set[tuple[object, ...]] = set()
    rows = [_pull_row(issue_id, one) for issue_id, one in pulls.items()]
    key = ("issue_id",)
    written = bulk_upsert(session, PullRequest, _PULL_COLUMNS, rows, key=key, changed=changed)
    numbers = {pulls[int(str(issue_id))].number for (issue_id,) in changed}
    return {"pull_request": written}, numbers


def _pull_row(issue_id: int, pull: payloads.PullRequest) -> tuple[object, ...]:
    fork = pull.head.repo
    return (
        issue_id,
        pull.draft,
        pull.merged_at is not None,
        pull.merged_at,
        pull.merge_commit_sha,
        pull.head.ref,
        pull.head.sha,
        fork.full_name if fork else None,
        fork.id if fork else None,
        pull.base.ref,
        pull.base.sha,
        pull.reviewers_asked,
    )
