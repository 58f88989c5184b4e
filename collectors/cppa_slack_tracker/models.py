"""Tables that only this room writes."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base

_OWNER = "cppa_slack_tracker_"
_HASH = "Hash of what Slack says, to see that nothing changed."
_CREATED = "When the row was first stored."


class Team(Base):
    """A team, which Slack calls a workspace."""

    __tablename__ = f"{_OWNER}team"
    __table_args__ = {"comment": "Slack teams."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[str] = mapped_column(unique=True, comment="Slack's id, T….")
    name: Mapped[str] = mapped_column(comment="Its name, as last seen.")
    url: Mapped[str] = mapped_column(comment="Where people open it.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment=_CREATED)


class User(Base):
    """Somebody as a team knows them."""

    __tablename__ = f"{_OWNER}user"
    __table_args__ = (
        UniqueConstraint("team_id", "user_id"),
        {"comment": "Users and bots of each team, and strangers who wrote in shared channels."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}team.id", ondelete="CASCADE"), comment="The team."
    )
    user_id: Mapped[str] = mapped_column(comment="Slack's id, U… or W….")
    profile_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("identity_profile.id"),
        index=True,
        comment="The person's profile.",
    )
    name: Mapped[str] = mapped_column(comment="Account name; the id of one that is unknown.")
    display_name: Mapped[str] = mapped_column(comment="What the user wants to be called.")
    real_name: Mapped[str | None] = mapped_column(comment="Full name.")
    title: Mapped[str | None] = mapped_column(comment="What the user does.")
    time_zone: Mapped[str | None] = mapped_column(comment="As Europe/Berlin.")
    is_bot: Mapped[bool] = mapped_column(comment="Whether a program writes.")
    is_guest: Mapped[bool] = mapped_column(comment="Whether limited to some channels.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether the account was closed.")
    updated_at: Mapped[datetime] = mapped_column(comment="Last change, as Slack says.")
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, comment=_HASH)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment=_CREATED)


class Channel(Base):
    """A channel; conversations of two or a few people are never stored."""

    __tablename__ = f"{_OWNER}channel"
    __table_args__ = (
        UniqueConstraint("team_id", "channel_id"),
        {"comment": "Channels of each team, also those that are not read."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}team.id", ondelete="CASCADE"), comment="The team."
    )
    channel_id: Mapped[str] = mapped_column(comment="Slack's id, C…, which survives renaming.")
    name: Mapped[str] = mapped_column(comment="Its name, as last seen.")
    kind: Mapped[str] = mapped_column(comment="public_channel or private_channel.")
    topic: Mapped[str] = mapped_column(comment="What it is about now.")
    purpose: Mapped[str] = mapped_column(comment="What it is for.")
    creator: Mapped[str | None] = mapped_column(comment="Slack's id of who opened it.")
    opened_at: Mapped[datetime | None] = mapped_column(comment="When it was opened.")
    is_archived: Mapped[bool] = mapped_column(comment="Whether it is closed for writing.")
    is_member: Mapped[bool] = mapped_column(comment="Whether our own account is in it.")
    member_count: Mapped[int | None] = mapped_column(comment="How many are in it.")
    is_selected: Mapped[bool] = mapped_column(comment="Whether the settings want it to be read.")
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, comment=_HASH)
    members_read: Mapped[str | None] = mapped_column(
        comment="What was known of joining and leaving when the members were last listed."
    )
    state: Mapped[str] = mapped_column(
        server_default="new",
        comment="new, read, or why it is not: not_in_channel, is_archived, channel_not_found; "
        "gone when Slack no longer lists it.",
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment=_CREATED)


class Membership(Base):
    """Who is in a channel."""

    __tablename__ = f"{_OWNER}membership"
    __table_args__ = {"comment": "Members of each channel; those who left stay, marked."}  # noqa: RUF012

    channel_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}channel.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The channel.",
    )
    user: Mapped[str] = mapped_column(primary_key=True, comment="Slack's id of the member.")
    left_at: Mapped[datetime | None] = mapped_column(
        comment="When the member was first found gone; empty while in the channel."
    )


class MembershipChange(Base):
    """Somebody joined or left."""

    __tablename__ = f"{_OWNER}membership_change"
    __table_args__ = {"comment": "Who joined and left each channel, in order."}  # noqa: RUF012

    channel_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}channel.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The channel.",
    )
    user: Mapped[str] = mapped_column(primary_key=True, comment="Slack's id of who it was.")
    at: Mapped[datetime] = mapped_column(
        primary_key=True, comment="When, as a message says; else when the list first showed it."
    )
    has_joined: Mapped[bool] = mapped_column(comment="Whether joined; else left.")
    ts: Mapped[str | None] = mapped_column(comment="The message that says so.")


class Message(Base):
    """A message, wherever it stands: in the channel, in a thread, or in both."""

    __tablename__ = f"{_OWNER}message"
    __table_args__ = (
        UniqueConstraint("channel_id", "ts"),
        Index(None, "channel_id", "thread_ts"),
        {"comment": "Messages as they are now; those that were deleted stay, marked."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    channel_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}channel.id", ondelete="CASCADE"), comment="The channel."
    )
    ts: Mapped[str] = mapped_column(comment="Slack's id within the channel, 1700000000.000100.")
    thread_ts: Mapped[str | None] = mapped_column(
        comment="ts of the message that the thread begins with, itself included."
    )
    posted_at: Mapped[datetime] = mapped_column(index=True, comment="The time that ts says.")
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey(f"{_OWNER}user.id"), index=True, comment="Who wrote it; empty for some bots."
    )
    bot_id: Mapped[str | None] = mapped_column(comment="Slack's id of the bot, B….")
    author_name: Mapped[str | None] = mapped_column(comment="Name that a bot wrote under.")
    subtype: Mapped[str | None] = mapped_column(comment="Empty for what people write.")
    text: Mapped[str] = mapped_column(comment="Plain text, attachments included.")
    edited_at: Mapped[datetime | None] = mapped_column(comment="Last edit.")
    is_in_channel: Mapped[bool] = mapped_column(comment="False for what is in a thread only.")
    permalink: Mapped[str] = mapped_column(comment="Where to read it.")
    reactions: Mapped[list[Any]] = mapped_column(
        JSONB, comment="Emoji as they are now: name, count, users (of many not all are named)."
    )
    file_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Files it shows, as in _file.")
    payload: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="As Slack sent it, blocks included; without what other columns hold."
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found deleted at Slack."
    )
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, comment=_HASH)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment=_CREATED)


class File(Base):
    """A file; its content is not collected."""

    __tablename__ = f"{_OWNER}file"
    __table_args__ = (
        UniqueConstraint("team_id", "file_id"),
        {"comment": "What is known of files, which stay at Slack."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}team.id", ondelete="CASCADE"), comment="The team."
    )
    file_id: Mapped[str] = mapped_column(comment="Slack's id, F….")
    name: Mapped[str | None] = mapped_column(comment="File name.")
    title: Mapped[str | None] = mapped_column(comment="Title.")
    mimetype: Mapped[str | None] = mapped_column(comment="As text/plain.")
    filetype: Mapped[str | None] = mapped_column(comment="Slack's short name of the type.")
    size: Mapped[int | None] = mapped_column(comment="Bytes.")
    user: Mapped[str | None] = mapped_column(comment="Slack's id of who uploaded it.")
    url: Mapped[str | None] = mapped_column(comment="Where its content is, for those with a token.")
    permalink: Mapped[str | None] = mapped_column(comment="Where people see it.")
    uploaded_at: Mapped[datetime | None] = mapped_column(comment="When it was uploaded.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether Slack no longer shows it.")
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, comment=_HASH)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment=_CREATED)


class Thread(Base):
    """What Slack says of a thread, and what of it is stored: the ledger of threads to revisit.

    A thread is due while what was told last is not what was told when its replies were read, and
    when an event has said that something in it changed.
    """

    __tablename__ = f"{_OWNER}thread"
    __table_args__ = (
        Index(
            "ix_cppa_slack_tracker_thread_due",
            "channel_id",
            postgresql_where=text("is_due or told is distinct from read"),
        ),
        {"comment": "Threads, and how far their replies are stored."},
    )

    channel_id: Mapped[int] = mapped_column(
        ForeignKey(f"{_OWNER}channel.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The channel.",
    )
    thread_ts: Mapped[str] = mapped_column(
        primary_key=True, comment="ts of the message that the thread begins with."
    )
    reply_count: Mapped[int] = mapped_column(comment="How many replies Slack last spoke of.")
    latest_reply: Mapped[str | None] = mapped_column(comment="ts of the newest of them.")
    told: Mapped[str] = mapped_column(comment="Both of them, as one mark.")
    read: Mapped[str | None] = mapped_column(
        comment="The mark that the replies were last read at; empty before they are all stored."
    )
    is_due: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether an event asks to read it again."
    )
    read_until: Mapped[str | None] = mapped_column(
        comment="ts up to which all replies are stored, from the oldest on."
    )


class Event(Base):
    """Something that Slack told the listener: a hint of what to read again."""

    __tablename__ = f"{_OWNER}event"
    __table_args__ = (
        UniqueConstraint("team_id", "event_id"),
        Index(
            "ix_cppa_slack_tracker_event_waiting",
            "team_id",
            "id",
            postgresql_where=text("drained_at is null"),
        ),
        {"comment": "Events that Slack has sent, once each."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[str] = mapped_column(comment="Slack's id of the team, T….")
    event_id: Mapped[str] = mapped_column(comment="Slack's id of the event, Ev….")
    kind: Mapped[str] = mapped_column(comment="Its type, as message or reaction_added.")
    payload: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="The event as it came; emptied once it is drained."
    )
    received_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was stored."
    )
    drained_at: Mapped[datetime | None] = mapped_column(
        comment="When a run has acted on it; empty while it waits."
    )
