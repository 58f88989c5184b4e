"""Who is in a channel: listed when something is known to have changed, and not otherwise."""

from collectors.cppa_slack_tracker.collector.histories import ChannelHistory
from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.services.channels import (
    membership_mark,
    store_members,
    untold_changes,
)


def refresh_members(place: Workplace, messages: ChannelHistory) -> None:
    """Bring a channel's members to what Slack lists.

    Who came or went since its messages were read has one by now that says so.
    """
    channel = messages.channel
    with place.run.transaction() as session:
        mark = membership_mark(session, channel)
    if channel.member_count is not None and channel.members_read == mark:
        return
    members = set(place.client.members(channel.channel_id))
    with place.run.transaction() as session:
        untold = untold_changes(session, channel, members)
    if untold:
        messages.read_latest()
    with place.run.transaction() as session:
        tables = store_members(session, channel, members, mark, place.now)
    place.count(0, tables)
