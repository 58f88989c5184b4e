"""Quotas: obeyed, waited for within bounds, and known ahead."""

import threading
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from conformance.replay.faults import status, with_headers
from conformance.replay.rules import Budget
from conformance.replay.server import ReplayServer
from services.errors import AccessDenied, RateLimited
from services.failures import retry_after_seconds
from services.http.client import HttpClient
from services.http.messages import Request
from services.http.quota import MARGIN_SECONDS
from services.http.settings import Surroundings, bearer
from tests.services.http.conftest import NOON, MakeClient, World

GITHUB_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."


def epoch(time: datetime) -> str:
    return str(int(time.timestamp()))


@pytest.mark.parametrize("code", [403, 429])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"retry_after": format_datetime(NOON + timedelta(seconds=45), usegmt=True)}, 45.0),
        (
            {
                "x_ratelimit_remaining": "0",
                "x_ratelimit_reset": epoch(NOON + timedelta(seconds=20)),
            },
            20.0,
        ),
        ({}, 60.0),
    ],
)
def test_a_limit_is_waited_for_as_long_as_it_says(
    client: HttpClient,
    server: ReplayServer,
    world: World,
    code: int,
    headers: dict[str, str],
    seconds: float,
) -> None:
    server.script.on("/page", status(code, GITHUB_SECONDARY, **headers))
    assert client.get("/page").json() == {"id": 1}
    assert world.slept == [seconds + MARGIN_SECONDS]


def test_waiting_is_announced_with_its_end(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.script.on("/page", status(429, retry_after="30"))
    client.get("/page")
    assert world.said == ["waiting for quota until 2026-03-01T12:00:31+00:00"]


def test_a_limit_that_names_no_time_is_given_more_each_time(
    make_client: MakeClient, server: ReplayServer, world: World
) -> None:
    server.script.on("/page", *[status(429)] * 3)
    make_client(patience_seconds=1000.0).get("/page")
    assert world.slept == [61.0, 121.0, 241.0]


def test_a_limit_beyond_patience_is_left_to_the_task(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.script.always("/page", status(429, retry_after="600"))
    with pytest.raises(RateLimited, match=r"no quota before 2026-03-01T12:10:01") as caught:
        client.get("/page")
    assert retry_after_seconds(caught.value, NOON) == 601.0
    assert isinstance(caught.value.__cause__, RateLimited)
    assert world.slept == []


def test_a_source_that_limits_every_try_is_given_up(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/page", status(429, "slow down", retry_after="0"))
    with pytest.raises(RateLimited, match=r"429.*slow down") as caught:
        client.get("/page")
    assert caught.value.retry_after == 0.0
    assert server.traffic.count("/page") == 4


def test_a_request_refused_for_a_limit_is_sent_again_whatever_it_does(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.on("/page", status(429, retry_after="1"))
    with pytest.raises(Exception, match="404"):
        client.send(Request("/page", method="POST", content=b"{}"))
    assert server.traffic.count("/page") == 2


def test_a_plain_403_is_no_limit(client: HttpClient, server: ReplayServer, world: World) -> None:
    server.script.always("/page", status(403, "Resource not accessible by personal access token"))
    with pytest.raises(AccessDenied, match="not accessible"):
        client.get("/page")
    assert world.slept == []


def test_a_used_up_quota_is_known_before_the_next_request(
    make_client: MakeClient, server: ReplayServer, world: World
) -> None:
    server.budgets = [Budget(2, timedelta(seconds=90))]
    client = make_client(bearer("abc"))
    assert [client.get("/page").status for _ in range(3)] == [200] * 3
    assert world.slept == [91.0]
    assert server.traffic.count("/page") == 3


def test_a_quota_that_fills_too_late_sends_nothing(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.budgets = [Budget(1)]
    client = make_client(bearer("abc"))
    client.get("/page")
    with pytest.raises(RateLimited) as caught:
        client.get("/page")
    assert caught.value.retry_after == 3601.0
    assert caught.value.__cause__ is None
    assert server.traffic.count("/page") == 1


def test_one_class_of_resources_does_not_stop_another(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.budgets = [Budget(1, resource="search", prefix="/items"), Budget(100)]
    client = make_client(bearer("abc"))
    client.get("/items", resource="search")
    assert client.get("/page").status == 200
    with pytest.raises(RateLimited):
        client.get("/items", resource="search")


def test_a_primary_limit_met_unawares_stops_its_own_class_only(
    make_client: MakeClient, server: ReplayServer
) -> None:
    budget = Budget(1, resource="search", prefix="/items")
    server.budgets = [budget, Budget(100)]
    make_client(bearer("abc")).get("/items", resource="search")
    other = make_client(bearer("abc"))
    with pytest.raises(RateLimited):
        other.get("/items", resource="search")
    assert other.get("/page").status == 200


def test_a_limit_on_pace_stops_all_that_the_token_asks_for(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.script.always("/page", status(403, GITHUB_SECONDARY, retry_after="600"))
    client = make_client(bearer("abc"))
    with pytest.raises(RateLimited):
        client.get("/page")
    with pytest.raises(RateLimited):
        client.get("/items", resource="search")
    assert server.traffic.count("/items") == 0


def test_another_token_goes_on(make_client: MakeClient, server: ReplayServer) -> None:
    server.budgets = [Budget(1)]
    tokens = iter(["one", "one", "two", "two"])
    client = make_client(lambda _: {"Authorization": f"Bearer {next(tokens)}"})
    client.get("/page")
    with pytest.raises(RateLimited):
        client.get("/page")
    assert client.get("/page").status == 200
    assert server.traffic.tokens == ["one", "two"]


@pytest.mark.parametrize("skew", [timedelta(hours=5), timedelta(hours=-5)])
def test_the_clocks_need_not_agree(
    make_client: MakeClient, server: ReplayServer, world: World, skew: timedelta
) -> None:
    server.now = lambda: world.now() + skew
    server.budgets = [Budget(1, timedelta(seconds=30))]
    client = make_client(bearer("abc"))
    client.get("/page")
    client.get("/page")
    assert world.slept == [31.0]


@pytest.mark.parametrize("date", ["yesterday", "Sun, 01 Mar 2026 12:00:00 -0000"])
def test_a_source_that_does_not_say_its_time_is_taken_at_ours(
    client: HttpClient, server: ReplayServer, world: World, date: str
) -> None:
    reset = epoch(NOON + timedelta(seconds=20))
    server.script.on(
        "/page", status(429, x_ratelimit_remaining="0", x_ratelimit_reset=reset, date=date)
    )
    client.get("/page")
    assert world.slept == [21.0]


def test_a_last_request_without_a_reset_costs_a_moment_only(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.script.on("/page", with_headers(x_ratelimit_remaining="0"))
    client.get("/page")
    client.get("/page")
    assert world.slept == [MARGIN_SECONDS]


def test_an_answer_not_modified_costs_no_quota_at_the_replay_server(
    server: ReplayServer, make_client: MakeClient
) -> None:
    budget = Budget(2)
    server.budgets = [budget]
    client = make_client(bearer("abc"))
    etag = client.get("/page").headers["etag"]
    again = Request("/page", headers={"If-None-Match": etag})
    with pytest.raises(Exception, match="304"):
        client.send(again)
    assert client.get("/page").headers["x-ratelimit-remaining"] == "0"


def test_threads_share_what_is_known_of_a_quota(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.budgets = [Budget(1)]
    client = make_client(bearer("abc"))
    asking = threading.Thread(target=client.get, args=("/page",))
    asking.start()
    asking.join()
    with pytest.raises(RateLimited):
        client.get("/page")


def test_a_client_that_nobody_listens_to_waits_all_the_same(
    make_client: MakeClient, server: ReplayServer, world: World
) -> None:
    server.script.on("/page", status(429, retry_after="5"))
    make_client(around=Surroundings(world.sleep, world.now)).get("/page")
    assert world.slept == [6.0]
