"""What the listener has heard, as hints of what to read again.

An event is never taken for the truth: events come late, twice or not at all, while what Slack answers
when it is asked is how things are.
"""

import logging
from collections.abc import Sequence

from collectors.cppa_slack_tracker.collector.histories import ChannelHistory
from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.parsing.events import Hint, read_hint
from collectors.cppa_slack_tracker.services import threads as ledger
from collectors.cppa_slack_tracker.services.channels import KnownChannel
from collectors.cppa_slack_tracker.services.events import (
    WaitingEvent,
    mark_drained,
    threads_of,
    waiting_events,
)
from services.database import Session
from services.errors import RecordRejected

logger = logging.getLogger(__name__)
EVENTS_AT_ONCE = 1000


def take_hints(place: Workplace, channels: Sequence[KnownChannel]) -> set[str]:
    """Note what events ask for, in the transaction that drains them; the channels they speak of.

    Those of channels that are not read are drained as well: nothing will come of them.
    """
    known = {channel.channel_id: channel for channel in channels}
    spoken_of: set[str] = set()
    while (found := _drain(place, known)) is not None:
        spoken_of |= found
    return spoken_of


def _drain(place: Workplace, known: dict[str, KnownChannel]) -> set[str] | None:
    """Some of what waits; None when nothing does."""
    with place.run.transaction() as session:
        events = waiting_events(session, place.team.team_id, EVENTS_AT_ONCE)
        read = [_hint(event) for event in events]
        hints = [hint for hint in read if hint is not None and hint.channel in known]
        for channel_id in {hint.channel for hint in hints}:
            its = [hint for hint in hints if hint.channel == channel_id]
            _note(place, session, known[channel_id], its)
        asked = place.desk.take(session, events)
        drained = mark_drained(session, events, place.now)
    place.count(0, {"event": drained, **({"outbox": asked} if asked.inserted else {})})
    return {hint.channel for hint in hints} if events else None


def _hint(event: WaitingEvent) -> Hint | None:
    """An event that cannot be understood is no record: it is logged, and the next full run reads all."""
    try:
        return read_hint(event.kind, event.payload)
    except RecordRejected as error:
        logger.warning("event %s (%s) cannot be understood: %s", event.event_id, event.kind, error)
        return None


def _note(place: Workplace, session: Session, channel: KnownChannel, hints: Sequence[Hint]) -> None:
    """New messages need no note: a channel is always read from its newest on."""
    changed = {hint.changed for hint in hints if hint.changed}
    replies = threads_of(session, channel.number, changed)
    threads = {hint.thread for hint in hints if hint.thread} | set(replies.values())
    ledger.ask_for(session, channel.number, threads)
    ChannelHistory(place, channel).forget(session, sorted(changed - replies.keys()))
