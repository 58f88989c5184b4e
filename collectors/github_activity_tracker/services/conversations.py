"""Comments in conversations and on lines of code."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import Comment, ReviewComment
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.services.issues import Stored
from collectors.github_activity_tracker.services.people import (
    Profiles,
    profile_of,
    store_users,
)
from services.upsert import Row, Written, bulk_upsert

Said = TypeVar("Said", payloads.Comment, payloads.ReviewComment)
RowOf = Callable[[int, Said, Profiles], Row]

_COMMENT_COLUMNS = (
    "repository_id",
    "number",
    "github_id",
    "author_id",
    "author_association",
    "body",
    "url",
    "posted_at",
    "updated_at",
    "deleted_at",
)
_REVIEW_COMMENT_COLUMNS = (
    *_COMMENT_COLUMNS,
    "review_github_id",
    "reply_to_github_id",
    "path",
    "subject_type",
    "side",
    "line",
    "start_side",
    "start_line",
    "original_line",
    "original_start_line",
    "hunk",
    "commit_sha",
    "original_commit_sha",
)


def store_comments(
    session: Session, repository_id: int, records: Iterable[payloads.Comment]
) -> Stored:
    """Bring comments in conversations to these; one that was found gone is there again."""
    found = list(records)
    rows, changed = _rows(session, repository_id, found, _common_row), set[Row]()
    written = _write(session, Comment, _COMMENT_COLUMNS, rows, changed)
    return _stored("comment", written, found, changed)


def store_review_comments(
    session: Session, repository_id: int, records: Iterable[payloads.ReviewComment]
) -> Stored:
    """Bring comments on lines to these; one that was found gone is there again."""
    found = list(records)
    rows, changed = _rows(session, repository_id, found, _line_row), set[Row]()
    written = _write(session, ReviewComment, _REVIEW_COMMENT_COLUMNS, rows, changed)
    return _stored("review_comment", written, found, changed)


def _rows(
    session: Session, repository_id: int, records: Sequence[Said], row_of: RowOf[Said]
) -> list[Row]:
    profiles = store_users(session, ((one.user, one.updated_at) for one in records))
    return [row_of(repository_id, one, profiles) for one in records]


def _write(
    session: Session,
    model: type[Comment | ReviewComment],
    columns: Sequence[str],
    rows: list[Row],
    changed: set[Row],
) -> Written:
    key = ("repository_id", "github_id")
    newer = ("updated_at",)
    return bulk_upsert(session, model, columns, rows, key=key, newer=newer, changed=changed)


def _stored(table: str, written: Written, records: Sequence[Said], changed: set[Row]) -> Stored:
    numbers = {one.id: one.number for one in records}
    return Stored({table: written}, frozenset(numbers[int(key)] for _, key in changed))


def _common_row(
    repository_id: int, said: payloads.Comment | payloads.ReviewComment, profiles: Profiles
) -> Row:
    return (
        repository_id,
        said.number,
        said.id,
        profile_of(profiles, said.user),
        said.author_association,
        said.body or "",
        said.html_url,
        said.created_at,
        said.updated_at,
        None,
    )


def _line_row(repository_id: int, said: payloads.ReviewComment, profiles: Profiles) -> Row:
    return (
        *_common_row(repository_id, said, profiles),
        said.pull_request_review_id,
        said.in_reply_to_id,
        said.path,
        said.subject_type,
        said.side,
        said.line,
        said.start_side,
        said.start_line,
        said.original_line,
        said.original_start_line,
        said.diff_hunk,
        said.commit_id,
        said.original_commit_id,
    )
