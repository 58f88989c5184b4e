"""Says things in Slack, once each: what was said already, before a crash or a lost answer, is found first."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from collectors.cppa_slack_tracker.client.calls import Caller
from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.parsing.fields import Item, items_of
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.errors import AccessDenied
from services.http.settings import Surroundings
from services.outbox.services import Batch

logger = logging.getLogger(__name__)
EVENT_TYPE = "boost_data_collector_answer"
REPLIES_A_PAGE = 200


def answerer(settings: SlackSettings, around: Surroundings) -> Callable[[Batch], None]:
    """Sends answers as messages in the thread of what they answer, and as emoji at it.

    Slack does not know a repeated message. So each carries its key as metadata, which only programs
    see, and the thread is read before anything is said in it.

    https://docs.slack.dev/messaging/message-metadata
    """

    def send(batch: Batch) -> None:
        teams = {payload["team"] for payload in batch.payloads}
        voices = {
            team: Voice(Caller(settings, settings.require_token(team), around)) for team in teams
        }
        for payload in batch.payloads:
            voices[payload["team"]].answer(payload)

    return send


class Voice:
    """Speaks with one token."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def answer(self, payload: Mapping[str, Any]) -> None:
        """Say it, unless it has been said. What Slack will never take is logged and given up.

        Raises:
            CollectorError: as `Caller.read`, but `Refused`.
        """
        try:
            if payload["text"] and not self._has_said(payload):
                self._say(payload)
        except Refused as error:
            logger.warning("no answer to %s: %s", payload["key"], error)
            return
        if payload["reaction"]:
            self._react(payload)

    def _has_said(self, payload: Mapping[str, Any]) -> bool:
        return any(_key(message) == payload["key"] for message in self._thread(payload))

    def _thread(self, payload: Mapping[str, Any]) -> Iterator[Item]:
        answers = self._caller.pages(
            "conversations.replies",
            channel=payload["channel"],
            ts=payload["thread"],
            limit=REPLIES_A_PAGE,
            include_all_metadata="true",
        )
        for answer in answers:
            yield from (one for one in items_of(answer, "messages") if isinstance(one, dict))

    def _say(self, payload: Mapping[str, Any]) -> None:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": payload["key"]}}
        self._caller.change(
            "chat.postMessage",
            may_be_repeated=False,
            channel=payload["channel"],
            thread_ts=payload["thread"],
            text=payload["text"],
            metadata=json.dumps(metadata),
            unfurl_links="false",
            unfurl_media="false",
        )

    def _react(self, payload: Mapping[str, Any]) -> None:
        """An emoji adds to what was said: that there is none is no failure of it."""
        try:
            self._caller.change(
                "reactions.add",
                may_be_repeated=True,
                channel=payload["channel"],
                timestamp=payload["ts"],
                name=payload["reaction"],
            )
        except (Refused, AccessDenied) as error:
            if getattr(error, "code", "") != "already_reacted":
                logger.warning("no :%s: for %s: %s", payload["reaction"], payload["key"], error)


def _key(message: Item) -> object:
    metadata = message.get("metadata")
    said = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return said.get("key") if isinstance(said, dict) else None
