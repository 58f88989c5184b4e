"""GraphQL: a failure that comes with status 200 is one, and half an answer is none."""

import json
from typing import Any

import pytest

from conformance.replay.messages import Answer, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer
from services.errors import (
    AccessDenied,
    CollectorError,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceUnavailable,
)
from services.http import graphql
from services.http.client import HttpClient
from services.http.quota import MARGIN_SECONDS
from tests.services.http.conftest import NOON, MakeClient, World

QUERY = "query($number: Int!) { repository { issue(number: $number) { title } } }"
DATA = {"repository": {"issue": None}}


def failing(*errors: dict[str, Any], data: object = None, **headers: str) -> Answer:
    return json_answer({"data": data, "errors": list(errors)}, 200, **headers)


def error(kind: str | None, message: str) -> dict[str, Any]:
    return {"type": kind, "message": message} if kind else {"message": message}


def play(server: ReplayServer, *answers: Answer) -> None:
    upcoming = iter(answers)
    server.routes = [at("/graphql", lambda _: next(upcoming), "POST")]


def ask(client: HttpClient) -> dict[str, Any]:
    return graphql.ask(client, QUERY, {"number": 7})


def test_a_query_goes_out_with_its_variables_and_data_comes_back(
    client: HttpClient, server: ReplayServer
) -> None:
    play(server, json_answer({"data": DATA}))
    assert ask(client) == DATA
    (asked,) = server.traffic.requests
    assert json.loads(asked.body) == {"query": QUERY, "variables": {"number": 7}}
    assert asked.headers["content-type"] == "application/json"


def test_rate_limited_in_a_200_is_waited_for_until_the_reset_in_its_headers(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    reset = str(int(NOON.timestamp()) + 40)
    quota = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": reset}
    limited = failing(error("RATE_LIMITED", "API rate limit exceeded for user ID 1."), **quota)
    play(server, limited, json_answer({"data": DATA}))
    assert ask(client) == DATA
    assert world.slept == [40 + MARGIN_SECONDS]


def test_a_limit_on_pace_in_a_200_without_headers_is_waited_for(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    limited = failing(error(None, "You have exceeded a secondary rate limit."))
    play(server, limited, json_answer({"data": DATA}))
    assert ask(client) == DATA
    assert world.slept == [60 + MARGIN_SECONDS]


def test_points_of_graphql_that_are_used_up_do_not_stop_other_requests(
    make_client: MakeClient, server: ReplayServer
) -> None:
    reset = str(int(NOON.timestamp()) + 600)
    quota = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": reset}
    page = at("/page", json_answer({"id": 1}))
    play(server, failing(error("RATE_LIMITED", "exceeded"), **quota))
    server.routes = [*server.routes, page]
    client = make_client()
    with pytest.raises(RateLimited):
        ask(client)
    assert client.get("/page").status == 200


def test_a_node_that_is_gone_is_null_among_the_others(
    client: HttpClient, server: ReplayServer
) -> None:
    play(server, failing(error("NOT_FOUND", "Could not resolve to an Issue"), data=DATA))
    assert ask(client) == DATA


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (failing(error("NOT_FOUND", "Could not resolve to a Repository")), NotFound),
        (failing(error("FORBIDDEN", "SAML enforcement")), AccessDenied),
        (failing(error("INSUFFICIENT_SCOPES", "needs read:org")), AccessDenied),
        (failing(error("FORBIDDEN", "a part is hidden"), data=DATA), AccessDenied),
        (failing(error("MAX_NODE_LIMIT_EXCEEDED", "too many nodes")), RequestRefused),
        (failing(error(None, 'Parse error on "}"')), RequestRefused),
    ],
)
def test_what_is_wrong_is_told_by_type(
    client: HttpClient, server: ReplayServer, answer: Answer, expected: type[CollectorError]
) -> None:
    play(server, answer)
    with pytest.raises(expected):
        ask(client)


@pytest.mark.parametrize(
    "answer",
    [
        failing(error(None, "Something went wrong while executing your query.")),
        failing(error(None, "timedout"), data=DATA),
        json_answer({"data": None}),
        json_answer([]),
        json_answer({"message": "no"}, 502),
    ],
)
def test_what_may_pass_is_asked_again(
    client: HttpClient, server: ReplayServer, answer: Answer
) -> None:
    play(server, answer, json_answer({"data": DATA}))
    assert ask(client) == DATA
    play(server, *[answer] * 4)
    with pytest.raises(SourceUnavailable):
        ask(client)


def test_messages_show_no_secret(client: HttpClient, server: ReplayServer) -> None:
    secret = "ghp_" + "a1B2" * 9
    play(server, failing(error(None, f"bad token={secret}")))
    with pytest.raises(RequestRefused) as caught:
        ask(client)
    assert secret not in str(caught.value)
