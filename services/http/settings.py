"""What a client is told once: where its source is, how patient and how modest to be."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import httpx

from services.errors import ConfigError
from services.prefetch import Sleep

Auth = Callable[[str], Mapping[str, str]]
"""The path about to be asked → the headers that prove who asks.

Called before every try, from any thread. A pool of tokens is to give one path the same token as
long as it can: what a source says of a page's version (ETag) holds for one token only.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How one source is reached. Times are in seconds, sizes in bytes after decompression.

    `total_seconds` bounds one try, and may be overrun by one `read_seconds`. `patience_seconds`
    bounds what a call may spend on waiting, for quota and between tries together: what needs more
    is raised, for the task to try again. `trusted_origins` may be redirected to, without
    credentials.

    Raises:
        ConfigError: `base_url` is no http(s) URL, or holds credentials.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = "boost-data-collector"
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 120.0
    max_bytes: int = 64 * 2**20
    tries: int = 4
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0
    patience_seconds: float = 120.0
    concurrency: int = 8
    trusted_origins: frozenset[str] = frozenset()
    max_redirects: int = 5

    def __post_init__(self) -> None:
        base = _parsed(self.base_url)
        if base.scheme not in {"http", "https"} or not base.host:
            raise ConfigError("the source's base URL is not one like https://api.example.org")
        if base.userinfo:
            raise ConfigError("the source's base URL holds credentials: set them apart from it")


class Say(Protocol):
    """Tells somebody what goes on; `until` when, if that is waiting."""

    def __call__(self, text: str, until: datetime | None = None, /) -> None:
        """Tell it."""


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"the source's base URL is no URL: {error}") from error


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _unheard(text: str, until: datetime | None = None, /) -> None:
    del text, until


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client has of the world: time, chance (0 to 1), and somebody to tell why it waits.

    `sleep` and `say` are called from whichever thread a call is made in; `sleep` may raise, which
    ends the call.
    """

    sleep: Sleep = time.sleep
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random
    say: Say = _unheard


def anonymous(path: str) -> Mapping[str, str]:
    """No credentials."""
    del path
    return {}


def bearer(token: str) -> Auth:
    """The same token for every path."""

    def prove(path: str) -> Mapping[str, str]:
        del path
        return {"Authorization": f"Bearer {token}"}

    return prove
