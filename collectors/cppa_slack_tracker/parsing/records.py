"""What this room knows of a team."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")
TIMESTAMP = re.compile(r"[0-9]{10}\.[0-9]{6}")
"""Seconds and microseconds, which are unique in a channel: never to be rounded, so never a float."""
BROADCASTS = frozenset({"thread_broadcast", "reply_broadcast"})
NOTICES = frozenset(
    [
        "bot_add",
        "bot_remove",
        "channel_archive",
        "channel_convert_to_private",
        "channel_convert_to_public",
        "channel_join",
        "channel_leave",
        "channel_name",
        "channel_purpose",
        "channel_topic",
        "channel_unarchive",
        "group_archive",
        "group_join",
        "group_leave",
        "group_name",
        "group_purpose",
        "group_topic",
        "group_unarchive",
        "pinned_item",
        "reminder_add",
        "sh_room_created",
        "tombstone",
    ]
)
"""Subtypes of what Slack itself says in a channel: kept, but nobody looks for it."""
JOINED = frozenset({"channel_join", "group_join"})
LEFT = frozenset({"channel_leave", "group_leave"})
TOMBSTONE = "tombstone"
"""What Slack leaves of a deleted message while its thread has replies."""


def when(ts: str) -> datetime:
    """The time of a timestamp, to the microsecond."""
    seconds, _, micros = ts.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros))


def thread_mark(reply_count: int, latest_reply: str | None) -> str:
    """It changes when a reply is written or deleted, and not when one is edited."""
    return f"{reply_count} {latest_reply or ''}".strip()


@dataclass(frozen=True, slots=True)
class Team:
    """The team that a token belongs to, and who we are there."""

    team_id: str
    name: str
    url: str
    own_user: str | None


@dataclass(frozen=True, slots=True)
class User:
    """A member, a guest, a bot, or somebody of another team in a shared channel."""

    user_id: str
    name: str
    display_name: str
    real_name: str | None
    title: str | None
    time_zone: str | None
    email: str | None = field(repr=False)
    is_bot: bool
    is_guest: bool
    is_deleted: bool
    updated_at: datetime

    @property
    def shown_name(self) -> str:
        """What people call the user."""
        return self.display_name or self.real_name or self.name


def unknown_user(user_id: str) -> User:
    """Somebody of whom Slack tells nothing but the id."""
    beginning = datetime.fromtimestamp(0, UTC)
    return User(user_id, user_id, "", None, None, None, None, False, False, False, beginning)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as Slack lists it."""

    channel_id: str
    name: str
    kind: str
    topic: str
    purpose: str
    creator: str | None
    opened_at: datetime | None
    is_archived: bool
    is_member: bool
    member_count: int | None


@dataclass(frozen=True, slots=True, order=True)
class Reaction:
    """An emoji under a message; Slack names not all of its users where there are many."""

    name: str
    count: int
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file; its content stays at Slack."""

    file_id: str
    name: str | None
    title: str | None
    mimetype: str | None
    filetype: str | None
    size: int | None
    user: str | None
    url: str | None
    permalink: str | None
    uploaded_at: datetime | None
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is now; `ts` is its id within the channel.

    `reply_count` and `latest_reply` are those of the thread that it begins.
    """

    ts: str
    thread_ts: str | None
    subtype: str | None
    user: str | None
    bot_id: str | None
    author_name: str | None
    text: str
    edited_ts: str | None
    reply_count: int
    latest_reply: str | None
    reactions: tuple[Reaction, ...]
    files: tuple[File, ...]
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def posted_at(self) -> datetime:
        """The time that its timestamp says, to the microsecond."""
        return when(self.ts)

    @property
    def tells_of_joining(self) -> bool:
        """Whether it is Slack's own message that somebody joined."""
        return self.subtype in JOINED

    @property
    def tells_of_leaving(self) -> bool:
        """Whether it is Slack's own message that somebody left."""
        return self.subtype in LEFT

    @property
    def is_in_channel(self) -> bool:
        """Whether the channel's history has it: replies are in their threads only."""
        return self.thread_ts in {None, self.ts} or self.subtype in BROADCASTS

    @property
    def is_tombstone(self) -> bool:
        """Whether it is only the place of a message that was deleted."""
        return self.subtype == TOMBSTONE

    @property
    def mark(self) -> str:
        """What Slack says of the thread that it begins, to be compared."""
        return thread_mark(self.reply_count, self.latest_reply)

    @property
    def begins_thread(self) -> bool:
        """Whether replies were written to it."""
        return self.reply_count > 0 and self.is_in_channel and self.subtype not in BROADCASTS


@dataclass(frozen=True, slots=True)
class Rejected:
    """What cannot be understood; `ts` where that much could be read."""

    ts: str | None
    key: str
    reason: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page of a list, and what of it cannot be understood."""

    items: tuple[T, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Messages that Slack has given together.

    `cursor` leads to what follows. `is_limited` says that Slack hides what is older, as its free
    plan does.
    """

    messages: tuple[Message, ...]
    rejected: tuple[Rejected, ...]
    cursor: str | None
    has_more: bool
    is_limited: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether a message may be on it without our being able to tell which."""
        return any(one.ts is None for one in self.rejected)

    @property
    def timestamps(self) -> set[str]:
        """Of all that is on it, understood or not."""
        told = {one.ts for one in self.rejected if one.ts is not None}
        return told | {message.ts for message in self.messages}
