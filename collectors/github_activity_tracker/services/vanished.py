"""What GitHub does not list any more: found by comparison, marked when GitHub confirms it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import Comment, Issue, Review, ReviewComment
from collectors.github_activity_tracker.services.issues import Stored
from services.database import driver_connection
from services.upsert import Written, bigints, stored_values

_FIND = """
    select t.{key} from {table} t
    where t.repository_id = %s and t.deleted_at is null and t.updated_at >= %s
        and t.updated_at <= %s and {of_kind}
        and not exists (select from unnest(%s::bigint[]) l(key) where l.key = t.{key})
    order by 1
"""


@dataclass(frozen=True, slots=True)
class Span:
    """What a listing has covered: of this kind, updated from `since` to `until`."""

    kind: str
    since: datetime
    until: datetime


_TABLES: Mapping[str, tuple[type[Issue | Comment | ReviewComment], str, str]] = {
    "issue": (Issue, "number", "t.kind = 'issue'"),
    "pull_request": (Issue, "number", "t.kind = 'pull_request'"),
    "comment": (Comment, "github_id", "true"),
    "review_comment": (ReviewComment, "github_id", "true"),
}


class Version(NamedTuple):
    """How new what is stored of a record is, and whether it is gone."""

    updated_at: datetime
    deleted_at: datetime | None


def find_versions(
    session: Session, repository_id: int, kind: str, keys: Collection[int]
) -> dict[int, Version]:
    """What is stored of these keys, gone or not."""
    model, key, _ = _TABLES[kind]
    columns = ("repository_id", key)
    wanted = [(repository_id, one) for one in keys]
    found = stored_values(session, model, columns, wanted, Version._fields)
    return {one: Version(*values) for (_, one), values in found}


def find_gone_reviews(session: Session, repository_id: int, keys: Collection[int]) -> set[int]:
    """Those of these reviews that are marked as gone."""
    columns = ("repository_id", "github_id")
    wanted = [(repository_id, one) for one in keys]
    found = stored_values(session, Review, columns, wanted, ("deleted_at",))
    return {one for (_, one), deleted_at in found if deleted_at is not None}


def find_unlisted(
    session: Session, repository_id: int, span: Span, listed: Sequence[int]
) -> list[int]:
    """Keys of stored rows that a listing should have held and did not: they may be gone."""
    model, key, of_kind = _TABLES[span.kind]
    statement = _FIND.format(key=key, table=model.__tablename__, of_kind=of_kind)
    cursor = driver_connection(session).cursor()
    values = [repository_id, span.since, span.until, bigints(listed)]
    return [int(found) for (found,) in cursor.execute(statement, values).fetchall()]


def mark_issues_gone(
    session: Session, repository_id: int, moved: Mapping[int, str | None], now: datetime
) -> Stored:
    """Mark issues as gone, with all that was said in them; by number, where they have moved to.

    The hash goes, so that one which comes back is a change.
    """
    marked = 0
    for number, place in moved.items():
        marked += len(
            session.scalars(
                update(Issue)
                .where(
                    Issue.repository_id == repository_id,
                    Issue.number == number,
                    Issue.deleted_at.is_(None),
                )
                .values(deleted_at=now, moved_to=place, content_hash=b"")
                .returning(Issue.id)
            ).all()
        )
    tables = {"issue": Written(updated=marked)}
    for name, model in (
        ("comment", Comment),
        ("review", Review),
        ("review_comment", ReviewComment),
    ):
        tables[name] = _mark(session, model, repository_id, now, numbers=moved)[0]
    return Stored(tables, frozenset(moved))


def mark_comments_deleted(
    session: Session, repository_id: int, keys: Collection[int], now: datetime
) -> Stored:
    """Mark comments in conversations as gone."""
    written, numbers = _mark(session, Comment, repository_id, now, keys=keys)
    return Stored({"comment": written}, numbers)


def mark_review_comments_deleted(
    session: Session, repository_id: int, keys: Collection[int], now: datetime
) -> Stored:
    """Mark comments on lines as gone."""
    written, numbers = _mark(session, ReviewComment, repository_id, now, keys=keys)
    return Stored({"review_comment": written}, numbers)


def _mark(
    session: Session,
    model: type[Comment | Review | ReviewComment],
    repository_id: int,
    now: datetime,
    *,
    keys: Collection[int] | None = None,
    numbers: Collection[int] = (),
) -> tuple[Written, frozenset[int]]:
    these = model.number.in_(numbers) if keys is None else model.github_id.in_(keys)
    marked = session.scalars(
        update(model)
        .where(model.repository_id == repository_id, model.deleted_at.is_(None), these)
        .values(deleted_at=now, content_hash=b"")
        .returning(model.number)
    ).all()
    return Written(updated=len(marked)), frozenset(marked)
