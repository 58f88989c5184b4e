"""What search finds: each issue and pull request with all that was said in it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import (
    Comment,
    Issue,
    IssueLabel,
    Label,
    Repository,
    RepositoryMetadata,
    Review,
    ReviewComment,
)
from services.identity.models import Profile
from services.upsert import Written
from services.vectors.services import Text, delete_documents, put_documents

COLLECTOR = "github_activity_tracker"
# Search looks at no more of a text (services.vectors.models).
MOST_CHARACTERS = 200_000
Told = dict[int, list[str]]


def refresh_documents(
    session: Session, repository_id: int, numbers: Sequence[int], now: datetime
) -> dict[str, Written]:
    """Bring the documents of these issues to what the tables say; those of gone ones go.

    A document's key is GitHub's number of the repository, which outlives its names, and the issue's.
    """
    about = select(
        Repository.github_id, Repository.source_key, RepositoryMetadata.visibility
    ).outerjoin(RepositoryMetadata, RepositoryMetadata.repository_id == Repository.id)
    github_id, name, visibility = session.execute(about.where(Repository.id == repository_id)).one()
    said, labels = (
        _said(session, repository_id, numbers),
        _labels(session, repository_id, numbers),
    )
    texts, gone = [], []
    for issue, login in _issues(session, repository_id, numbers):
        key = f"{github_id}#{issue.number}"
        if issue.deleted_at is not None:
            gone.append(key)
            continue
        texts.append(
            Text(
                key,
                issue.title,
                "\n\n".join([issue.body, *said[issue.number]])[:MOST_CHARACTERS],
                login or "",
                issue.url,
                issue.opened_at.date(),
                metadata={
                    "repository": name,
                    "number": issue.number,
                    "kind": issue.kind,
                    "state": issue.state,
                    "labels": labels[issue.number],
                },
                private=visibility not in (None, "public"),
            )
        )
    written = put_documents(session, COLLECTOR, texts)
    return {"document": written + delete_documents(session, COLLECTOR, gone, now)}


def _issues(
    session: Session, repository_id: int, numbers: Sequence[int]
) -> Sequence[tuple[Issue, str | None]]:
    found = session.execute(
        select(Issue, Profile.username)
        .outerjoin(Profile, Profile.id == Issue.author_id)
        .where(Issue.repository_id == repository_id, Issue.number.in_(numbers))
        .order_by(Issue.number)
    )
    return found.tuples().all()


def _said(session: Session, repository_id: int, numbers: Sequence[int]) -> Told:
    """By issue, everything that was said in it and is still there, in order."""
    parts = [
        select(
            model.number,
            when.label("at"),
            model.github_id,
            model.body,
            author.label("author_id"),
        ).where(
            model.repository_id == repository_id,
            model.number.in_(numbers),
            model.deleted_at.is_(None),
            model.body != "",
        )
        for model, when, author in (
            (Comment, Comment.posted_at, Comment.author_id),
            (Review, Review.submitted_at, Review.reviewer_id),
            (ReviewComment, ReviewComment.posted_at, ReviewComment.author_id),
        )
    ]
    every = union_all(*parts).subquery()
    found = session.execute(
        select(every.c.number, every.c.body, Profile.username)
        .outerjoin(Profile, Profile.id == every.c.author_id)
        .order_by(every.c.number, every.c.at.nulls_last(), every.c.github_id)
    )
    told: Told = defaultdict(list)
    for number, body, login in found:
        told[number].append(f"{login or 'ghost'}: {body}")
    return told


def _labels(session: Session, repository_id: int, numbers: Sequence[int]) -> Told:
    found = session.execute(
        select(Issue.number, Label.name)
        .join(IssueLabel, IssueLabel.issue_id == Issue.id)
        .join(Label, Label.id == IssueLabel.label_id)
        .where(Issue.repository_id == repository_id, Issue.number.in_(numbers))
        .order_by(Issue.number, Label.name)
    )
    names: Told = defaultdict(list)
    for number, name in found:
        names[number].append(name)
    return names
