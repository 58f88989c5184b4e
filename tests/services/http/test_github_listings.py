"""What an owner has: an organisation or a user, all of it."""

import pytest

from conformance.replay.messages import json_answer
from conformance.replay.routes import at, listing
from conformance.replay.server import ReplayServer
from services.errors import NotFound
from services.http.client import HttpClient
from services.http.github_listings import list_repositories


def named(*names: str) -> list[dict[str, str]]:
    return [{"full_name": f"boostorg/{name}"} for name in names]


def test_an_organisation_is_listed_to_its_end(client: HttpClient, server: ReplayServer) -> None:
    names = [f"r{number:03}" for number in range(250)]
    server.routes = [listing("/orgs/boostorg/repos", named(*reversed(names)))]
    assert list_repositories(client, "boostorg") == [f"boostorg/{name}" for name in names]
    assert server.traffic.count("/orgs/boostorg/repos") == 3


def test_a_user_is_asked_for_where_there_is_no_organisation(
    client: HttpClient, server: ReplayServer
) -> None:
    server.routes = [at("/users/boostorg/repos", json_answer(named("asio")))]
    assert list_repositories(client, "boostorg") == ["boostorg/asio"]


def test_nobody_of_that_name_is_an_error(client: HttpClient) -> None:
    with pytest.raises(NotFound):
        list_repositories(client, "boostorg")
