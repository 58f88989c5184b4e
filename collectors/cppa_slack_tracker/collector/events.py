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
SPOKEN_OF = "spoken_of"
"""Cursor: the channels that events spoke of and that were not read since."""


def take_hints(place: Workplace, channels: Sequence[KnownChannel]) -> set[str]:
    """Note what events ask for, in the transaction that drains them; the channels to be read for it.

    Those of channels that are not read are drained as well: nothing will come of them.
    """
    known = {channel.channel_id: channel for channel in channels}
    while _drain(place, known):
        pass
    return _spoken_of(place)


def note_read(place: Workplace, channel: KnownChannel) -> None:
    """What events ask for of a channel is done, as far as it is open to us."""
    spoken_of = _spoken_of(place)
    if channel.channel_id in spoken_of:
        with place.run.transaction() as session:
            _keep(place, session, spoken_of - {channel.channel_id})


def _drain(place: Workplace, known: dict[str, KnownChannel]) -> bool:
    """Some of what waits; whether anything did."""
    spoken_of = _spoken_of(place)
    with place.run.transaction() as session:
        events = waiting_events(session, place.team.team_id, EVENTS_AT_ONCE)
        read = [_hint(event) for event in events]
        hints = [hint for hint in read if hint is not None and hint.channel in known]
        for channel_id in {hint.channel for hint in hints}:
            its = [hint for hint in hints if hint.channel == channel_id]
            _note(place, session, known[channel_id], its)
        _keep(place, session, spoken_of | {hint.channel for hint in hints})
        asked = place.desk.take(session, events)
        drained = mark_drained(session, events, place.now)
    place.count(0, {"event": drained, **({"outbox": asked} if asked.inserted else {})})
    return bool(events)


def _spoken_of(place: Workplace) -> set[str]:
    return set((place.run.read_cursor(SPOKEN_OF) or {}).get("channels", ()))


def _keep(place: Workplace, session: Session, channels: set[str]) -> None:
    place.run.advance_cursor(session, SPOKEN_OF, {"channels": sorted(channels)})


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
