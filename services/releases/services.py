"""The only code that writes releases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.releases.models import Release
from services.upsert import Written, bulk_upsert


@dataclass(frozen=True, slots=True)
class ReleaseTag:
    """A tag that stands for a release."""

    tag: str
    version: tuple[int, ...]
    commit: str


def store_releases(session: Session, project: str, tags: Iterable[ReleaseTag]) -> Written:
    """Keep what is new; a tag that was moved stays the same release, at another commit."""
    rows = [(project, tag.tag, list(tag.version), tag.commit) for tag in tags]
    columns = ("project", "tag", "version", "commit")
    return bulk_upsert(session, Release, columns, rows, key=("project", "tag"))


def known_releases(session: Session) -> Sequence[Release]:
    """All releases, each project's oldest version first."""
    return session.scalars(select(Release).order_by(Release.project, Release.version)).all()


def unannounced_releases(session: Session, project: str) -> Sequence[Release]:
    """Those nobody was told of yet, the oldest version first."""
    waiting = select(Release).where(Release.project == project, Release.announced_at.is_(None))
    return session.scalars(waiting.order_by(Release.version)).all()


def mark_announced(session: Session, project: str, tags: Iterable[str], at: datetime) -> None:
    """Remember that the event of these was sent; what is marked already keeps its time."""
    session.execute(
        update(Release)
        .where(Release.project == project, Release.tag.in_(list(tags)))
        .where(Release.announced_at.is_(None))
        .values(announced_at=at)
    )
