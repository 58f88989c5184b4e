"""Repositories: one row for each, whatever it is called now, and what GitHub says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import (
    Issue,
    Repository,
    RepositoryLanguage,
    RepositoryMetadata,
    RepositoryName,
)
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.services.dues import DOCUMENT, note_due
from collectors.github_activity_tracker.services.exports import note_renamed
from services.identity.services import store_people
from services.upsert import Written, bulk_upsert, stored_ids

Tables = dict[str, Written]
_METADATA_COLUMNS = (
    "repository_id",
    "node_id",
    "full_name",
    "owner_id",
    "description",
    "homepage",
    "main_language",
    "licence",
    "licence_name",
    "topics",
    "visibility",
    "is_fork",
    "parent",
    "is_archived",
    "has_issues",
    "stars",
    "forks",
    "subscribers",
    "open_issues",
    "size_kilobytes",
    "founded_at",
    "updated_at",
    "pushed_at",
)


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """A repository as it is found at its source."""

    source_key: str
    kind: str
    name: str
    url: str
    default_branch: str | None

    def called(self, full_name: str) -> "RepositoryFacts":
        """The same under another name."""
        name = full_name.rpartition("/")[2]
        url = self.url.replace(self.source_key, full_name)
        return replace(self, source_key=full_name, name=name, url=url)


@dataclass(frozen=True, slots=True)
class Known:
    """A repository of GitHub's that is stored: our number, GitHub's, and its name now."""

    id: int
    github_id: int
    full_name: str


def store_repository(session: Session, facts: RepositoryFacts) -> tuple[int, Tables]:
    """Bring the repository's row to these facts; its id.

    One on GitHub that was renamed since keeps its row: its former names lead to it.
    """
    known = _current_name(session, facts.source_key) if facts.kind == "github" else None
    if known is not None:
        facts = facts.called(known)
    written = bulk_upsert(
        session,
        Repository,
        ("source_key", "kind", "name", "url", "default_branch"),
        [(facts.source_key, facts.kind, facts.name, facts.url, facts.default_branch)],
        key=("source_key",),
    )
    ids = stored_ids(session, Repository, ("source_key",), [(facts.source_key,)])
    return ids[(facts.source_key,)], {"repository": written}


def find_repository(session: Session, full_name: str) -> Known | None:
    """The repository of GitHub's that has this name, or had it last."""
    row = Repository
    key = _current_name(session, full_name)
    found = session.execute(
        select(row.id, row.github_id, row.source_key).where(
            row.source_key == key, row.github_id.is_not(None)
        )
    )
    one = found.one_or_none()
    return Known(*one) if one else None


def identify_repository(
    session: Session, facts: RepositoryFacts, record: payloads.Repository
) -> tuple[Known, Tables]:
    """The row of the repository that GitHub answers with, by GitHub's number of it.

    A renamed one is the same row with another name, which is remembered; one that took over the
    name of another is another row, and the other one loses the name.
    """
    current = facts.called(record.full_name)
    row_id = _row_of(session, facts.source_key, record)
    _free_name(session, record)
    if row_id is None:
        row_id, written = _insert(session, current, record), Written(inserted=1)
    else:
        written = _rename(session, row_id, current, record)
    if written != Written(unchanged=1):
        note_renamed(session, row_id)
    names = {record.full_name} | ({facts.source_key} - {_same_name(facts, record)})
    rows = [(row_id, name) for name in names]
    columns = ("repository_id", "full_name")
    named = bulk_upsert(session, RepositoryName, columns, rows, key=columns)
    known = Known(row_id, record.id, record.full_name)
    return known, {"repository": written, "repository_name": named}


def store_metadata(session: Session, repository_id: int, record: payloads.Repository) -> Tables:
    """Bring what GitHub says of a repository to this; all of it is due when other people may see it."""
    owner = record.owner.seen(record.updated_at)
    profiles = store_people(session, [owner])
    licence = record.license
    visibility = record.visibility or ("private" if record.private else "public")
    _note_shown(session, repository_id, visibility)
    row = (
        repository_id,
        record.node_id,
        record.full_name,
        profiles[owner.key],
        record.description,
        record.homepage or None,
        record.language,
        (licence.spdx_id or "NOASSERTION") if licence else None,
        licence.name if licence else None,
        sorted(set(record.topics)),
        visibility,
        record.fork,
        record.parent.full_name if record.parent else None,
        record.archived,
        record.has_issues,
        record.stargazers_count,
        record.forks_count,
        record.subscribers_count,
        record.open_issues_count,
        record.size,
        record.created_at,
        record.updated_at,
        record.pushed_at,
    )
    key = ("repository_id",)
    written = bulk_upsert(session, RepositoryMetadata, _METADATA_COLUMNS, [row], key=key)
    return {"metadata": written}


def store_languages(session: Session, repository_id: int, sizes: Mapping[str, int]) -> Tables:
    """Bring the repository's languages to these, in bytes; what is not among them goes."""
    table = RepositoryLanguage
    gone = session.execute(
        delete(table)
        .where(table.repository_id == repository_id, table.language.not_in(sizes))
        .returning(table.language)
    ).all()
    rows = [(repository_id, language, size) for language, size in sizes.items()]
    key = ("repository_id", "language")
    written = bulk_upsert(session, table, (*key, "size"), rows, key=key)
    return {"language": written + Written(updated=len(gone))}


def _note_shown(session: Session, repository_id: int, visibility: str) -> None:
    """Search and pages hold what is public only; one of which nothing is known was taken for that."""
    metadata = RepositoryMetadata
    before = session.scalar(
        select(metadata.visibility).where(metadata.repository_id == repository_id)
    )
    if (before or "public") != visibility:
        every = session.scalars(select(Issue.number).where(Issue.repository_id == repository_id))
        note_due(session, DOCUMENT, repository_id, every)
        note_renamed(session, repository_id)


def _current_name(session: Session, full_name: str) -> str | None:
    """What the repository is called now that has this name, or had it last.

    Names differ by more than case.
    """
    name = RepositoryName
    found = session.execute(
        select(Repository.source_key)
        .join(name, name.repository_id == Repository.id)
        .where(func.lower(name.full_name) == full_name.lower())
        .order_by(
            (func.lower(Repository.source_key) == full_name.lower()).desc(),
            name.created_at.desc(),
            name.repository_id.desc(),
        )
        .limit(1)
    )
    return found.scalar_one_or_none()


def _row_of(session: Session, source_key: str, record: payloads.Repository) -> int | None:
    """By GitHub's number; else a row that was made before GitHub was asked."""
    row = Repository
    known = session.scalar(select(row.id).where(row.github_id == record.id))
    if known is not None:
        return known
    nameless = select(row.id).where(row.source_key == source_key, row.github_id.is_(None))
    return session.scalar(nameless)


def _free_name(session: Session, record: payloads.Repository) -> None:
    """Another repository had the name before: names are given away again."""
    row = Repository
    session.execute(
        update(row)
        .where(
            row.source_key == record.full_name,
            row.github_id.is_not(None),
            row.github_id != record.id,
        )
        .values(source_key=func.concat(row.source_key, " (GitHub ", row.github_id, ")"))
    )


def _insert(session: Session, facts: RepositoryFacts, record: payloads.Repository) -> int:
    row = Repository(
        source_key=facts.source_key,
        kind=facts.kind,
        name=facts.name,
        url=facts.url,
        default_branch=facts.default_branch,
        github_id=record.id,
    )
    session.add(row)
    session.flush()
    return row.id


def _rename(
    session: Session, row_id: int, facts: RepositoryFacts, record: payloads.Repository
) -> Written:
    row = Repository
    wanted = {"source_key": facts.source_key, "name": facts.name, "url": facts.url}
    changed = session.execute(
        update(row)
        .where(
            row.id == row_id,
            (row.source_key != facts.source_key) | row.github_id.is_distinct_from(record.id),
        )
        .values(**wanted, github_id=record.id)
        .returning(row.id)
    ).all()
    return Written(updated=len(changed), unchanged=1 - len(changed))


def _same_name(facts: RepositoryFacts, record: payloads.Repository) -> str | None:
    is_same = facts.source_key.lower() == record.full_name.lower()
    return facts.source_key if is_same else None
