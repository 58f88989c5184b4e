"""What people ask the bot for, as far as they may: noted in the transaction that drains their events."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collectors.cppa_slack_tracker.parsing import saying
from collectors.cppa_slack_tracker.parsing.events import Event
from collectors.cppa_slack_tracker.parsing.requests import (
    AllowList,
    Request,
    read_huddle,
    read_request,
)
from collectors.cppa_slack_tracker.services.events import WaitingEvent
from collectors.cppa_slack_tracker.services.requests import channel_names, note_requests
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings
from services.database import Session
from services.errors import RecordRejected
from services.outbox.services import FollowUp
from services.upsert import Written

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrontDesk:
    """Takes requests of one team, `number` in our tables; whoever is on no list is not heard."""

    team: str
    number: int
    bot: BotSettings
    huddles: HuddleSettings

    def take(self, session: Session, events: Sequence[WaitingEvent]) -> Written:
        """Note what these events ask for; the same event again asks for nothing more."""
        if not (self.bot.is_on or self.huddles.is_on):
            return Written()
        channels = {str(event.payload.get("channel")) for event in events}
        names = channel_names(session, self.number, channels)
        asked = [one for event in events for one in self._asked_by(event, names)]
        return note_requests(session, asked)

    def _asked_by(self, event: WaitingEvent, names: Mapping[str, str]) -> Sequence[FollowUp]:
        """A message that cannot be understood asks for nothing; that it came is logged."""
        if event.kind != "message":
            return []
        try:
            return [*self._comments(event, names), *self._notes(event, names)]
        except RecordRejected as error:
            logger.warning("event %s asks for nothing: %s", event.event_id, error)
            return []

    def _comments(self, event: WaitingEvent, names: Mapping[str, str]) -> Iterator[FollowUp]:
        request = read_request(event.payload) if self.bot.is_on else None
        if request is None or not may_ask(self.bot, self.team, request, names):
            return
        repositories = AllowList.of(self.bot.repositories)
        allowed = [one for one in request.pulls if repositories.allows(self.team, one.repository)]
        if allowed:
            yield saying.seen(self.team, request)
        for pull in request.pulls:
            say = saying.comment if pull in allowed else saying.not_allowed
            yield say(self.team, request, pull)

    def _notes(self, event: WaitingEvent, names: Mapping[str, str]) -> Iterator[FollowUp]:
        huddle = read_huddle(event.payload) if self.huddles.is_on else None
        if huddle is None:
            return
        name = names.get(huddle.channel, "")
        if AllowList.of(self.huddles.channels).allows(self.team, huddle.channel, name):
            yield saying.notes(self.team, huddle, name or huddle.channel)


def may_ask(bot: BotSettings, team: str, request: Request, names: Mapping[str, str]) -> bool:
    """In a direct message it is who asks that counts, else where."""
    if request.is_direct:
        return AllowList.of(bot.users).allows(team, request.user)
    name = names.get(request.channel, "")
    return AllowList.of(bot.channels).allows(team, request.channel, name)


def is_kept(bot: BotSettings, team: str, event: Event) -> bool:
    """Whether the listener keeps an event: of this team, and of a direct message only what asks the bot."""
    if event.team_id != team or not event.is_direct:
        return event.team_id == team
    if event.kind != "message" or not bot.is_on:
        return False
    try:
        request = read_request(event.payload)
    except RecordRejected:
        return False
    return request is not None and request.is_direct and may_ask(bot, team, request, {})
