"""Commits, their files and branches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import (
    Branch,
    Commit,
    File,
    FileChange,
)
from collectors.github_activity_tracker.parsing.commits import CommitRecord
from services.database import driver_connection
from services.identity.services import commit_person, store_people
from services.upsert import (
    Written,
    bulk_upsert,
    storable_text,
    stored_ids,
    stored_values,
)

COMMIT_COLUMNS = (
    "repository_id",
    "sha",
    "parents",
    "message",
    "author_id",
    "author_name",
    "author_email",
    "authored_at",
    "committer_id",
    "committer_name",
    "committer_email",
    "committed_at",
    "files_changed",
    "additions",
    "deletions",
)
CHANGE_COLUMNS = ("commit_id", "file_id", "status", "old_path", "additions", "deletions")

Tables = dict[str, Written]
Profiles = dict[tuple[str, str], int]  # name and address → profile


def recognise_commits(
    session: Session, repository_id: int, shas: Iterable[str]
) -> tuple[set[str], Tables]:
    """Which of these reachable commits are stored whole, so that they need not be read again.

    Those that were marked as rewritten lose the mark: they are reachable again.
    """
    columns = ("files_changed", "rewritten_at")
    keys = ((repository_id, sha) for sha in shas)
    stored = list(stored_values(session, Commit, ("repository_id", "sha"), keys, columns))
    known = {str(sha) for (_, sha), (files_changed, _) in stored if files_changed is not None}
    marked = [str(sha) for (_, sha), (_, rewritten_at) in stored if rewritten_at is not None]
    if marked:
        of_these = (Commit.repository_id == repository_id) & Commit.sha.in_(marked)
        session.execute(update(Commit).where(of_these).values(rewritten_at=None))
    return known, {"commit": Written(updated=len(marked))}


def store_commits(
    session: Session,
    repository_id: int,
    scope: str,
    commits: Sequence[CommitRecord],
    *,
    expect_new: bool,
) -> Tables:
    """Store commits with their people, files and changes.

    `scope` is the repository's key: it keeps people who sign without an address apart from their
    namesakes elsewhere. `expect_new` says that none of the commits is likely to be stored.
    """
    profiles = _store_people(session, scope, commits)
    rows = (_commit_row(repository_id, commit, profiles) for commit in commits)
    key = ("repository_id", "sha")
    stored = bulk_upsert(session, Commit, COMMIT_COLUMNS, rows, key=key, expect_new=expect_new)
    changes = _store_changes(session, repository_id, commits, expect_new=expect_new)
    return {"commit": stored, **changes}


def store_branches(session: Session, repository_id: int, heads: Mapping[str, str]) -> Tables:
    """Bring the followed branches to `heads`; branches that were followed before keep their row."""
    written = bulk_upsert(
        session,
        Branch,
        ("repository_id", "name", "head_sha", "is_deleted"),
        ((repository_id, name, sha, False) for name, sha in heads.items()),
        key=("repository_id", "name"),
    )
    return {"branch": written}


def mark_deleted_branches(session: Session, repository_id: int, at_source: Iterable[str]) -> Tables:
    """Mark the branches that the source no longer has."""
    present = set(at_source)
    branches = session.scalars(
        select(Branch).where(Branch.repository_id == repository_id, ~Branch.is_deleted)
    ).all()
    gone = [branch for branch in branches if branch.name not in present]
    for branch in gone:
        branch.is_deleted = True
    session.flush()
    return {"branch": Written(updated=len(gone))}


def mark_rewritten(session: Session, repository_id: int, reachable: Iterable[str]) -> Tables:
    """Mark stored commits that are not among `reachable`, and unmark those that are again.

    `reachable` is the whole history of the followed branches; it is streamed, in bounded memory.
    """
    cursor = driver_connection(session).cursor()
    cursor.execute("create temp table if not exists reachable_sha (sha text) on commit delete rows")
    with cursor.copy("copy reachable_sha from stdin") as copy:
        for sha in reachable:
            copy.write_row((sha,))
    cursor.execute("analyze reachable_sha")
    done = session.execute(
        text(
            """
            update github_activity_tracker_commit c
            set rewritten_at = case when c.rewritten_at is null then now() end
            where c.repository_id = :repository_id
                and (c.rewritten_at is not null) = exists (
                    select from reachable_sha r where r.sha = c.sha
                )
            returning c.id
            """
        ),
        {"repository_id": repository_id},
    )
    marked = len(done.all())
    cursor.execute("delete from reachable_sha")
    return {"commit": Written(updated=marked)}


def _store_people(session: Session, scope: str, commits: Sequence[CommitRecord]) -> Profiles:
    """The profile of everyone who signed, by the name and address signed with."""
    latest: dict[tuple[str, str], datetime] = {}
    for commit in commits:
        for signed in (commit.author, commit.committer):
            name = (signed.name, signed.email)
            latest[name] = max(latest.get(name, signed.at), signed.at)
    people = {
        (name, email): commit_person(name, email, at, scope=scope)
        for (name, email), at in latest.items()
    }
    ids = store_people(session, people.values())
    return {signed: ids[person.key] for signed, person in people.items()}


def _commit_row(repository_id: int, commit: CommitRecord, profiles: Profiles) -> tuple[object, ...]:
    author, committer = commit.author, commit.committer
    return (
        repository_id,
        commit.sha,
        list(commit.parents),
        commit.message,
        profiles[author.name, author.email],
        author.name,
        author.email,
        author.at,
        profiles[committer.name, committer.email],
        committer.name,
        committer.email,
        committer.at,
        *_sizes(commit),
    )


def _sizes(commit: CommitRecord) -> tuple[int | None, int | None, int | None]:
    """Files, lines added and lines removed; None where they are not known."""
    if commit.changes is None:
        return None, None, None
    counted = [change for change in commit.changes if change.additions is not None]
    if commit.changes and not counted:
        return len(commit.changes), None, None
    return (
        len(commit.changes),
        sum(change.additions or 0 for change in counted),
        sum(change.deletions or 0 for change in counted),
    )


def _store_changes(
    session: Session, repository_id: int, commits: Sequence[CommitRecord], *, expect_new: bool
) -> Tables:
    commit_ids = stored_ids(
        session, Commit, ("repository_id", "sha"), ((repository_id, c.sha) for c in commits)
    )
    paths = {storable_text(change.path) for c in commits for change in c.changes or ()}
    file_ids, files = _store_files(session, repository_id, paths)
    rows = (
        (
            commit_ids[(repository_id, commit.sha)],
            file_ids[(repository_id, storable_text(change.path))],
            change.status.value,
            change.old_path,
            change.additions,
            change.deletions,
        )
        for commit in commits
        for change in commit.changes or ()
    )
    key = ("commit_id", "file_id")
    changes = bulk_upsert(session, FileChange, CHANGE_COLUMNS, rows, key=key, expect_new=expect_new)
    return {"file": files, "file_change": changes}


def _store_files(
    session: Session, repository_id: int, paths: Iterable[str]
) -> tuple[dict[tuple[object, ...], int], Written]:
    keys = [(repository_id, path) for path in paths]
    columns = ("repository_id", "path")
    known = stored_ids(session, File, columns, keys)
    missing = [key for key in keys if key not in known]
    written = bulk_upsert(session, File, columns, missing, key=columns)
    added = stored_ids(session, File, columns, missing)
    return dict(chain(known.items(), added.items())), written + Written(unchanged=len(known))
