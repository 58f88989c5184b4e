"""What people have asked for, noted to be done; and what their channels are called."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from services.outbox.services import FollowUp, enqueue
from services.upsert import Written


def note_requests(session: Session, asked: Sequence[FollowUp]) -> Written:
    """Have it done once this transaction is through; what is known already is left alone."""
    written = Written()
    for kind in dict.fromkeys(one.kind for one in asked):
        written += enqueue(session, kind, [one.message for one in asked if one.kind == kind])
    return written


def channel_names(session: Session, team: int, channels: Collection[str]) -> dict[str, str]:
    """Of those that are known, by Slack's ids."""
    channel = models.Channel
    its = (channel.team_id == team, channel.channel_id.in_(channels))
    return dict(
        session.execute(select(channel.channel_id, channel.name).where(*its)).tuples().all()
    )
