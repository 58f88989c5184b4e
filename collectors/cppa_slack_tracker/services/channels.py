"""Channels, why they are read or not, and who is in them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.records import Channel, Message
from collectors.cppa_slack_tracker.services.teams import Tables
from services.upsert import Written, bulk_upsert

GONE = "gone"
COLUMNS = (
    "team_id",
    "channel_id",
    "name",
    "kind",
    "topic",
    "purpose",
    "creator",
    "opened_at",
    "is_archived",
    "is_member",
    "member_count",
    "is_selected",
)


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel as it is stored; `number` is ours."""

    number: int
    channel_id: str
    name: str
    kind: str
    state: str
    is_archived: bool
    is_member: bool
    member_count: int | None
    members_read: str | None


def store_channels(
    session: Session, team: int, channels: Sequence[Channel], selected: Collection[str]
) -> Tables:
    """Bring channels to what Slack says; `selected` are the ids of those that are to be read."""
    rows = ((team, *_facts(channel), channel.channel_id in selected) for channel in channels)
    written = bulk_upsert(session, models.Channel, COLUMNS, rows, key=COLUMNS[:2])
    listed = [channel.channel_id for channel in channels]
    return {"channel": written + _mark(session, team, listed, old=GONE, new="new")}


def mark_gone(session: Session, team: int, listed: Collection[str]) -> Tables:
    """Mark channels that Slack does not list any more."""
    channel = models.Channel
    marked = session.scalars(
        update(channel)
        .where(channel.team_id == team, channel.state != GONE)
        .where(channel.channel_id.not_in(listed))
        .values(state=GONE)
        .returning(channel.id)
    )
    return {"channel": Written(updated=len(marked.all()))}


def set_state(session: Session, channel: int, state: str) -> Tables:
    """Note that a channel is read, or why it is not."""
    is_it = (models.Channel.id == channel, models.Channel.state != state)
    changed = session.scalars(
        update(models.Channel).where(*is_it).values(state=state).returning(models.Channel.id)
    )
    return {"channel": Written(updated=len(changed.all()))}


def selected_channels(session: Session, team: int) -> list[KnownChannel]:
    """Those that are to be read and can be found, by Slack's ids."""
    channel = models.Channel
    found = session.scalars(
        select(channel)
        .where(channel.team_id == team, channel.is_selected, channel.state != GONE)
        .order_by(channel.channel_id)
    )
    return [_known(one) for one in found]


def store_members(
    session: Session, channel: KnownChannel, members: Collection[str], mark: str, now: datetime
) -> Tables:
    """Bring the members to this list, and note who came or went without a message that says so."""
    untold = untold_changes(session, channel, members)
    rows = [
        (channel.number, user, None if has_joined else now)
        for user, has_joined in _changes(session, channel, members)
    ]
    columns = ("channel_id", "user", "left_at")
    written = bulk_upsert(session, models.Membership, columns, rows, key=columns[:2])
    noted = _note_changes(session, channel.number, untold, now)
    session.execute(
        update(models.Channel).where(models.Channel.id == channel.number).values(members_read=mark)
    )
    return {"membership": written, "membership_change": noted}


def untold_changes(
    session: Session, channel: KnownChannel, members: Collection[str]
) -> dict[str, bool]:
    """Who joined (True) or left since the last list, unless the last message about them says the same.

    Before the first list nobody did.
    """
    if channel.members_read is None:
        return {}
    changes = dict(_changes(session, channel, members))
    change = models.MembershipChange
    last = (
        select(change.user, change.has_joined)
        .distinct(change.user)
        .where(change.channel_id == channel.number, change.user.in_(changes))
        .order_by(change.user, change.at.desc())
    )
    told = dict(session.execute(last).tuples().all())
    return {user: joined for user, joined in changes.items() if told.get(user) is not joined}


def store_membership_messages(
    session: Session, channel: int, messages: Iterable[Message]
) -> Written:
    """Note who joined or left, as messages of Slack's own tell it."""
    rows = (
        (channel, message.user, message.posted_at, message.tells_of_joining, message.ts)
        for message in messages
        if message.user and (message.tells_of_joining or message.tells_of_leaving)
    )
    columns = ("channel_id", "user", "at", "has_joined", "ts")
    return bulk_upsert(session, models.MembershipChange, columns, rows, key=columns[:3])


def membership_mark(session: Session, channel: KnownChannel) -> str:
    """What is known of joining and leaving: while it stays, so do the members.

    Slack counts a channel's members wherever it lists it, and tells of most changes in a message.
    """
    change = models.MembershipChange
    told = select(func.max(change.ts)).where(change.channel_id == channel.number)
    return f"{channel.member_count} {session.scalar(told) or ''}".strip()


def _changes(
    session: Session, channel: KnownChannel, members: Collection[str]
) -> list[tuple[str, bool]]:
    """Who is on the list and no member yet (True), or a member and not on it."""
    member = models.Membership
    stored = select(member.user).where(member.channel_id == channel.number)
    present = set(session.scalars(stored.where(member.left_at.is_(None))))
    return sorted((user, user not in present) for user in present ^ set(members))


def _note_changes(
    session: Session, channel: int, changes: dict[str, bool], now: datetime
) -> Written:
    rows = [(channel, user, now, has_joined, None) for user, has_joined in changes.items()]
    columns = ("channel_id", "user", "at", "has_joined", "ts")
    return bulk_upsert(session, models.MembershipChange, columns, rows, key=columns[:3])


def _mark(session: Session, team: int, ids: Collection[str], *, old: str, new: str) -> Written:
    channel = models.Channel
    changed = session.scalars(
        update(channel)
        .where(channel.team_id == team, channel.channel_id.in_(ids), channel.state == old)
        .values(state=new)
        .returning(channel.id)
    )
    return Written(updated=len(changed.all()))


def _facts(channel: Channel) -> tuple[Any, ...]:
    return (
        channel.channel_id,
        channel.name,
        channel.kind,
        channel.topic,
        channel.purpose,
        channel.creator,
        channel.opened_at,
        channel.is_archived,
        channel.is_member,
        channel.member_count,
    )


def _known(stored: models.Channel) -> KnownChannel:
    return KnownChannel(
        stored.id,
        stored.channel_id,
        stored.name,
        stored.kind,
        stored.state,
        stored.is_archived,
        stored.is_member,
        stored.member_count,
        stored.members_read,
    )
