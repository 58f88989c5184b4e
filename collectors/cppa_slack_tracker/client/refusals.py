"""What went wrong with a call, in terms of what we do about it.

Slack says most of it in an answer of status 200: `{"ok": false, "error": "…"}`,
https://docs.slack.dev/apis/web-api#responses. Its answers may repeat what they were sent, so no text
of theirs is passed on but the code, and the original error is not kept as the cause.
"""

import re
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackRequestError

from services.errors import (
    AccessDenied,
    CollectorError,
    CollectorFailureCategory,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceTimedOut,
    SourceUnavailable,
)
from services.failures import classify_failure

TRANSPORT = (SlackApiError, SlackRequestError, HTTPException, OSError, UnicodeDecodeError)
"""Everything that a call through slack_sdk is known to raise when the other side or the way fails."""

_CODE = re.compile(r"[a-z][a-z0-9_]{1,60}")
_DENIED = frozenset(
    [
        "access_denied",
        "account_inactive",
        "app_not_installed",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    ]
)
_BROKEN = frozenset(
    [
        "fatal_error",
        "internal_error",
        "service_unavailable",
        "team_added_to_org",
        "external_service_error",
    ]
)
_TIMED_OUT = frozenset({"request_timeout"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})


class Refused(RequestRefused):
    """Slack refuses the call with a code of its own, e.g. `not_in_channel`."""

    def __init__(self, method: str, code: str) -> None:
        self.code = code
        super().__init__(f"Slack refuses {method}: {code}")


def explained(method: str, error: Exception) -> CollectorError:
    """The error of ours that a call's failure is."""
    if isinstance(error, SlackApiError):
        return _of_answer(method, error)
    if isinstance(error, SlackRequestError):
        return SourceUnavailable(f"Slack answered {method} with something that is not JSON")
    kind = type(_reason(error)).__name__
    if classify_failure(_reason(error)) is CollectorFailureCategory.TIMEOUT:
        return SourceTimedOut(f"Slack did not answer {method} in time: {kind}")
    return SourceUnavailable(f"Slack could not be asked for {method}: {kind}")


def _reason(error: Exception) -> BaseException:
    reason = getattr(error, "reason", None)
    is_wrapped = isinstance(error, URLError) and isinstance(reason, BaseException)
    return reason if is_wrapped and reason else error


def _of_answer(method: str, error: SlackApiError) -> CollectorError:
    status = error.response.status_code
    headers = {str(name).lower(): value for name, value in error.response.headers.items()}
    wait = _seconds(headers.get("retry-after"))
    if status == 429 or (status == 403 and wait is not None):
        return RateLimited(f"Slack limits {method} (status {status})", wait)
    if status != 200:
        return _of_status(method, status)
    return _of_code(method, _code(error), wait, str(error.response.get("needed") or ""))


def _of_status(method: str, status: int) -> CollectorError:
    text = f"Slack answered {method} with status {status}"
    if status in {401, 403}:
        return AccessDenied(text)
    if status in {408, 504}:
        return SourceTimedOut(text)
    if status >= 500:
        return SourceUnavailable(text)
    return NotFound(text, status) if status in {404, 410} else RequestRefused(text, status)


def _of_code(method: str, code: str | None, wait: float | None, needed: str) -> CollectorError:
    if code is None:
        return SourceUnavailable(f"Slack's answer to {method} is no JSON, or says nothing")
    text = f"Slack answered {method} with the error {code}"
    if code in _LIMITED:
        return RateLimited(text, wait)
    if code in _DENIED:
        scopes = ",".join(re.findall(r"[a-z]+(?:[.:][a-z]+)+", needed))
        return AccessDenied(f"{text}, it needs the scope {scopes}" if scopes else text)
    if code in _TIMED_OUT:
        return SourceTimedOut(text)
    return SourceUnavailable(text) if code in _BROKEN else Refused(method, code)


def _code(error: SlackApiError) -> str | None:
    """None of an answer that is no JSON, or says neither that all is well nor what is wrong."""
    code = error.response.get("error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _seconds(value: object) -> float | None:
    text = str(value or "")
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d+)?", text) else None
