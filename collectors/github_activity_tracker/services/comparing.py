"""What is stored, in the terms in which it is compared with GitHub."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from collectors.github_activity_tracker.models import (
    Branch,
    Comment,
    Commit,
    Due,
    Issue,
    Review,
    ReviewComment,
)
from collectors.github_activity_tracker.services.dues import REVIEWS

Model = type[Issue | Comment | ReviewComment]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Rows that one listing shows: their model, key, and when they were made at GitHub."""

    model: Model
    key: InstrumentedAttribute[int]
    made_at: InstrumentedAttribute[datetime]


SHELVES: Mapping[str, Shelf] = {
    "issues": Shelf(Issue, Issue.number, Issue.opened_at),
    "comments": Shelf(Comment, Comment.github_id, Comment.posted_at),
    "review_comments": Shelf(ReviewComment, ReviewComment.github_id, ReviewComment.posted_at),
}
"""By stream; pull requests are on the shelf of issues."""


def count_made(session: Session, repository_id: int, stream: str, until: datetime | None) -> int:
    """How many that are not gone were made up to then; all of them without a time."""
    shelf = SHELVES[stream]
    query = select(func.count()).where(*_here(shelf, repository_id))
    return session.scalar(query if until is None else query.where(shelf.made_at <= until)) or 0


def count_pulls(session: Session, repository_id: int) -> int:
    """How many pull requests are not gone."""
    here = _here(SHELVES["issues"], repository_id)
    return session.scalar(select(func.count()).where(*here, Issue.kind == "pull_request")) or 0


def versions(
    session: Session, repository_id: int, stream: str, keys: Collection[int]
) -> dict[int, datetime]:
    """When each of these was last updated, of those that are here."""
    shelf = SHELVES[stream]
    query = select(shelf.key, shelf.model.updated_at)
    found = query.where(*_here(shelf, repository_id), shelf.key.in_(keys))
    return dict(session.execute(found).tuples().all())


def made_between(
    session: Session,
    repository_id: int,
    stream: str,
    after: datetime | None,
    before: datetime | None,
) -> dict[int, bool]:
    """Keys of what is here and was made between these times; whether each is a pull request."""
    shelf = SHELVES[stream]
    is_pull = Issue.kind == "pull_request" if shelf.model is Issue else false()
    query = select(shelf.key, is_pull).where(*_here(shelf, repository_id))
    if after is not None:
        query = query.where(shelf.made_at > after)
    if before is not None:
        query = query.where(shelf.made_at < before)
    return dict(session.execute(query).tuples().all())


def stored_reviews(
    session: Session, repository_id: int, numbers: Collection[int]
) -> dict[int, set[int]]:
    """GitHub's numbers of the reviews here, by pull request."""
    here = (Review.repository_id == repository_id, Review.deleted_at.is_(None))
    query = select(Review.number, Review.github_id).where(*here, Review.number.in_(numbers))
    found: dict[int, set[int]] = {number: set() for number in numbers}
    for number, review in session.execute(query).tuples():
        found[number].add(review)
    return found


def settled_pulls(session: Session, repository_id: int) -> Sequence[int]:
    """Numbers of the pull requests here whose reviews are not still to be asked for."""
    due = select(Due.number).where(Due.task == REVIEWS, Due.repository_id == repository_id)
    here = _here(SHELVES["issues"], repository_id)
    query = select(Issue.number).where(
        *here, Issue.kind == "pull_request", Issue.number.not_in(due)
    )
    return session.scalars(query.order_by(Issue.number)).all()


def followed_heads(session: Session, repository_id: int) -> Sequence[str]:
    """The commits at which the followed branches stood in the last run."""
    of_repository = (Branch.repository_id == repository_id, ~Branch.is_deleted)
    return session.scalars(select(Branch.head_sha).where(*of_repository)).all()


def count_commits_here(session: Session, repository_id: int) -> int:
    """How many commits are here that a followed branch reaches."""
    here = (Commit.repository_id == repository_id, Commit.rewritten_at.is_(None))
    return session.scalar(select(func.count()).where(*here)) or 0


def _here(shelf: Shelf, repository_id: int) -> tuple[ColumnElement[bool], ...]:
    return shelf.model.repository_id == repository_id, shelf.model.deleted_at.is_(None)
