"""What a refusal means: which of our errors it is, and how long it asks us to wait."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from services.errors import (
    AccessDenied,
    CollectorError,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceTimedOut,
    SourceUnavailable,
)
from services.failures import retry_after_seconds
from services.http.addresses import shown
from services.http.wire import Answer
from services.redaction import redact

# What a person needs of an error page to recognise it.
EXCERPT_BYTES = 300

_LIMIT_WORDS = re.compile(rb"rate limit|abuse detection", re.IGNORECASE)
"""GitHub: "You have exceeded a secondary rate limit", with 403 or 429, with and without headers.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

_TIMEOUTS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class CredentialsRejected(AccessDenied):
    """The source does not know our credentials (401): revoked, expired, or mistyped."""


def require_usable(answer: Answer, *, conditional: bool) -> None:
    """Nothing for 2xx, and for 304 when `conditional`, that is, when we asked for changes.

    Raises:
        RateLimited: 429, or a 403 that speaks of a limit; `retry_after` where the source says it.
        AccessDenied: 403; CredentialsRejected, which is one: 401.
        SourceTimedOut, SourceUnavailable: 408, 504; every other 5xx.
        NotFound, RequestRefused: 404, 410; every other answer.
    """
    if answer.status // 100 == 2 or (conditional and answer.status == HTTPStatus.NOT_MODIFIED):
        return
    raise _error(answer) from _cause(answer)


def source_time(headers: Mapping[str, str], received_at: datetime) -> datetime:
    """The source's clock when it answered: its times are compared with this one, not with ours."""
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return received_at
    return date if date.tzinfo else received_at


def is_used_up(answer: Answer) -> bool:
    """Whether the answer says that it was the last one until the quota is filled again."""
    return answer.headers.get("x-ratelimit-remaining") == "0"


def quota_left(answer: Answer) -> int | None:
    """How many requests the quota still allows; None when the answer does not say."""
    return _whole(answer.headers.get("x-ratelimit-remaining"))


def seconds_to_reset(answer: Answer) -> float | None:
    """Until the quota is filled again, by the source's clock; None when it does not say."""
    reset = _whole(answer.headers.get("x-ratelimit-reset"))
    return None if reset is None else max(0.0, reset - _clock(answer).timestamp())


def wait_asked(answer: Answer) -> float | None:
    """Seconds that the source asks us to wait; None when it does not say."""
    return retry_after_seconds(_http_error(answer, dict(answer.headers)), _clock(answer))


_DENIED: dict[int, type[AccessDenied]] = {
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.FORBIDDEN: AccessDenied,
}


def _error(answer: Answer) -> CollectorError:
    text = f"{answer.method} {shown(answer.url)} is answered {answer.status}: {_excerpt(answer)}"
    if _is_limit(answer):
        return RateLimited(text, wait_asked(answer))
    if answer.status in _DENIED:
        return _DENIED[answer.status](text)
    if answer.status in _TIMEOUTS:
        return SourceTimedOut(text)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SourceUnavailable(text)
    return (NotFound if answer.status in _GONE else RequestRefused)(text, answer.status)


def _clock(answer: Answer) -> datetime:
    return source_time(answer.headers, answer.received_at)


def _whole(text: str | None) -> int | None:
    """A number that a date can be made of."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def _is_limit(answer: Answer) -> bool:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    speaks_of_limit = (
        "retry-after" in answer.headers
        or is_used_up(answer)
        or _LIMIT_WORDS.search(answer.body) is not None
    )
    return answer.status == HTTPStatus.FORBIDDEN and speaks_of_limit


def _cause(answer: Answer) -> httpx.HTTPStatusError:
    """The error httpx would raise, without our headers, its wait in seconds by no clock of ours."""
    wait = wait_asked(answer)
    return _http_error(answer, {} if wait is None else {"retry-after": str(wait)})


def _http_error(answer: Answer, headers: dict[str, str]) -> httpx.HTTPStatusError:
    request = httpx.Request(answer.method, shown(answer.url))
    response = httpx.Response(answer.status, headers=headers, request=request)
    return httpx.HTTPStatusError(f"{answer.status}", request=request, response=response)


def _excerpt(answer: Answer) -> str:
    text = answer.body[:EXCERPT_BYTES].decode("utf-8", "replace")
    return redact(" ".join(text.split())) or "nothing said"
