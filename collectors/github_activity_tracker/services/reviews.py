"""Reviews of pull requests, and what only a pull request itself tells."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, cast, func, select, update
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import Issue, PullRequestDetail, Review
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.parsing.records import PullDetail
from collectors.github_activity_tracker.services.issues import Stored
from collectors.github_activity_tracker.services.people import (
    Profiles,
    profile_of,
    store_users,
)
from services.upsert import Row, Written, bulk_upsert, stored_ids, stored_values

_REVIEW_COLUMNS = (
    "repository_id",
    "number",
    "github_id",
    "reviewer_id",
    "author_association",
    "state",
    "body",
    "commit_sha",
    "url",
    "submitted_at",
    "deleted_at",
)
_DETAIL_COLUMNS = (
    "issue_id",
    "merged_by_id",
    "commits",
    "changed_files",
    "additions",
    "deletions",
)


def store_pull_details(
    session: Session,
    repository_id: int,
    pulls: Sequence[PullDetail],
    now: datetime,
    *,
    are_whole: bool = True,
) -> Stored:
    """Bring these pull requests' reviews and sizes to this; reviews that are not there are gone.

    Unless the pull requests are not whole: then nothing is gone. A review that could not be read is
    there nevertheless. Accounts of pending reviews, which have no time, are taken as seen `now`.
    """
    there = [pull for pull in pulls if not pull.is_gone]
    profiles = store_users(session, _people(there, now))
    changed: set[Row] = set()
    rows = [
        (repository_id, pull.number, *_review_row(one, profiles))
        for pull in there
        for one in pull.reviews
    ]
    key = ("repository_id", "github_id")
    written = bulk_upsert(session, Review, _REVIEW_COLUMNS, rows, key=key, changed=changed)
    gone = _mark_gone(session, repository_id, there, now) if are_whole else []
    numbers = {one.id: pull.number for pull in there for one in pull.reviews}
    tables = {
        "review": written + Written(updated=len(gone)),
        "pull_request_detail": _store_details(session, repository_id, there, profiles),
    }
    return Stored(tables, frozenset(gone) | {numbers[int(key)] for _, key in changed})


def pull_updates(
    session: Session, repository_id: int, numbers: Iterable[int]
) -> dict[int, datetime]:
    """When each of these pull requests was updated last, as far as they are here and not gone."""
    key = ("repository_id", "number")
    wanted = [(repository_id, number) for number in numbers]
    found = stored_values(session, Issue, key, wanted, ("updated_at", "deleted_at"))
    return {number: updated for (_, number), (updated, deleted) in found if deleted is None}


def _people(
    pulls: Sequence[PullDetail], now: datetime
) -> "list[tuple[payloads.User | None, datetime]]":
    mergers = [(pull.detail.merged_by, pull.detail.updated_at) for pull in pulls if pull.detail]
    reviewers = [(one.user, one.submitted_at or now) for pull in pulls for one in pull.reviews]
    return [*mergers, *reviewers]


def _review_row(review: payloads.Review, profiles: Profiles) -> Row:
    return (
        review.id,
        profile_of(profiles, review.user),
        review.author_association,
        review.state.lower(),
        review.body or "",
        review.commit_id,
        review.html_url,
        review.submitted_at,
        None,
    )


def _mark_gone(
    session: Session, repository_id: int, pulls: Sequence[PullDetail], now: datetime
) -> list[int]:
    """The pull requests whose reviews were marked, as often as they were.

    The hash goes, so that a review that comes back is a change.
    """
    present = [one.id for pull in pulls for one in pull.reviews]
    present += [int(bad.key) for pull in pulls for bad in pull.rejected if bad.key.isdecimal()]
    keys = cast(present, ARRAY(BigInteger))
    row = Review
    of_these = (
        row.repository_id == repository_id,
        row.number.in_([pull.number for pull in pulls]),
        row.deleted_at.is_(None),
    )
    marked = session.scalars(
        update(row)
        .where(*of_these, row.github_id.not_in(select(func.unnest(keys))))
        .values(deleted_at=now, content_hash=b"")
        .returning(row.number)
    )
    return list(marked)


def _store_details(
    session: Session, repository_id: int, pulls: Sequence[PullDetail], profiles: Profiles
) -> Written:
    details = {pull.number: pull.detail for pull in pulls if pull.detail}
    keys = [(repository_id, number) for number in details]
    ids = stored_ids(session, Issue, ("repository_id", "number"), keys)
    rows = [
        _detail_row(ids[(repository_id, number)], detail, profiles)
        for number, detail in details.items()
    ]
    return bulk_upsert(session, PullRequestDetail, _DETAIL_COLUMNS, rows, key=("issue_id",))


def _detail_row(issue_id: int, detail: payloads.PullRequestDetail, profiles: Profiles) -> Row:
    return (
        issue_id,
        profile_of(profiles, detail.merged_by),
        detail.commits,
        detail.changed_files,
        detail.additions,
        detail.deletions,
    )
