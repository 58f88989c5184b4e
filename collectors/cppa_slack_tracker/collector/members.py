"""Who is in a channel: listed when something is known to have changed, and not otherwise."""

from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.services.channels import (
    KnownChannel,
    membership_mark,
    store_members,
)


def refresh_members(place: Workplace, channel: KnownChannel) -> None:
    """Bring a channel's members to what Slack lists."""
    with place.run.transaction() as session:
        mark = membership_mark(session, channel)
    if channel.member_count is not None and channel.members_read == mark:
        return
    members = set(place.client.members(channel.channel_id))
    with place.run.transaction() as session:
        tables = store_members(session, channel, members, mark, place.now)
    place.count(0, tables)
