"""Events, as Socket Mode delivers them.

https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/events/message
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.cppa_slack_tracker.parsing.fields import (
    Item,
    mapping,
    optional_id,
    part_of,
    required_text,
    text_of,
    timestamp_of,
)

CHANGES = frozenset({"message_changed", "message_deleted", "message_replied"})
MEMBERS = frozenset({"member_joined_channel", "member_left_channel"})
REACTIONS = frozenset({"reaction_added", "reaction_removed"})


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the envelope that says which team it is of, and that it is this one."""

    team_id: str
    event_id: str
    kind: str
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def is_direct(self) -> bool:
        """Whether it is of a conversation of two or a few people, of which nothing is kept."""
        item = self.payload.get("item")
        place = item if isinstance(item, dict) else self.payload
        channel = place.get("channel")
        kind = self.payload.get("channel_type")
        return kind in {"im", "mpim"} or (isinstance(channel, str) and channel.startswith("D"))


@dataclass(frozen=True, slots=True)
class Hint:
    """What to look at again: the channel's newest, a message that is stored, or a thread."""

    channel: str
    changed: str | None = None
    thread: str | None = None


def read_event(envelope: object) -> Event:
    """An event.

    Raises:
        RecordRejected: it is none.
    """
    item = mapping(envelope)
    inner = part_of(item, "event")
    return Event(
        team_id=required_text(item, "team_id"),
        event_id=required_text(item, "event_id"),
        kind=required_text(inner, "type"),
        payload=inner,
    )


def read_hint(kind: str, event: Item) -> Hint | None:
    """What the event makes us look at; None when it is nothing that is kept.

    Raises:
        RecordRejected: the event is not what Slack promises.
    """
    if kind in REACTIONS:
        return _of_reaction(part_of(event, "item"))
    channel = optional_id(event, "channel") if isinstance(event.get("channel"), str) else None
    if channel is None:
        return None
    if kind != "message":
        return Hint(channel) if kind in MEMBERS else None
    if text_of(event, "subtype") in CHANGES:
        return _of_change(channel, event)
    return Hint(channel, thread=_thread(event))


def _of_reaction(item: Item) -> Hint | None:
    channel, ts = optional_id(item, "channel"), timestamp_of(item, "ts")
    return Hint(channel, changed=ts) if channel and ts else None


def _of_change(channel: str, event: Item) -> Hint:
    """What changed, or was deleted, is in the event as it is or as it was."""
    now, before = part_of(event, "message"), part_of(event, "previous_message")
    ts = timestamp_of(now, "ts") or timestamp_of(event, "deleted_ts") or timestamp_of(before, "ts")
    return Hint(channel, changed=ts, thread=_thread(now) or _thread(before))


def _thread(message: Item) -> str | None:
    return timestamp_of(message, "thread_ts")
