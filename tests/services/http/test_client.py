"""What a client does with good answers and bad ones."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from conformance.replay.faults import delivered, held, instead, status, with_headers
from conformance.replay.messages import Delivery, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer, replaying
from services.errors import (
    AccessDenied,
    CollectorError,
    ConfigError,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceTimedOut,
    SourceUnavailable,
)
from services.errors import CollectorFailureCategory as Category
from services.failures import classify_failure, retry_after_seconds
from services.http.answers import CredentialsRejected
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.settings import HttpSettings
from tests.services.http.conftest import NOON, MakeClient, World
from tests.support.local_stack import poll


def test_an_answer_is_complete_and_says_where_and_when(
    client: HttpClient, server: ReplayServer
) -> None:
    response = client.get("/page")
    assert (response.status, response.json()) == (200, {"id": 1})
    assert response.headers["content-type"].startswith("application/json")
    assert (response.url, response.fetched_at) == (f"{server.url}/page", NOON)


def test_a_path_is_put_behind_the_path_of_the_base_url(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.routes = [at("/api/v3/page", json_answer(1))]
    client = make_client(base_url=f"{server.url}/api/v3")
    assert client.get("/page").json() == client.get("page").json() == 1
    assert client.get("/page", {"next": "http://x.example"}).json() == 1


def test_parameters_go_into_the_query(client: HttpClient, server: ReplayServer) -> None:
    client.get("/page?a=1", {"since": "2026-01-01T00:00:00Z", "page": 2})
    assert server.traffic.requests[0].query == {
        "a": "1",
        "since": "2026-01-01T00:00:00Z",
        "page": "2",
    }


def test_headers_of_the_request_replace_those_of_the_source_however_spelt(
    make_client: MakeClient, server: ReplayServer
) -> None:
    client = make_client(headers={"Accept": "text/html", "X-Version": "1"}, user_agent="bdc-test")
    client.send(Request("/page", headers={"accept": "application/json"}))
    sent = server.traffic.requests[0].headers
    assert (sent["accept"], sent["x-version"]) == ("application/json", "1")
    assert sent["user-agent"] == "bdc-test"


def test_a_head_request_has_no_body(client: HttpClient) -> None:
    response = client.send(Request("/page", method="HEAD"))
    assert (response.status, response.body, response.validator) == (200, b"", None)


@pytest.mark.parametrize("delivery", [Delivery.RESET, Delivery.SHORT, Delivery.CUT_CHUNKS])
def test_an_answer_lost_on_its_way_is_asked_for_again(
    client: HttpClient, server: ReplayServer, delivery: Delivery
) -> None:
    server.script.on("/page", delivered(delivery))
    assert client.get("/page").json() == {"id": 1}
    assert server.traffic.count("/page") == 2


@pytest.mark.parametrize("code", [500, 502, 503, 504, 408])
def test_a_failing_source_is_asked_again(
    client: HttpClient, server: ReplayServer, code: int
) -> None:
    server.script.on("/page", status(code), status(code))
    assert client.get("/page").json() == {"id": 1}


def test_pauses_double_and_no_answer_at_all_is_an_error(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.script.always("/page", status(502, "upstream is away"))
    with pytest.raises(SourceUnavailable, match=r"502.*upstream is away"):
        client.get("/page")
    assert world.slept == [1.0, 2.0, 4.0]
    assert server.traffic.count("/page") == 4


def test_pauses_together_are_bounded_by_patience(
    make_client: MakeClient, server: ReplayServer, world: World
) -> None:
    server.script.always("/page", status(502))
    with pytest.raises(SourceUnavailable):
        make_client(tries=100, patience_seconds=20.0, longest_pause_seconds=5.0).get("/page")
    assert world.slept == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_failing_source_that_names_a_pause_gets_it(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.script.on("/page", status(503, retry_after="17"))
    client.get("/page")
    assert world.slept == [17.0]


def test_a_pause_longer_than_patience_is_left_to_the_task(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/page", status(503, retry_after="600"))
    with pytest.raises(SourceUnavailable) as caught:
        client.get("/page")
    assert retry_after_seconds(caught.value, NOON) == 600.0
    assert server.traffic.count("/page") == 1


def test_what_may_change_something_is_sent_once(client: HttpClient, server: ReplayServer) -> None:
    server.script.always("/page", status(502))
    with pytest.raises(SourceUnavailable):
        client.send(Request("/page", method="POST", content=b"{}"))
    assert server.traffic.count("/page") == 1


def test_what_is_marked_idempotent_is_sent_again(client: HttpClient, server: ReplayServer) -> None:
    server.routes = [at("/graphql", json_answer({"data": 1}), method="POST")]
    server.script.on("/graphql", delivered(Delivery.RESET))
    query = Request("/graphql", method="POST", content=b"{query}", idempotent=True)
    assert client.send(query).json() == {"data": 1}
    assert [asked.body for asked in server.traffic.requests] == [b"{query}"] * 2


@pytest.mark.parametrize(
    ("code", "error", "category"),
    [
        (401, CredentialsRejected, Category.AUTH),
        (403, AccessDenied, Category.AUTH),
        (404, NotFound, Category.UNKNOWN),
        (410, NotFound, Category.UNKNOWN),
        (422, RequestRefused, Category.UNKNOWN),
        (304, RequestRefused, Category.UNKNOWN),
        (300, RequestRefused, Category.UNKNOWN),
        (501, SourceUnavailable, Category.NETWORK),
        (504, SourceTimedOut, Category.TIMEOUT),
    ],
)
def test_every_other_status_is_an_error_with_its_category(
    make_client: MakeClient,
    server: ReplayServer,
    code: int,
    error: type[CollectorError],
    category: Category,
) -> None:
    server.script.always("/page", status(code))
    with pytest.raises(error, match=f"GET .*/page is answered {code}") as caught:
        make_client(tries=1).get("/page")
    assert type(caught.value) is error
    assert classify_failure(caught.value) is category
    assert isinstance(caught.value.__cause__, httpx.HTTPStatusError)


def test_a_refusal_carries_its_status(client: HttpClient, server: ReplayServer) -> None:
    server.script.always("/page", status(422))
    with pytest.raises(RequestRefused) as caught:
        client.get("/page")
    assert caught.value.status == 422


def test_a_source_that_is_not_there_is_unavailable(make_client: MakeClient) -> None:
    with replaying() as gone:
        url = gone.url
    with pytest.raises(SourceUnavailable, match=f"GET {url}/page: .*refused") as caught:
        make_client(base_url=url).get("/page")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_a_silent_source_is_timed_out(make_client: MakeClient, server: ReplayServer) -> None:
    server.script.always("/page", held(threading.Event()))
    with pytest.raises(SourceTimedOut) as caught:
        make_client(read_seconds=0.05, tries=2).get("/page")
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    poll(lambda: server.traffic.count("/page") == 2, 10, "both tries at the server")


class HurryingWorld(World):
    """Twenty seconds pass between any two looks at the clock."""

    def now(self) -> datetime:
        self.time += timedelta(seconds=20)
        return self.time


def test_one_try_is_bounded_in_all_however_steadily_bytes_arrive(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.routes = [at("/big", json_answer("x" * 10**6))]
    client = make_client(around=HurryingWorld().surroundings, total_seconds=30.0, tries=1)
    with pytest.raises(SourceTimedOut, match="/big: not answered within 30 s"):
        client.send(Request("/big", headers={"Accept-Encoding": "identity"}))


def test_no_more_than_allowed_are_asked_at_once(
    make_client: MakeClient, server: ReplayServer
) -> None:
    opened = threading.Event()
    server.script.always("/page", held(opened))
    client = make_client(concurrency=2)
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(client.get, "/page") for _ in range(10)]
        poll(lambda: server.traffic.under_way == 2, 10, "two requests at the server")
        opened.set()
        assert [answer.result().status for answer in answers] == [200] * 10
    assert server.traffic.peak == 2


def refuse_failures(response: Response) -> None:
    """Slack's way: status 200, and the truth in the body."""
    answer = response.json()
    if answer.get("error") == "ratelimited":
        raise RateLimited("slow down", 7.0)
    if not answer.get("ok"):
        raise SourceUnavailable("not ok")


def test_an_answer_that_the_check_refuses_is_treated_as_if_its_status_said_so(
    client: HttpClient, server: ReplayServer, world: World
) -> None:
    server.routes = [at("/slack", json_answer({"ok": True}))]
    server.script.on(
        "/slack",
        instead(json_answer({"ok": False})),
        instead(json_answer({"ok": False, "error": "ratelimited"})),
    )
    assert client.get("/slack", check=refuse_failures).json() == {"ok": True}
    assert world.slept == [1.0, 8.0]


def test_nothing_is_remembered_from_one_answer_to_the_next(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/page", with_headers(set_cookie="session=1; Path=/"))
    client.get("/page")
    client.get("/page")
    assert "cookie" not in server.traffic.requests[1].headers


@pytest.mark.parametrize(
    "url",
    ["api.example.org", "ftp://example.org", "https://", "https://me:pw@example.org", "http://a\n"],
)
def test_a_base_url_that_cannot_be_one_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="base URL") as caught:
        HttpSettings(base_url=url)
    assert "pw" not in str(caught.value)


def test_a_client_of_the_real_world_needs_nothing_but_an_address(server: ReplayServer) -> None:
    with HttpClient(HttpSettings(base_url=server.url)) as client:
        before = datetime.now(UTC)
        assert before <= client.get("/page").fetched_at <= datetime.now(UTC)


def test_somebody_who_interrupts_the_sleep_ends_the_call(
    client: HttpClient, server: ReplayServer
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    server.script.always("/page", status(503))
    with pytest.raises(KeyboardInterrupt):
        client.sleeping(lambda _: interrupted).get("/page")
    assert server.traffic.count("/page") == 1
