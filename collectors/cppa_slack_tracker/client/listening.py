"""Socket Mode: Slack tells of events over a connection that we open.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from collectors.cppa_slack_tracker.client.refusals import TRANSPORT, explained
from collectors.cppa_slack_tracker.parsing.events import Event, read_event
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.errors import RecordRejected, SourceUnavailable

logger = logging.getLogger(__name__)
# As with calls: slack_sdk logs what it receives.
_QUIET = logging.getLogger(f"{__name__}.slack_sdk")
_QUIET.setLevel(logging.CRITICAL)

EVENTS = "events_api"
LOOK_SECONDS = 0.5
LONGEST_SILENCE_SECONDS = 120.0
Keep = Callable[[Event], object]


def listen(
    settings: SlackSettings,
    token: str,
    keep: Keep,
    *,
    is_over: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Have each event kept, then acknowledge it, until it is over.

    What cannot be kept is not acknowledged: Slack sends it again. A connection that breaks is opened
    again by slack_sdk; when that does not help for two minutes, we end, for a supervisor to see.

    Raises:
        AccessDenied: the token is not good, or lacks connections:write.
        SourceUnavailable, SourceTimedOut, RateLimited: Slack cannot be reached.
    """
    web = WebClient(
        base_url=settings.base_url,
        timeout=settings.read_seconds,  # type: ignore[arg-type]  # handed to the socket, which takes fractions
        retry_handlers=[],
        logger=_QUIET,
    )
    web.proxy = None
    client = SocketModeClient(token, logger=_QUIET, web_client=web, concurrency=1)
    client.proxy = None
    client.socket_mode_request_listeners.append(_Listener(keep))
    with closing(client):
        try:
            client.connect()
        except TRANSPORT as error:
            raise explained("apps.connections.open", error) from None
        _watch(client, is_over, clock)


def _watch(
    client: SocketModeClient, is_over: Callable[[], bool], clock: Callable[[], float]
) -> None:
    seen = clock()
    while not is_over():
        if client.is_connected():
            seen = clock()
        elif clock() - seen > LONGEST_SILENCE_SECONDS:
            raise SourceUnavailable("Slack's connection for events stays closed")
        time.sleep(LOOK_SECONDS)


class _Listener:
    """Keeps and acknowledges; slack_sdk calls it from its one worker."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def __call__(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.type == EVENTS:
            self._take(request.payload)
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    def _take(self, envelope: dict[str, Any]) -> None:
        """What is no event will not become one by being sent again: it is logged and acknowledged."""
        try:
            event = read_event(envelope)
        except RecordRejected as error:
            logger.warning("Slack sent what is no event: %s", error)
            return
        try:
            self._keep(event)
        except Exception:
            logger.exception("event %s (%s) could not be kept", event.event_id, event.kind)
            raise
