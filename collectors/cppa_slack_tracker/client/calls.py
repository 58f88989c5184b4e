"""One call of a method: paced, tried again where that may help, its failures explained."""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from slack_sdk import WebClient

from collectors.cppa_slack_tracker.client.pacing import Pacing
from collectors.cppa_slack_tracker.client.refusals import TRANSPORT, explained
from collectors.cppa_slack_tracker.parsing.fields import part_of, text_of
from collectors.cppa_slack_tracker.parsing.privacy import Privacy
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.errors import RateLimited, SourceTimedOut, SourceUnavailable
from services.http.messages import Response
from services.http.observing import Exchange, current_observer
from services.http.settings import HttpSettings, Surroundings
from services.http.tries import Tries

# slack_sdk logs what it is answered, private or not, whole or the beginning: errors are ours to tell.
_QUIET = logging.getLogger(f"{__name__}.slack_sdk")
_QUIET.setLevel(logging.CRITICAL)


def http_settings(settings: SlackSettings) -> HttpSettings:
    """How Slack is reached, and how patiently.

    Raises:
        ConfigError: the base URL is none.
    """
    return HttpSettings(
        base_url=settings.base_url,
        read_seconds=settings.read_seconds,
        patience_seconds=settings.patience_seconds,
    )


class Caller:
    """Calls methods with one token. `calls` counts what was sent.

    What is read goes into the raw archive of the run, but for what the settings say is not kept.
    """

    def __init__(self, settings: SlackSettings, token: str, around: Surroundings) -> None:
        self._settings = http_settings(settings)
        self._around = around
        self._pacing = Pacing(settings.pace)
        self._privacy = Privacy(settings.redact_emails, settings.redact_file_urls)
        self._tell = current_observer()
        self._base_url = settings.base_url
        self.calls = 0
        self._web = WebClient(
            token,
            base_url=settings.base_url,
            timeout=settings.read_seconds,  # type: ignore[arg-type]  # handed to the socket, which takes fractions
            retry_handlers=[],
            logger=_QUIET,
        )
        # slack_sdk reads HTTPS_PROXY and forgets NO_PROXY; left alone, urllib heeds both.
        self._web.proxy = None

    def read(self, method: str, **params: Any) -> Mapping[str, Any]:
        """Ask for something; asked again when that may help.

        Raises:
            RateLimited: Slack wants a longer wait than one call may last, or says so again and again.
            AccessDenied: the token is not good, or lacks a scope.
            Refused: for a reason of this call's own, which `code` says.
            SourceUnavailable, SourceTimedOut: Slack fails, or cannot be reached.
        """
        answer = self._call(method, params, may_be_repeated=True)
        if self._tell:
            self._tell(self._exchange(method, params, answer))
        return answer

    def pages(self, method: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Ask for something and for all that follows it.

        Raises:
            CollectorError: as `read`.
        """
        answer = self.read(method, **params)
        yield answer
        while cursor := cursor_of(answer):
            answer = self.read(method, **params, cursor=cursor)
            yield answer

    def change(self, method: str, *, may_be_repeated: bool, **params: Any) -> Mapping[str, Any]:
        """Have something done; asked again only if doing it twice is as good as once.

        Raises:
            CollectorError: as `read`.
        """
        return self._call(method, params, may_be_repeated=may_be_repeated)

    def _call(
        self, method: str, params: Mapping[str, Any], *, may_be_repeated: bool
    ) -> Mapping[str, Any]:
        tries = Tries(self._settings, self._around)
        while True:
            self._await_turn(method, tries)
            try:
                return self._try(method, params)
            except RateLimited as error:
                error.retry_after = tries.limit_seconds(error, None)
                self._pacing.lane(method).refuse(self._clock, error.retry_after)
                if not tries.allow_another(error):
                    raise
            except (SourceUnavailable, SourceTimedOut) as error:
                again = may_be_repeated and tries.allow_another(error)
                if not (again and tries.pause(error)):
                    raise

    def _await_turn(self, method: str, tries: Tries) -> None:
        lane = self._pacing.lane(method)
        if (seconds := lane.seconds_to_wait(self._clock)) > 0:
            tries.wait_for_quota(seconds)
        lane.call(self._clock)

    def _try(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls += 1
        try:
            answer = self._web.api_call(method, params=_given(params))
        except TRANSPORT as error:
            raise explained(method, error) from None
        if not isinstance(answer.data, dict):
            raise SourceUnavailable(f"Slack's answer to {method} is no object")
        self._pacing.lane(method).answer(self._clock)
        return answer.data

    def _exchange(
        self, method: str, params: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> Exchange:
        """As slack_sdk has decoded it; the token is in no part of it."""
        url = f"{self._base_url}{method}"
        asked = urlencode(sorted(_given(params).items()))
        body = json.dumps(self._privacy.clean_answer(answer), separators=(",", ":")).encode()
        headers = {"content-type": "application/json; charset=utf-8"}
        response = Response(200, headers, body, url, self._around.now())
        return Exchange("POST", url, f"{url}?{asked}", asked, response)

    @property
    def _clock(self) -> float:
        return self._around.now().timestamp()


def cursor_of(answer: Mapping[str, Any]) -> str | None:
    """Where what follows an answer begins; None at the end."""
    return text_of(part_of(answer, "response_metadata"), "next_cursor") or None


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
