"""The example of docs/http.md is a client that works."""

import re
from pathlib import Path
from typing import Any

import pytest

from conformance.replay.routes import listing
from conformance.replay.server import ReplayServer
from services.errors import AccessDenied
from tests.services.http.conftest import World

PAGE = Path(__file__).parents[3] / "docs/http.md"


@pytest.fixture
def example() -> dict[str, Any]:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found: dict[str, Any] = {"__name__": "example"}
    exec(compile(source, str(PAGE), "exec"), found)  # noqa: S102 - our own page
    return found


def test_the_example_reads_every_record(
    example: dict[str, Any], server: ReplayServer, world: World
) -> None:
    papers = [{"number": number, "title": f"Paper {number}"} for number in range(70)]
    server.routes = [listing("/papers", papers)]
    client = example["PaperClient"](server.url, "abc", world.surroundings)
    found = list(client.papers(since=world.now()))
    assert [paper.number for paper in found] == list(range(70))
    assert server.traffic.requests[0].query["since"] == "2026-03-01T12:00:00+00:00"
    assert set(server.traffic.tokens) == {"abc"}


def test_the_example_says_when_its_token_is_no_good(
    example: dict[str, Any], server: ReplayServer, world: World
) -> None:
    server.tokens.revoke("abc")
    client = example["PaperClient"](server.url, "abc", world.surroundings)
    with pytest.raises(AccessDenied):
        list(client.papers(since=world.now()))
