"""Every error has the category that the platform acts on, wherever it is wrapped."""

import asyncio
import concurrent.futures
import errno
import json
import pickle
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import httpx
import psycopg
import pytest
import requests
import sqlalchemy.exc
import urllib3.exceptions
from pydantic import TypeAdapter, ValidationError

from services.errors import (
    AccessDenied,
    AlreadyRunning,
    CollectorError,
    ConfigError,
    LockLost,
    NotFound,
    RateLimited,
    RecordRejected,
    RedactedError,
    SourceTimedOut,
    SourceUnavailable,
)
from services.errors import CollectorFailureCategory as Category
from services.failures import classify_failure, is_retryable, retry_after_seconds

REQUEST = httpx.Request("GET", "https://source.example/x")
POOL: Any = None
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def http_error(status: int, **headers: str) -> httpx.HTTPStatusError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, headers=named, request=REQUEST)
    return httpx.HTTPStatusError(f"{status}", request=REQUEST, response=response)


def requests_error(status: int, **headers: str) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return requests.HTTPError(f"{status}", response=response)


def sqlstate(code: str) -> psycopg.Error:
    return psycopg.errors.lookup(code)("said the server")


def wrapped(original: Exception, *, lost: bool = False) -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.OperationalError("select 1", {}, original, connection_invalidated=lost)


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python("x")
    return caught.value


class UserHttpError(requests.HTTPError):
    pass


class UserTimeout(httpx.ReadTimeout):
    pass


class DiskError(OSError):
    """A subclass does not turn into PermissionError or TimeoutError by its errno."""


LOST_CONNECTION = [
    "EPIPE", "ECONNRESET", "ECONNREFUSED", "ENOTCONN", "ECONNABORTED", "ENETUNREACH",
    "EHOSTUNREACH", "ENETDOWN", "EADDRINUSE", "EADDRNOTAVAIL", "ENETRESET", "ESHUTDOWN",
    "EMSGSIZE", "ENOBUFS",
]  # fmt: skip

FILE_TROUBLE = [
    "ENOENT", "ENOTDIR", "EISDIR", "ENOSPC", "EROFS", "EBUSY", "EXDEV", "ENOTEMPTY", "ELOOP",
    "EMFILE", "ENFILE",
]  # fmt: skip

CASES: dict[str, list[tuple[BaseException, Category]]] = {
    "1 configuration": [(ConfigError("X is not set"), Category.CONFIG)],
    "2 and 3 our own": [
        (RecordRejected("no id"), Category.VALIDATION),
        (AccessDenied("401"), Category.AUTH),
        (SourceUnavailable("503"), Category.NETWORK),
        (SourceTimedOut("30 s"), Category.TIMEOUT),
        (RateLimited("slow down"), Category.RATE_LIMIT),
        (LockLost("taken over"), Category.UNKNOWN),
        (AlreadyRunning("run 7 since noon"), Category.UNKNOWN),
        (CollectorError("?"), Category.UNKNOWN),
        (RedactedError("X: ***", Category.TIMEOUT), Category.TIMEOUT),
    ],
    "4 database": [
        (sqlstate("08006"), Category.NETWORK),
        (sqlstate("57P01"), Category.NETWORK),
        (sqlstate("57P02"), Category.NETWORK),
        (sqlstate("57P03"), Category.NETWORK),
        (sqlstate("53300"), Category.NETWORK),
        (sqlstate("40P01"), Category.NETWORK),
        (sqlstate("40001"), Category.NETWORK),
        (sqlstate("55P03"), Category.TIMEOUT),
        (sqlstate("57014"), Category.TIMEOUT),
        (sqlstate("28P01"), Category.AUTH),
        (sqlstate("23505"), Category.UNKNOWN),
        (sqlstate("42P01"), Category.UNKNOWN),
        (sqlstate("53100"), Category.UNKNOWN),
        (psycopg.OperationalError("connection refused"), Category.NETWORK),
        (psycopg.OperationalError("password authentication failed"), Category.AUTH),
        (psycopg.errors.ConnectionTimeout("too slow"), Category.TIMEOUT),
        (psycopg.InterfaceError("the cursor is closed"), Category.UNKNOWN),
        (wrapped(psycopg.OperationalError("the connection is closed")), Category.NETWORK),
        (wrapped(psycopg.InterfaceError("closed"), lost=True), Category.NETWORK),
        (wrapped(sqlstate("57P01")), Category.NETWORK),
        (wrapped(sqlstate("40P01")), Category.NETWORK),
        (wrapped(sqlstate("55P03")), Category.TIMEOUT),
        (wrapped(sqlstate("23505")), Category.UNKNOWN),
        (sqlalchemy.exc.TimeoutError("pool is empty"), Category.TIMEOUT),
        (sqlalchemy.exc.InvalidRequestError("misuse"), Category.UNKNOWN),
    ],
    "5 permission": [
        (PermissionError("no"), Category.PERMISSION),
        (OSError(errno.EACCES, "no"), Category.PERMISSION),
        (DiskError(errno.EPERM, "no"), Category.PERMISSION),
    ],
    "6 timeouts": [
        (TimeoutError(), Category.TIMEOUT),
        (socket.timeout(), Category.TIMEOUT),  # noqa: UP041 - the alias is the row
        (asyncio.TimeoutError(), Category.TIMEOUT),  # noqa: UP041 - the alias is the row
        (concurrent.futures.TimeoutError(), Category.TIMEOUT),
        (OSError(errno.ETIMEDOUT, "late"), Category.TIMEOUT),
        (DiskError(errno.ETIMEDOUT, "late"), Category.TIMEOUT),
        (subprocess.TimeoutExpired("git", 3), Category.TIMEOUT),
    ],
    "7 requests by status": [
        (requests_error(429), Category.RATE_LIMIT),
        (requests_error(401), Category.AUTH),
        (requests_error(403), Category.AUTH),
        (requests_error(403, retry_after="3"), Category.RATE_LIMIT),
        (requests_error(502), Category.NETWORK),
        (requests_error(504), Category.TIMEOUT),
        (requests_error(404), Category.UNKNOWN),
        (requests_error(400), Category.UNKNOWN),
        (requests.HTTPError("no response"), Category.NETWORK),
        (UserHttpError("mine"), Category.NETWORK),
    ],
    "8 requests TLS": [(requests.exceptions.SSLError("bad"), Category.NETWORK)],
    "9 requests timeouts": [
        (requests.Timeout(), Category.TIMEOUT),
        (requests.ConnectTimeout(), Category.TIMEOUT),
        (requests.ReadTimeout(), Category.TIMEOUT),
    ],
    "10 requests connections": [
        (requests.ConnectionError(), Category.NETWORK),
        (requests.exceptions.ChunkedEncodingError(), Category.NETWORK),
    ],
    "11 other requests": [
        (requests.exceptions.ProxyError(), Category.NETWORK),
        (requests.exceptions.RetryError(), Category.NETWORK),
        (requests.exceptions.ContentDecodingError(), Category.NETWORK),
        (requests.TooManyRedirects(), Category.UNKNOWN),
        (requests.exceptions.InvalidURL(), Category.VALIDATION),
        (requests.exceptions.MissingSchema(), Category.VALIDATION),
        (requests.JSONDecodeError("bad", "{", 0), Category.VALIDATION),
        (requests.RequestException(), Category.UNKNOWN),
    ],
    "12 urllib3 timeouts": [
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", "late"), Category.TIMEOUT),
        (urllib3.exceptions.ConnectTimeoutError("late"), Category.TIMEOUT),
    ],
    "13 other urllib3": [
        (urllib3.exceptions.MaxRetryError(POOL, "/"), Category.NETWORK),
        (urllib3.exceptions.ProtocolError("cut"), Category.NETWORK),
        (urllib3.exceptions.NewConnectionError(POOL, "refused"), Category.NETWORK),
        (urllib3.exceptions.SSLError("bad"), Category.NETWORK),
        (urllib3.exceptions.LocationParseError("::"), Category.VALIDATION),
    ],
    "14 httpx timeouts": [
        (httpx.ReadTimeout("late"), Category.TIMEOUT),
        (httpx.ConnectTimeout("late"), Category.TIMEOUT),
        (httpx.WriteTimeout("late"), Category.TIMEOUT),
        (httpx.PoolTimeout("late"), Category.TIMEOUT),
        (UserTimeout("late"), Category.TIMEOUT),
    ],
    "15 httpx by status": [
        (http_error(429), Category.RATE_LIMIT),
        (http_error(401), Category.AUTH),
        (http_error(403), Category.AUTH),
        (http_error(403, retry_after="60"), Category.RATE_LIMIT),
        (http_error(403, x_ratelimit_remaining="0"), Category.RATE_LIMIT),
        (http_error(403, x_ratelimit_remaining="41"), Category.AUTH),
        (http_error(408), Category.TIMEOUT),
        (http_error(504), Category.TIMEOUT),
        (http_error(500), Category.NETWORK),
        (http_error(503, retry_after="60"), Category.NETWORK),
        (http_error(404), Category.UNKNOWN),
        (http_error(410), Category.UNKNOWN),
        (http_error(422), Category.UNKNOWN),
        (httpx.TransportError("cut"), Category.NETWORK),
        (httpx.ConnectError("refused"), Category.NETWORK),
    ],
    "16 other httpx": [
        (httpx.ReadError("cut"), Category.NETWORK),
        (httpx.WriteError("cut"), Category.NETWORK),
        (httpx.NetworkError("cut"), Category.NETWORK),
        (httpx.RemoteProtocolError("cut"), Category.NETWORK),
        (httpx.LocalProtocolError("cut"), Category.NETWORK),
        (httpx.ProxyError("cut"), Category.NETWORK),
        (httpx.DecodingError("cut"), Category.NETWORK),
        (httpx.TooManyRedirects("loop"), Category.UNKNOWN),
        (httpx.InvalidURL("::"), Category.VALIDATION),
        (httpx.UnsupportedProtocol("no scheme"), Category.VALIDATION),
    ],
    "19 connections": [
        (ConnectionRefusedError(), Category.NETWORK),
        (ConnectionResetError(), Category.NETWORK),
        (ConnectionAbortedError(), Category.NETWORK),
        (BrokenPipeError(), Category.NETWORK),
    ],
    "20 OSError by errno": [
        *((OSError(getattr(errno, name), name), Category.NETWORK) for name in LOST_CONNECTION),
        *((OSError(getattr(errno, name), name), Category.UNKNOWN) for name in FILE_TROUBLE),
        (OSError("no errno"), Category.UNKNOWN),
    ],
    "21 Winsock codes": [
        *(
            (OSError(0, "winsock", None, code), Category.NETWORK)
            for code in (10013, 10014, 10035, 10048, 10050, 10054, 10055, 10057, 10060, 10065)
        ),
        (OSError(10061, "refused"), Category.NETWORK),
        (OSError(0, "file", None, 32), Category.UNKNOWN),
    ],
    "22 DNS and TLS": [
        (socket.gaierror(socket.EAI_NONAME, "unknown host"), Category.NETWORK),
        (ssl.SSLError("handshake"), Category.NETWORK),
        (ssl.SSLCertVerificationError("expired"), Category.NETWORK),
    ],
    "23 ValueError": [
        (ValueError("bad"), Category.VALIDATION),
        (json.JSONDecodeError("bad", "{", 0), Category.VALIDATION),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), Category.VALIDATION),
    ],
    "24 pydantic": [(invalid(), Category.VALIDATION)],
    "25 everything else": [
        (KeyError("x"), Category.UNKNOWN),
        (TypeError("x"), Category.UNKNOWN),
        (RuntimeError("x"), Category.UNKNOWN),
        (MemoryError(), Category.UNKNOWN),
        (KeyboardInterrupt(), Category.UNKNOWN),
        (ExceptionGroup("x", [KeyError("x")]), Category.UNKNOWN),
    ],
}


@pytest.mark.parametrize(
    ("error", "category"),
    [
        pytest.param(error, category, id=f"{row}: {type(error).__name__}")
        for row, cases in CASES.items()
        for error, category in cases
    ],
)
def test_an_error_has_the_category_of_its_row(error: BaseException, category: Category) -> None:
    assert classify_failure(error) is category


class Answer(dict[str, Any]):
    """Has what slack_sdk's response has: a status, headers and the payload's `get`."""

    def __init__(self, status: int, payload: dict[str, Any], **headers: str) -> None:
        super().__init__(payload)
        self.status_code = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class SlackApiError(Exception):
    def __init__(self, response: object) -> None:
        super().__init__("The request to the Slack API failed.")
        self.response = response


class DiscordError(Exception):
    pass


class DiscordHTTPError(DiscordError):
    def __init__(self, status: int | None = None) -> None:
        super().__init__("discord")
        if status is not None:
            self.status = status


class DiscordForbidden(DiscordHTTPError):
    pass


class DiscordClientError(DiscordError):
    pass


class DiscordLoginFailure(DiscordClientError):
    pass


class DiscordConnectionClosed(DiscordClientError):
    pass


class DecodeError(Exception):
    """What msgspec raises is not a ValueError."""


class MsgspecValidationError(DecodeError):
    pass


STAND_INS: dict[str, dict[str, type]] = {
    "slack_sdk.errors": {"SlackApiError": SlackApiError},
    "discord": {
        "HTTPException": DiscordHTTPError,
        "ClientException": DiscordClientError,
        "ConnectionClosed": DiscordConnectionClosed,
    },
    "msgspec": {"DecodeError": DecodeError},
}


@pytest.fixture
def loaded_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that a collector may load and this environment does not have."""
    for name, classes in STAND_INS.items():
        module = ModuleType(name)
        module.__dict__.update(classes)
        monkeypatch.setitem(sys.modules, name, module)


LIBRARY_CASES: dict[str, list[tuple[Exception, Category]]] = {
    "17 discord": [
        (DiscordHTTPError(429), Category.RATE_LIMIT),
        (DiscordHTTPError(401), Category.AUTH),
        (DiscordForbidden(403), Category.AUTH),
        (DiscordHTTPError(500), Category.NETWORK),
        (DiscordHTTPError(404), Category.UNKNOWN),
        (DiscordHTTPError(), Category.NETWORK),
        (DiscordLoginFailure(), Category.AUTH),
        (DiscordConnectionClosed(), Category.NETWORK),
        (DiscordError(), Category.UNKNOWN),
    ],
    "18 slack": [
        (SlackApiError(Answer(429, {})), Category.RATE_LIMIT),
        (SlackApiError(Answer(401, {})), Category.AUTH),
        (SlackApiError(Answer(403, {})), Category.AUTH),
        (SlackApiError(Answer(503, {})), Category.NETWORK),
        (SlackApiError(Answer(200, {"error": "ratelimited"})), Category.RATE_LIMIT),
        (SlackApiError(Answer(200, {"error": "invalid_auth"})), Category.AUTH),
        (SlackApiError(Answer(200, {"error": "request_timeout"})), Category.TIMEOUT),
        (SlackApiError(Answer(200, {"error": "channel_not_found"})), Category.UNKNOWN),
        (SlackApiError(None), Category.UNKNOWN),
    ],
    "24 msgspec": [(MsgspecValidationError("$.id"), Category.VALIDATION)],
}


@pytest.mark.usefixtures("loaded_libraries")
@pytest.mark.parametrize(
    ("error", "category"),
    [
        pytest.param(error, category, id=f"{row}: {error!r}")
        for row, cases in LIBRARY_CASES.items()
        for error, category in cases
    ],
)
def test_an_error_of_a_loaded_library_has_the_category_of_its_row(
    error: Exception, category: Category
) -> None:
    assert classify_failure(error) is category


def test_an_error_of_a_library_that_is_not_loaded_is_unknown() -> None:
    assert classify_failure(SlackApiError(Answer(429, {}))) is Category.UNKNOWN


def linked(
    error: Exception, cause: BaseException | None = None, context: BaseException | None = None
) -> Exception:
    error.__context__ = context
    if cause is not None:
        error.__cause__ = cause
    return error


def test_an_unknown_error_has_the_category_of_its_cause() -> None:
    error = linked(CollectorError("page 3"), linked(RuntimeError("x"), httpx.ReadError("cut")))
    assert classify_failure(error) is Category.NETWORK


def test_an_error_with_a_category_of_its_own_keeps_it() -> None:
    assert classify_failure(linked(ConfigError("x"), httpx.ReadError("cut"))) is Category.CONFIG


def test_a_status_that_says_unknown_is_not_overruled_by_an_earlier_error() -> None:
    error = linked(http_error(404), context=httpx.ReadError("cut"))
    assert classify_failure(error) is Category.UNKNOWN


def test_without_a_cause_the_context_counts() -> None:
    error = linked(RuntimeError("x"), context=TimeoutError())
    assert classify_failure(error) is Category.TIMEOUT


def test_a_suppressed_context_does_not_count() -> None:
    error = linked(RuntimeError("x"), context=TimeoutError())
    error.__suppress_context__ = True
    assert classify_failure(error) is Category.UNKNOWN


def test_a_circle_of_causes_is_unknown() -> None:
    first, second = RuntimeError("1"), RuntimeError("2")
    first.__cause__, second.__cause__ = second, first
    assert classify_failure(first) is Category.UNKNOWN


def test_a_group_has_the_category_its_leaves_share() -> None:
    inner = ExceptionGroup("inner", [httpx.ReadError("cut"), ConnectionResetError()])
    assert (
        classify_failure(ExceptionGroup("x", [inner, SourceUnavailable("x")])) is Category.NETWORK
    )


@pytest.mark.parametrize(
    ("leaves", "category"),
    [
        ([TimeoutError(), ConfigError("x")], Category.CONFIG),
        ([TimeoutError(), http_error(401), ValueError()], Category.AUTH),
        ([TimeoutError(), KeyError("bug")], Category.UNKNOWN),
        ([TimeoutError(), RateLimited("x")], Category.RATE_LIMIT),
        ([TimeoutError(), ConnectionResetError()], Category.TIMEOUT),
    ],
)
def test_a_mixed_group_has_its_most_serious_category(
    leaves: list[Exception], category: Category
) -> None:
    assert classify_failure(ExceptionGroup("x", leaves)) is category


def test_leaves_of_a_group_may_share_a_cause() -> None:
    cause = ConnectionResetError()
    leaves = [linked(RuntimeError("1"), cause), linked(RuntimeError("2"), cause)]
    assert classify_failure(ExceptionGroup("x", leaves)) is Category.NETWORK


def test_a_group_that_causes_itself_is_unknown() -> None:
    leaf = RuntimeError("leaf")
    group = ExceptionGroup("x", [leaf])
    leaf.__cause__ = group
    assert classify_failure(group) is Category.UNKNOWN


def test_only_what_passes_by_itself_is_retried() -> None:
    retried = {category for category in Category if is_retryable(category)}
    assert retried == {Category.NETWORK, Category.TIMEOUT, Category.RATE_LIMIT}


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimited("x", retry_after=7.5), 7.5),
        (RateLimited("x"), None),
        (http_error(429, retry_after="12"), 12.0),
        (http_error(503, retry_after="-3"), 0.0),
        (http_error(429, retry_after="Sun, 01 Mar 2026 12:01:30 GMT"), 90.0),
        (http_error(429, retry_after="Sun, 01 Mar 2026 12:01:30 -0000"), 90.0),
        (http_error(429, retry_after="Sun, 01 Mar 2026 11:00:00 GMT"), 0.0),
        (http_error(429, retry_after="soon"), None),
        (http_error(429, retry_after="inf"), None),
        (http_error(429), None),
        (requests_error(429, retry_after="5"), 5.0),
        (SlackApiError(Answer(429, {}, Retry_After="30")), 30.0),
        (KeyError("x"), None),
    ],
)
def test_the_wait_that_a_source_asks_for_is_obeyed(error: Exception, seconds: float | None) -> None:
    assert retry_after_seconds(error, NOW) == seconds


@pytest.mark.parametrize(("remaining", "seconds"), [("0", 60.0), ("4000", None)])
def test_the_reset_of_a_quota_counts_once_it_is_used_up(
    remaining: str, seconds: float | None
) -> None:
    reset = str(int(NOW.timestamp()) + 60)
    error = http_error(403, x_ratelimit_remaining=remaining, x_ratelimit_reset=reset)
    assert retry_after_seconds(error, NOW) == seconds


def test_the_wait_is_found_behind_other_errors() -> None:
    error = linked(
        RateLimited("page 3"), linked(RuntimeError("x"), http_error(429, retry_after="9"))
    )
    assert retry_after_seconds(error, NOW) == 9.0


@pytest.mark.parametrize(
    "error",
    [
        ConfigError(["A is not set", "B is not set"]),
        RateLimited("slow down", retry_after=3.0),
        NotFound("no such page", 404),
        AlreadyRunning("run 7 since noon"),
        RedactedError("X: ***", Category.AUTH),
    ],
)
def test_an_error_crosses_process_boundaries_whole(error: CollectorError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_configuration_error_names_all_problems_in_one_line() -> None:
    assert str(ConfigError(["A is not set", "B is not set"])) == "A is not set; B is not set"
