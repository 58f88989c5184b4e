"""The only code that writes alerts. Never sends, never commits.

What is to be told is stored with the alert and cleared once it is told: whoever dies in between
leaves it to the next one.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from services.alerts.models import Alert
from services.runs.services import fit_to_keep


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now; the same kind and subject are the same alert."""

    kind: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What makes it one alert."""
        return f"{self.kind} {self.subject}"


@dataclass(frozen=True, slots=True)
class News:
    """What somebody is to be told: `what` is opened, repeated or resolved."""

    id: int
    what: str
    kind: str
    subject: str
    details: dict[str, Any]
    opened_at: datetime
    told_at: datetime


def keep_alerts(
    session: Session,
    troubles: Iterable[Trouble],
    *,
    known_kinds: Collection[str],
    repeat_after: timedelta,
    now: datetime,
) -> None:
    """Bring the alerts of these kinds to what is wrong now.

    What is new is to be told, what lasts again after `repeat_after`, what is over too. Kinds that
    could not be looked at are left out of `known_kinds`, and stay as they are.
    """
    present = {trouble.key: trouble for trouble in troubles if trouble.kind in known_kinds}
    for trouble in present.values():
        _open(session, trouble, repeat_after, now)
    session.execute(
        update(Alert)
        .where(Alert.status == "open", Alert.kind.in_(known_kinds), Alert.key.not_in(list(present)))
        .values(status="resolved", untold="resolved", resolved_at=now, told_at=now)
    )


def _open(session: Session, trouble: Trouble, repeat_after: timedelta, now: datetime) -> None:
    """One that is open and was told lately is left alone, text and all: nothing is written."""
    row = {
        "kind": trouble.kind,
        "subject": trouble.subject,
        "details": fit_to_keep(trouble.details),
        "status": "open",
        "told_at": now,
        "resolved_at": None,
    }
    was_over = Alert.status == "resolved"
    entry = postgresql.insert(Alert).values(key=trouble.key, untold="opened", opened_at=now, **row)
    session.execute(
        entry.on_conflict_do_update(
            index_elements=["key"],
            set_={
                **row,
                "untold": case((was_over, "opened"), else_="repeated"),
                "opened_at": case((was_over, now), else_=Alert.opened_at),
            },
            where=or_(was_over, Alert.told_at <= now - repeat_after),
        )
    )


def untold(session: Session) -> Iterator[News]:
    """What is to be told, the oldest first; each row is held until the transaction ends.

    What somebody else is about to tell is left out.
    """
    waiting = select(Alert).where(Alert.untold.is_not(None)).order_by(Alert.told_at, Alert.id)
    for alert in session.scalars(waiting.with_for_update(skip_locked=True)):
        yield News(
            alert.id,
            alert.untold or "",
            alert.kind,
            alert.subject,
            alert.details,
            alert.opened_at,
            alert.told_at,
        )


def mark_told(session: Session, news: News) -> None:
    """It has been told."""
    session.execute(update(Alert).where(Alert.id == news.id).values(untold=None))
