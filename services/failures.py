"""Sorts any error, ours or a library's, into a failure category, and says when to try again.

Libraries are never imported for this: nothing can be an instance of a class that is not loaded.
"""

import errno
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from services.errors import CollectorError, CollectorFailureCategory, RateLimited

Category = CollectorFailureCategory
Verdict = Category | None
"""A category, also `unknown`, is final; None means: look at the base classes, then the cause."""

_BY_STATUS = {
    401: Category.AUTH,
    403: Category.AUTH,
    408: Category.TIMEOUT,
    429: Category.RATE_LIMIT,
    504: Category.TIMEOUT,
}

_BY_SQLSTATE = {
    "08": Category.NETWORK,  # connection exception
    "28": Category.AUTH,  # invalid authorization
    "40": Category.NETWORK,  # deadlock, serialization failure: over when the other one is done
    "53300": Category.NETWORK,  # too many connections: this one was refused
    "55P03": Category.TIMEOUT,  # lock not available within lock_timeout
    "57014": Category.TIMEOUT,  # query cancelled, by statement_timeout as a rule
    "57P01": Category.NETWORK,  # admin shutdown
    "57P02": Category.NETWORK,  # crash shutdown
    "57P03": Category.NETWORK,  # cannot connect now
}
"""PostgreSQL error codes, https://www.postgresql.org/docs/current/errcodes-appendix.html."""

_LOGIN_REFUSED = re.compile(r"authentication failed|no password supplied|no pg_hba\.conf entry")
"""While it connects, libpq gives no SQLSTATE: only the text tells bad logins from dead servers."""

_NETWORK_ERRNOS = (
    "EPIPE ECONNRESET ECONNREFUSED ENOTCONN ECONNABORTED ENETUNREACH EHOSTUNREACH ENETDOWN "
    "EADDRINUSE EADDRNOTAVAIL ENETRESET ESHUTDOWN EMSGSIZE ENOBUFS"
)

_BY_ERRNO = {getattr(errno, name): Category.NETWORK for name in _NETWORK_ERRNOS.split()} | {
    errno.ETIMEDOUT: Category.TIMEOUT,
    errno.EACCES: Category.PERMISSION,
    errno.EPERM: Category.PERMISSION,
}

_WINSOCK = frozenset(
    {10013, 10014, 10035, *range(10048, 10056), 10057, 10058, 10060, 10061, 10064, 10065}
)
"""https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2."""

_SLACK_CODES = {
    Category.RATE_LIMIT: "ratelimited rate_limited",
    Category.AUTH: "account_inactive invalid_auth missing_scope not_authed "
    "token_expired token_revoked",
    Category.TIMEOUT: "request_timeout",
    Category.NETWORK: "fatal_error internal_error service_unavailable",
}
"""Slack reports most failures in an answer of status 200, https://docs.slack.dev/reference/methods."""

_BY_SLACK_CODE = {code: kind for kind, codes in _SLACK_CODES.items() for code in codes.split()}


def classify_failure(error: BaseException) -> CollectorFailureCategory:
    """The category of an error.

    The most specific known class decides, so a subclass defined by a collector is what its base
    is. An error that says nothing by itself is what its cause is (its context, unless
    suppressed). A group is what its leaves agree on, or the most serious of them.

    HTTP: 5xx is `network`; 404, 410 and every other 4xx is `unknown`, since asking again gives
    the same answer; a 403 that comes with Retry-After or an empty quota is `rate_limit`.
    A malformed URL is `validation`, and a deadlock `network`, since a retry cures it.
    """
    return _search(error, frozenset())


def is_retryable(category: CollectorFailureCategory) -> bool:
    """Whether the same call may succeed later without anybody doing anything."""
    return category in {Category.NETWORK, Category.TIMEOUT, Category.RATE_LIMIT}


def retry_after_seconds(error: BaseException, now: datetime) -> float | None:
    """Seconds the source asks us to wait, never negative; None when it does not say.

    Read from the first link of the cause chain that says something: `RateLimited.retry_after`,
    a `Retry-After` header (seconds or an HTTP date), or `x-ratelimit-reset` (UTC epoch seconds,
    as GitHub sends it) when the quota is used up. GitHub sends that one with every answer.
    """
    waits = (_wait_asked_by(link, now) for link in _chain(error))
    return next((wait for wait in waits if wait is not None), None)


def _search(error: BaseException, above: frozenset[int]) -> Category:
    """The first verdict along the causes; `above` holds the errors already on the way here."""
    for link in _chain(error, above):
        above |= {id(link)}
        verdict = _verdict(link, above)
        if verdict is not None:
            return verdict
    return Category.UNKNOWN


def _chain(error: BaseException, above: frozenset[int] = frozenset()) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen = set(above)
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = _reason(link)


def _reason(error: BaseException) -> BaseException | None:
    """The error behind this one; SQLAlchemy keeps the driver's as `orig`."""
    if error.__cause__ is not None:
        return error.__cause__
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):
        return original
    return None if error.__suppress_context__ else error.__context__


def _verdict(error: BaseException, above: frozenset[int]) -> Verdict:
    if isinstance(error, BaseExceptionGroup):
        return _of_group(error, above)
    known = _loaded_classes()
    rules = (known[base] for base in type(error).__mro__ if base in known)
    verdicts = (rule if isinstance(rule, Category) else rule(error) for rule in rules)
    return next((verdict for verdict in verdicts if verdict is not None), None)


def _of_group(group: BaseExceptionGroup[BaseException], above: frozenset[int]) -> Verdict:
    found = {_search(member, above) for member in group.exceptions}
    return _unless_unknown(min(found, key=list(Category).index))


def _loaded_classes() -> dict[type, "_Rule"]:
    loaded = {_lookup(path): rule for path, rule in _RULES.items()}
    return {cls: rule for cls, rule in loaded.items() if cls is not None}


def _lookup(path: str) -> type | None:
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _unless_unknown(category: Category) -> Verdict:
    return None if category is Category.UNKNOWN else category


def _of_collector_error(error: CollectorError) -> Verdict:
    return _unless_unknown(error.category)


def _of_os_error(error: OSError) -> Verdict:
    if error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    return Category.NETWORK if any(code in _WINSOCK for code in _windows_codes(error)) else None


def _windows_codes(error: OSError) -> Iterator[int]:
    """`winerror` exists on Windows only; elsewhere the code is left among the arguments."""
    places = (getattr(error, "winerror", None), error.errno, *error.args[3:4])
    return (code for code in places if isinstance(code, int))


def _of_response(error: BaseException) -> Verdict:
    """By HTTP status, which discord keeps on the error; without one the answer never came."""
    response = getattr(error, "response", None)
    status = getattr(error, "status", getattr(response, "status_code", None))
    return _of_status(status, error) if isinstance(status, int) else Category.NETWORK


def _of_slack_response(error: BaseException) -> Verdict:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int) and status >= 400:
        return _of_status(status, error)
    read = getattr(response, "get", None)
    return _BY_SLACK_CODE.get(read("error"), Category.UNKNOWN) if read else Category.UNKNOWN


def _of_status(status: int, error: BaseException) -> Category:
    if status == 403 and _is_throttled(_headers(error)):
        return Category.RATE_LIMIT
    otherwise = Category.NETWORK if status >= 500 else Category.UNKNOWN
    return _BY_STATUS.get(status, otherwise)


def _of_database_error(error: BaseException) -> Verdict:
    state = getattr(error, "sqlstate", None) or ""
    return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2]) or Category.UNKNOWN


def _of_driver_connection(error: BaseException) -> Verdict:
    """OperationalError without a SQLSTATE comes from libpq: the connection failed, not a query."""
    if getattr(error, "sqlstate", None):
        return _of_database_error(error)
    return Category.AUTH if _LOGIN_REFUSED.search(str(error)) else Category.NETWORK


def _of_sqlalchemy(error: BaseException) -> Verdict:
    """While the connection is alive the driver's error decides, which is next in the chain."""
    return Category.NETWORK if getattr(error, "connection_invalidated", False) else None


def _headers(error: BaseException) -> Mapping[str, str]:
    found = getattr(getattr(error, "response", None), "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in found.items()}


def _is_throttled(headers: Mapping[str, str]) -> bool:
    return "retry-after" in headers or _quota_is_used_up(headers)


def _quota_is_used_up(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"


def _wait_asked_by(error: BaseException, now: datetime) -> float | None:
    if isinstance(error, RateLimited):
        return error.retry_after
    headers = _headers(error)
    wait = _from_retry_after(headers.get("retry-after", ""), now)
    if wait is None and _quota_is_used_up(headers):
        wait = _number(headers.get("x-ratelimit-reset", ""), minus=now.timestamp())
    return None if wait is None else max(wait, 0.0)


def _from_retry_after(value: str, now: datetime) -> float | None:
    """https://www.rfc-editor.org/rfc/rfc9110#field.retry-after; a date without a zone is UTC."""
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()


def _number(text: str, minus: float = 0.0) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number - minus if math.isfinite(number) else None


_Rule = Category | Callable[[Any], Verdict]

_RULES: dict[str, _Rule] = {
    "services.errors.CollectorError": _of_collector_error,
    "builtins.PermissionError": Category.PERMISSION,
    "builtins.TimeoutError": Category.TIMEOUT,
    "builtins.ConnectionError": Category.NETWORK,
    "builtins.OSError": _of_os_error,
    "builtins.ValueError": Category.VALIDATION,
    "socket.gaierror": Category.NETWORK,
    "ssl.SSLError": Category.NETWORK,
    "subprocess.TimeoutExpired": Category.TIMEOUT,
    "msgspec.DecodeError": Category.VALIDATION,
    "httpx.HTTPStatusError": _of_response,
    "httpx.TimeoutException": Category.TIMEOUT,
    "httpx.TransportError": Category.NETWORK,
    "httpx.DecodingError": Category.NETWORK,
    "httpx.UnsupportedProtocol": Category.VALIDATION,
    "httpx.InvalidURL": Category.VALIDATION,
    "requests.exceptions.HTTPError": _of_response,
    "requests.exceptions.Timeout": Category.TIMEOUT,
    "requests.exceptions.ConnectTimeout": Category.TIMEOUT,  # a ConnectionError as well
    "requests.exceptions.ConnectionError": Category.NETWORK,
    "requests.exceptions.ChunkedEncodingError": Category.NETWORK,
    "requests.exceptions.RetryError": Category.NETWORK,
    "urllib3.exceptions.TimeoutError": Category.TIMEOUT,
    "urllib3.exceptions.NewConnectionError": Category.NETWORK,  # a TimeoutError as well
    "urllib3.exceptions.LocationValueError": Category.VALIDATION,
    "urllib3.exceptions.HTTPError": Category.NETWORK,
    "discord.RateLimited": Category.RATE_LIMIT,
    "discord.HTTPException": _of_response,
    "discord.ConnectionClosed": Category.NETWORK,
    "discord.GatewayNotFound": Category.NETWORK,
    "discord.ClientException": Category.AUTH,
    "slack_sdk.errors.SlackApiError": _of_slack_response,
    "sqlalchemy.exc.DBAPIError": _of_sqlalchemy,
    "sqlalchemy.exc.TimeoutError": Category.TIMEOUT,
    "psycopg.Error": _of_database_error,
    "psycopg.OperationalError": _of_driver_connection,
    "psycopg.errors.ConnectionTimeout": Category.TIMEOUT,
}
"""Public name of a class → its category, or what decides it. The most specific class wins."""
