"""One request, one answer: through httpx, within bounds, its errors made ours."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import BoundedSemaphore

import httpx

from services.errors import ConfigError, RecordRejected, SourceTimedOut, SourceUnavailable
from services.http.addresses import shown
from services.http.compression import decoder
from services.http.settings import HttpSettings


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as it is sent: every header is in it."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, complete; names of headers are in lower case."""

    method: str
    url: httpx.URL
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime


class Wire:
    """Connections to one source, shared by threads, asked by so many at once as is allowed.

    Cookies are not kept: what an answer is must not depend on the answers before it.
    """

    def __init__(self, settings: HttpSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._turns = BoundedSemaphore(settings.concurrency)
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            limits=httpx.Limits(max_keepalive_connections=settings.concurrency),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def exchange(self, asking: Asking) -> Answer:
        """The answer, whatever its status; redirects are not followed.

        Raises:
            SourceUnavailable: no answer, or one that is broken or cut short.
            SourceTimedOut: none within the time allowed.
            RecordRejected: larger than allowed, or not to be decoded.
            ConfigError: a header holds what HTTP forbids.
        """
        _require_sendable(asking.headers)
        with self._turns, _ours(asking):
            deadline = self._now() + timedelta(seconds=self._settings.total_seconds)
            request = self._client.build_request(
                asking.method, asking.url, headers=dict(asking.headers), content=asking.content
            )
            response = self._client.send(request, stream=True)
            try:
                return self._complete(asking, response, deadline)
            finally:
                response.close()

    def _complete(self, asking: Asking, response: httpx.Response, deadline: datetime) -> Answer:
        return Answer(
            method=asking.method,
            url=asking.url,
            status=response.status_code,
            headers=dict(response.headers),
            body=self._read(response, deadline),
            received_at=self._now(),
        )

    def _read(self, response: httpx.Response, deadline: datetime) -> bytes:
        most = self._settings.max_bytes
        decoding = decoder(response.headers.get("content-encoding", "").strip().lower())
        body = bytearray()
        for data in self._in_time(response.iter_raw(), deadline):
            body += decoding.decode(data, most - len(body) + 1)
            if len(body) > most:
                raise RecordRejected(f"an answer of more than {most} bytes is not read")
        decoding.finish()
        return bytes(body)

    def _in_time(self, pieces: Iterator[bytes], deadline: datetime) -> Iterator[bytes]:
        """The pieces, as long as there is time: each alone is bounded by the read timeout."""
        for piece in pieces:
            if self._now() > deadline:
                raise SourceTimedOut(f"not answered within {self._settings.total_seconds:g} s")
            yield piece


@contextmanager
def _ours(asking: Asking) -> Iterator[None]:
    """Turn httpx's errors into ours; the request leaves them, since it carries credentials."""
    try:
        yield
    except httpx.TimeoutException as error:
        error.request = _bare(asking)
        raise SourceTimedOut(f"{_told(asking)}: {_reason(error)}") from error
    except httpx.TransportError as error:
        error.request = _bare(asking)
        raise SourceUnavailable(f"{_told(asking)}: {_reason(error)}") from error
    except httpx.InvalidURL as error:  # a redirect's: httpx looks at it although it must not follow
        raise RecordRejected(f"{_told(asking)} redirects to what is no address: {error}") from error
    except (RecordRejected, SourceUnavailable, SourceTimedOut) as error:
        raise type(error)(f"{_told(asking)}: {error}") from error


def _told(asking: Asking) -> str:
    return f"{asking.method} {shown(asking.url)}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _bare(asking: Asking) -> httpx.Request:
    return httpx.Request(asking.method, shown(asking.url))


def _require_sendable(headers: Mapping[str, str]) -> None:
    """Libraries show the value that they refuse, which may be a token pasted with a line break."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ConfigError(f"the value of header {name} holds characters that HTTP forbids")
