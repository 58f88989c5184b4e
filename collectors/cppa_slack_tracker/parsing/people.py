"""Users and channels, as Slack lists them.

https://docs.slack.dev/reference/objects/user-object, …/conversation-object
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from collectors.cppa_slack_tracker.parsing.fields import (
    Item,
    id_of,
    mapping,
    number_of,
    part_of,
    rejected_item,
    required_text,
    text_of,
    time_of,
)
from collectors.cppa_slack_tracker.parsing.records import Channel, Listed, Rejected, Team, User
from services.errors import RecordRejected

T = TypeVar("T")


def read_team(answer: Item) -> Team:
    """What `auth.test` says of the token.

    Raises:
        RecordRejected: it names no team.
    """
    return Team(
        team_id=required_text(answer, "team_id"),
        name=text_of(answer, "team") or required_text(answer, "team_id"),
        url=text_of(answer, "url") or "https://slack.com/",
        own_user=text_of(answer, "user_id"),
    )


def read_users(items: Iterable[object], *, keep_email: bool) -> Listed[User]:
    """Each user alone: one that cannot be understood costs no other."""
    return _listed(items, lambda item: read_user(item, keep_email=keep_email))


def read_channels(items: Iterable[object]) -> Listed[Channel]:
    """Each channel alone: one that cannot be understood costs no other."""
    return _listed(items, read_channel)


def _listed(items: Iterable[object], read: Callable[[object], T]) -> Listed[T]:
    found: list[T] = []
    rejected: list[Rejected] = []
    for item in items:
        try:
            found.append(read(item))
        except RecordRejected as error:
            rejected.append(rejected_item(item, str(error), None))
    return Listed(tuple(found), tuple(rejected))


def read_user(value: object, *, keep_email: bool) -> User:
    """A user.

    Raises:
        RecordRejected: it is none.
    """
    item = mapping(value)
    profile = part_of(item, "profile")
    return User(
        user_id=id_of(item, "id"),
        name=text_of(item, "name") or id_of(item, "id"),
        display_name=text_of(profile, "display_name") or "",
        real_name=text_of(profile, "real_name") or text_of(item, "real_name"),
        title=text_of(profile, "title") or None,
        time_zone=text_of(item, "tz"),
        email=(text_of(profile, "email") or None) if keep_email else None,
        is_bot=bool(item.get("is_bot")) or item["id"] == "USLACKBOT",
        is_guest=bool(item.get("is_restricted") or item.get("is_ultra_restricted")),
        is_deleted=bool(item.get("deleted")),
        updated_at=time_of(item, "updated") or datetime.fromtimestamp(0, UTC),
    )


def read_channel(value: object) -> Channel:
    """A channel.

    Raises:
        RecordRejected: it is none.
    """
    item = mapping(value)
    return Channel(
        channel_id=id_of(item, "id"),
        name=text_of(item, "name") or id_of(item, "id"),
        kind=_kind(item),
        topic=text_of(part_of(item, "topic"), "value") or "",
        purpose=text_of(part_of(item, "purpose"), "value") or "",
        creator=text_of(item, "creator") or None,
        opened_at=time_of(item, "created"),
        is_archived=bool(item.get("is_archived")),
        is_member=bool(item.get("is_member")),
        member_count=number_of(item, "num_members"),
    )


def _kind(item: Item) -> str:
    """Slack's own names of the types; a conversation that is of none of them is public."""
    if item.get("is_im"):
        return "im"
    if item.get("is_mpim"):
        return "mpim"
    return "private_channel" if item.get("is_private") else "public_channel"
