"""Becoming a member of channels: done by a person's command, never by a run."""

from collections.abc import Iterator

from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.client.team import SlackTeam
from collectors.cppa_slack_tracker.parsing.records import Channel
from collectors.cppa_slack_tracker.parsing.selection import Selection

JOINED = "joined"
WOULD_JOIN = "would join"


def join_channels(
    client: SlackTeam, wanted: Selection, *, is_dry: bool
) -> Iterator[tuple[Channel, str]]:
    """Join the public channels that are to be read and that we are not in; each with what came of it.

    Archived ones cannot be joined, private ones only by invitation.
    """
    for page in client.channels("public_channel"):
        for channel in page.items:
            if channel in wanted and not (channel.is_member or channel.is_archived):
                yield channel, WOULD_JOIN if is_dry else _join(client, channel)


def _join(client: SlackTeam, channel: Channel) -> str:
    try:
        client.join(channel.channel_id)
    except Refused as error:
        return error.code
    return JOINED
