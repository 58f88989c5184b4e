"""What the listener stores: each event once, until a run has acted on it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.events import Event
from services.upsert import Written, bulk_upsert, stored_ids

KEY = ("team_id", "event_id")


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event that no run has acted on yet."""

    number: int
    event_id: str
    kind: str
    payload: dict[str, Any]


def store_event(session: Session, event: Event) -> bool:
    """Keep an event; whether it is a new one. Slack delivers what it is not sure of again."""
    key = (event.team_id, event.event_id)
    if stored_ids(session, models.Event, KEY, [key]):
        return False
    row = (*key, event.kind, dict(event.payload))
    bulk_upsert(session, models.Event, (*KEY, "kind", "payload"), [row], key=KEY)
    return True


def waiting_events(session: Session, team_id: str, most: int) -> Sequence[WaitingEvent]:
    """The oldest that wait."""
    event = models.Event
    found = session.scalars(
        select(event)
        .where(event.team_id == team_id, event.drained_at.is_(None))
        .order_by(event.id)
        .limit(most)
    )
    return [WaitingEvent(one.id, one.event_id, one.kind, one.payload or {}) for one in found]


def mark_drained(session: Session, events: Iterable[WaitingEvent], now: datetime) -> Written:
    """Acted on: what it said is not kept any longer."""
    numbers = [event.number for event in events]
    marked = session.scalars(
        update(models.Event)
        .where(models.Event.id.in_(numbers), models.Event.drained_at.is_(None))
        .values(drained_at=now, payload=None)
        .returning(models.Event.id)
    )
    return Written(updated=len(marked.all()))


def threads_of(session: Session, channel: int, messages: Collection[str]) -> dict[str, str]:
    """The threads that these messages are replies in, by their timestamps."""
    message = models.Message
    found = session.execute(
        select(message.ts, message.thread_ts)
        .where(message.channel_id == channel, message.ts.in_(messages))
        .where(message.thread_ts != message.ts)
    )
    return {ts: thread for ts, thread in found.tuples() if thread}
