"""Pages of issues and pull requests: which have to be written anew, and what is on them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import (
    Comment,
    Issue,
    IssueLabel,
    Label,
    PullRequest,
    Repository,
    RepositoryMetadata,
    Review,
    ReviewComment,
)
from collectors.github_activity_tracker.services.markdown import (
    Saying,
    conversation_page,
    repository_page,
)
from services.identity.models import Profile
from services.outbox.latest import enqueue_latest
from services.publication.pages import Page, marker

MARKDOWN = "github_markdown"
"""Kind of the messages that have pages written anew."""
_OF_REPOSITORY = 0
_A_FOLDER = 1000
_FOLDERS = {"issue": "issues", "pull_request": "pull_requests"}
Sayings = dict[int, list[Saying]]


def note_changed(session: Session, repository_id: int, numbers: Iterable[int]) -> None:
    """Have the pages of these issues written, in the transaction that changes them.

    Subjects are named by GitHub's number of the repository, which outlives its names.
    """
    github_id = session.scalar(select(Repository.github_id).where(Repository.id == repository_id))
    enqueue_latest(session, MARKDOWN, (f"{github_id}#{number}" for number in numbers))


def note_renamed(session: Session, repository_id: int) -> None:
    """Have a repository's folder and page made, or moved to where its name is now, or removed."""
    note_changed(session, repository_id, [_OF_REPOSITORY])


def read_pages(session: Session, subjects: Iterable[str]) -> tuple[dict[int, str], list[Page]]:
    """The folder of each repository, and the pages of these subjects as the tables are now.

    Those of private repositories are to be nowhere: whoever reads the pages may not read these.
    """
    numbers: dict[int, list[int]] = defaultdict(list)
    for owner, _, number in (subject.partition("#") for subject in subjects):
        numbers[int(owner)].append(int(number))
    homes: dict[int, str] = {}
    pages: list[Page] = []
    for repository, metadata in _repositories(session, numbers):
        github_id = repository.github_id or 0
        homes[github_id] = repository.source_key
        is_public = metadata is None or metadata.visibility == "public"
        pages.append(
            Page(github_id, marker(github_id), _about(repository, metadata) if is_public else None)
        )
        pages += _pages(session, repository, numbers[github_id], is_public=is_public)
    return homes, pages


def _repositories(
    session: Session, github_ids: Iterable[int]
) -> Sequence[tuple[Repository, RepositoryMetadata | None]]:
    metadata = RepositoryMetadata
    found = session.execute(
        select(Repository, metadata)
        .outerjoin(metadata, metadata.repository_id == Repository.id)
        .where(Repository.github_id.in_(list(github_ids)))
        .order_by(Repository.id)
    )
    return found.tuples().all()


def _about(repository: Repository, metadata: RepositoryMetadata | None) -> str:
    facts = {"repository": repository.source_key, "github_id": repository.github_id}
    return repository_page(facts, metadata.description if metadata else None)


def _pages(
    session: Session, repository: Repository, numbers: Sequence[int], *, is_public: bool
) -> Iterator[Page]:
    said = _said(session, repository.id, numbers)
    labels = _labels(session, repository.id, numbers)
    for issue, pull, login in _issues(session, repository.id, numbers):
        facts = _facts(repository, issue, pull, login) | {"labels": labels[issue.number]}
        text = conversation_page(facts, issue.title, issue.body, said[issue.number])
        is_there = is_public and issue.deleted_at is None
        other = next(kind for kind in _FOLDERS if kind != issue.kind)
        yield Page(
            repository.github_id or 0,
            _path(issue.kind, issue.number),
            text if is_there else None,
            not_at=(_path(other, issue.number),),
        )


def _path(kind: str, number: int) -> str:
    """By number alone, so that a title may change; a thousand in a folder, which people can open."""
    return f"{_FOLDERS[kind]}/{number // _A_FOLDER * _A_FOLDER:06}/{number}.md"


def _facts(
    repository: Repository, issue: Issue, pull: PullRequest | None, login: str | None
) -> dict[str, Any]:
    facts = {
        "repository": repository.source_key,
        "number": issue.number,
        "kind": issue.kind,
        "title": issue.title,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "author": login or "ghost",
        "opened_at": issue.opened_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "url": issue.url,
    }
    if pull is None:
        return facts
    return facts | {
        "merged_at": pull.merged_at,
        "is_draft": pull.is_draft,
        "head": f"{pull.head_repository or 'unknown'}:{pull.head_ref}",
        "base": pull.base_ref,
    }


def _issues(
    session: Session, repository_id: int, numbers: Sequence[int]
) -> Sequence[tuple[Issue, PullRequest | None, str | None]]:
    found = session.execute(
        select(Issue, PullRequest, Profile.username)
        .outerjoin(PullRequest, PullRequest.issue_id == Issue.id)
        .outerjoin(Profile, Profile.id == Issue.author_id)
        .where(Issue.repository_id == repository_id, Issue.number.in_(numbers))
        .order_by(Issue.number)
    )
    return found.tuples().all()


def _labels(session: Session, repository_id: int, numbers: Sequence[int]) -> dict[int, list[str]]:
    found = session.execute(
        select(Issue.number, Label.name)
        .join(IssueLabel, IssueLabel.issue_id == Issue.id)
        .join(Label, Label.id == IssueLabel.label_id)
        .where(Issue.repository_id == repository_id, Issue.number.in_(numbers))
        .order_by(Issue.number, Label.name)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for number, name in found:
        names[number].append(name)
    return names


def _said(session: Session, repository_id: int, numbers: Sequence[int]) -> Sayings:
    """By issue, what was said in it and is still there."""
    said: Sayings = defaultdict(list)
    for number, saying in (
        *_comments(session, repository_id, numbers),
        *_reviews(session, repository_id, numbers),
        *_review_comments(session, repository_id, numbers),
    ):
        said[number].append(saying)
    return said


def _comments(
    session: Session, repository_id: int, numbers: Sequence[int]
) -> Iterator[tuple[int, Saying]]:
    one = Comment
    wanted = select(one, Profile.username).outerjoin(Profile, Profile.id == one.author_id)
    there = (one.repository_id == repository_id, one.number.in_(numbers), one.deleted_at.is_(None))
    for comment, login in session.execute(wanted.where(*there)).tuples():
        at, number = comment.posted_at, comment.github_id
        said = Saying((at, number), at, number, login, "commented", comment.url, comment.body)
        yield comment.number, said


def _reviews(
    session: Session, repository_id: int, numbers: Sequence[int]
) -> Iterator[tuple[int, Saying]]:
    """Those that are submitted and say something, if only by their verdict."""
    one = Review
    wanted = select(one, Profile.username).outerjoin(Profile, Profile.id == one.reviewer_id)
    there = (one.repository_id == repository_id, one.number.in_(numbers), one.deleted_at.is_(None))
    for review, login in session.execute(wanted.where(*there)).tuples():
        at, number, is_silent = review.submitted_at, review.github_id, not review.body.strip()
        if at is None or (is_silent and review.state == "commented"):
            continue
        what = f"reviewed: {review.state.replace('_', ' ')}"
        yield review.number, Saying((at, number), at, number, login, what, review.url, review.body)


def _review_comments(
    session: Session, repository_id: int, numbers: Sequence[int]
) -> Iterator[tuple[int, Saying]]:
    """An answer stands behind what it answers, or by its own time where that is gone."""
    one = ReviewComment
    wanted = select(one, Profile.username).outerjoin(Profile, Profile.id == one.author_id)
    there = (one.repository_id == repository_id, one.number.in_(numbers), one.deleted_at.is_(None))
    found = session.execute(wanted.where(*there)).tuples().all()
    begun = {comment.github_id: comment.posted_at for comment, _ in found}
    for comment, login in found:
        at, number = comment.posted_at, comment.github_id
        first = comment.reply_to_github_id if comment.reply_to_github_id in begun else None
        thread = (at, number) if first is None else (begun[first], first)
        hunk = comment.hunk if first is None else ""
        what = f"on `{comment.path}`{f' line {comment.line}' if comment.line else ''}"
        said = Saying(thread, at, number, login, what, comment.url, comment.body, hunk)
        yield comment.number, said
