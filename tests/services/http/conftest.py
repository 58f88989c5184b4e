"""A server to ask, and a world in which waiting takes no time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.replay.messages import json_answer
from conformance.replay.routes import at, listing
from conformance.replay.server import ReplayServer, replaying
from services.http.client import HttpClient
from services.http.settings import Auth, HttpSettings, Surroundings, anonymous

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUICK = HttpSettings(base_url="http://unset", first_pause_seconds=1.0, patience_seconds=120.0)
MakeClient = Callable[..., HttpClient]


@dataclass
class World:
    """A clock that only sleeping moves, chance that always draws the most, and what was said."""

    time: datetime = NOON
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    waited_until: datetime | None = None

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def say(self, text: str, until: datetime | None = None, /) -> None:
        self.said.append(text)
        self.waited_until = until or self.waited_until

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(self.sleep, self.now, lambda: 1.0, self.say)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def server(world: World) -> Iterator[ReplayServer]:
    """One page at /page, ninety items at /items; its clock is the client's."""
    page = at("/page", json_answer({"id": 1}))
    items = listing("/items", [{"id": number} for number in range(90)])
    with replaying(page, items, now=world.now) as started:
        yield started


@pytest.fixture
def make_client(server: ReplayServer, world: World) -> Iterator[MakeClient]:
    """Makes clients of the server; settings are changed by name."""
    with ExitStack() as closing:

        def make(
            auth: Auth = anonymous, around: Surroundings = world.surroundings, **changes: Any
        ) -> HttpClient:
            settings = replace(QUICK, **{"base_url": server.url, **changes})
            return closing.enter_context(HttpClient(settings, auth=auth, around=around))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> HttpClient:
    return make_client()
