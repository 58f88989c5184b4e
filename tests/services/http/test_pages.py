"""Pages of a listing: all of them, in order, once, or an error."""

import threading
import time
from collections.abc import Callable
from itertools import chain

import pytest

from conformance.replay.faults import leads_to, status, with_headers
from conformance.replay.messages import Answer, Asked, json_answer
from conformance.replay.routes import Listing, at
from conformance.replay.server import ReplayServer, replaying
from services.errors import RateLimited, RecordRejected, SourceUnavailable
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.pages import pages
from tests.services.http.conftest import MakeClient, World
from tests.support.local_stack import poll

ITEMS = Request("/items")


def ids(
    client: HttpClient,
    request: Request = ITEMS,
    most: int = 100,
    ahead: int = 1,
    at_once: int = 1,
) -> list[int]:
    with pages(client, request, most=most, ahead=ahead, at_once=at_once) as found:
        return [item["id"] for page in found for item in page.json()]


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_every_item_comes_once_and_in_order(
    client: HttpClient, server: ReplayServer, ahead: int
) -> None:
    assert ids(client, ahead=ahead) == list(range(90))
    assert server.traffic.targets == ["/items", "/items?page=2", "/items?page=3"]


def test_ten_thousand_items_take_a_hundred_requests(
    client: HttpClient, server: ReplayServer
) -> None:
    server.routes = [Listing("/items", lambda number: {"id": number}, 10_000)]
    assert ids(client, Request("/items", {"per_page": 100})) == list(range(10_000))
    assert server.traffic.count("/items") == 100


def test_a_listing_of_one_page_ends_with_it(client: HttpClient) -> None:
    with pages(client, Request("/page"), most=1) as found:
        assert [page.json() for page in found] == [{"id": 1}]


def test_headers_go_with_every_page_and_parameters_with_the_first(
    client: HttpClient, server: ReplayServer
) -> None:
    ids(client, Request("/items", {"per_page": 45}, headers={"X-Mine": "1"}))
    assert [asked.headers["x-mine"] for asked in server.traffic.requests] == ["1", "1"]
    assert server.traffic.targets == ["/items?per_page=45", "/items?per_page=45&page=2"]


def test_it_goes_on_from_where_another_run_has_stopped(
    client: HttpClient, server: ReplayServer
) -> None:
    with pages(client, ITEMS, most=10, ahead=0) as found:
        stored = next(found)
    assert stored.next_url is not None
    assert ids(client, Request(stored.next_url)) == list(range(30, 90))


def test_a_first_page_already_had_is_not_fetched_again(
    client: HttpClient, server: ReplayServer
) -> None:
    first = client.send(ITEMS)
    with pages(client, ITEMS, most=10, first=first) as found:
        assert next(found) is first
        assert len(list(found)) == 2
    assert server.traffic.count("/items") == 3


def test_a_first_page_that_is_not_modified_says_nothing_of_the_others(client: HttpClient) -> None:
    unchanged = Response(304, {}, b"", "http://a.example/items", World().now())
    with (
        pytest.raises(ValueError, match="not modified"),
        pages(client, ITEMS, most=10, first=unchanged),
    ):
        pass


@pytest.fixture(params=[1, 4], ids=["one-by-one", "four-at-once"])
def at_once(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_numbered_pages_are_fetched_several_at_once_in_order_and_once(
    client: HttpClient, server: ReplayServer
) -> None:
    everybody_is_there = threading.Barrier(4)

    def meet(asked: Asked, usual: Answer) -> Answer:
        everybody_is_there.wait(60)
        return usual

    server.routes = [Listing("/items", lambda number: {"id": number}, 13)]
    server.script.on("/items", None, *[meet] * 12)
    assert ids(client, Request("/items", {"per_page": 1}), at_once=4) == list(range(13))
    assert sorted(server.traffic.targets[1:]) == sorted(
        f"/items?per_page=1&page={number}" for number in range(2, 14)
    )
    assert server.traffic.peak == 4


def test_pages_that_go_on_by_a_cursor_are_walked(client: HttpClient, server: ReplayServer) -> None:
    base = f"{server.url}/items?after="
    last = f'<{base}z&page=9>; rel="last"'
    following = [
        f'<{base}{mark}&page={number}>; rel="next", {last}' for number, mark in ((2, "a"), (3, "b"))
    ]
    server.script.on(
        "/items", *[with_headers(link=text) for text in following], with_headers(link="")
    )
    assert len(ids(client, at_once=4)) == 90
    assert server.traffic.targets == ["/items", "/items?after=a&page=2", "/items?after=b&page=3"]


def test_a_listing_that_has_become_shorter_meanwhile_ends_where_it_says(
    client: HttpClient, server: ReplayServer
) -> None:
    shorter = with_headers(link="")
    server.script.always(
        "/items",
        lambda asked, usual: shorter(asked, usual) if asked.query.get("page") == "2" else usual,
    )
    assert ids(client, at_once=2) == list(range(60))


def test_a_listing_that_grows_meanwhile_is_read_to_its_new_end(
    client: HttpClient, server: ReplayServer
) -> None:
    length = iter([90, 90, 150])

    def grown(asked: Asked, usual: Answer) -> Answer:
        longer = Listing("/items", lambda number: {"id": number}, next(length, 150))
        return longer(asked) or usual

    server.script.always("/items", grown)
    assert ids(client, at_once=3) == list(range(150))


def collected(
    client: HttpClient, most: int = 100, at_once: int = 1
) -> tuple[int, Exception | None]:
    """How many pages came before the error, and the error."""
    count = 0
    try:
        with pages(client, ITEMS, most=most, at_once=at_once) as found:
            for _ in found:
                count += 1
    except RecordRejected as error:
        return count, error
    return count, None


def test_more_pages_than_expected_are_an_error_not_an_end(client: HttpClient, at_once: int) -> None:
    count, error = collected(client, most=2, at_once=at_once)
    assert count == 2
    assert "page 2, and more follow" in str(error)


def test_as_many_pages_as_expected_are_fine(client: HttpClient, at_once: int) -> None:
    assert collected(client, most=3, at_once=at_once) == (3, None)


@pytest.mark.parametrize("target", ["/items", "/items?page=2", "/items?page=3"])
def test_pages_that_lead_in_a_circle_are_an_error(
    client: HttpClient, server: ReplayServer, target: str
) -> None:
    server.script.on("/items", None, None, leads_to(target))
    count, error = collected(client)
    assert count == 3
    assert "links back" in str(error)


def test_a_page_that_leads_elsewhere_is_an_error_naming_both(
    client: HttpClient, server: ReplayServer
) -> None:
    with replaying(at("/items", json_answer([]))) as other:
        server.script.on("/items", leads_to(f"{other.url}/items?page=2"))
        count, error = collected(client)
        assert count == 1
        assert other.url in str(error)
        assert server.url in str(error)
        assert other.traffic.requests == []


def test_a_page_that_fails_is_tried_again_before_it_is_an_error(
    client: HttpClient, server: ReplayServer, at_once: int
) -> None:
    server.script.on("/items", None, status(502), None)
    assert ids(client, at_once=at_once) == list(range(90))
    server.script.on("/items", None, *[status(502)] * 8)
    with pytest.raises(SourceUnavailable):
        ids(client, at_once=at_once)


def test_pages_beyond_those_ahead_are_not_fetched(client: HttpClient, server: ReplayServer) -> None:
    with pages(client, Request("/items", {"per_page": 1}), most=100, ahead=2) as found:
        next(found)
        poll(lambda: server.traffic.count("/items") == 4, 10, "one taken, two ahead, one in hand")
    assert server.traffic.count("/items") <= 5


def test_leaving_ends_a_wait_for_quota(server: ReplayServer, make_client: MakeClient) -> None:
    """The reader's sleep lasts for as long as somebody wants the page, and no longer."""
    napping = threading.Event()
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        napping.set()
        time.sleep(0.01)

    server.script.on("/items", None, status(429, retry_after="10000"))
    client = make_client(patience_seconds=20_000).sleeping(lambda _: nap)
    with pages(client, ITEMS, most=10) as found:
        next(found)
        assert napping.wait(60)
    assert 0 < sum(naps) < 10_000
    assert max(naps) <= 1.0
    assert server.traffic.count("/items") == 2


@pytest.mark.parametrize(
    ("header", "following"),
    [
        ('<{u}/a?x=1,2>; rel="next"', "{u}/a?x=1,2"),
        ('<{u}/l>; rel="last", <{u}/n>; rel="next"', "{u}/n"),
        ("<{u}/n>; rel=next", "{u}/n"),
        ('<{u}/n>; title="a, b"; REL="prev next"', "{u}/n"),
        ("</n>; rel=next", "{u}/n"),
        ("<?page=2>; rel=next", "{u}/page?page=2"),
        ('<{u}/n>; rel="nextish"', None),
        ("<{u}/n>", None),
        ("<{u}/n>; rel", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_next_page_is_read_from_the_link_header(
    client: HttpClient, server: ReplayServer, header: str, following: str | None
) -> None:
    server.script.always("/page", with_headers(link=header.format(u=server.url)))
    expected = following and following.format(u=server.url)
    assert client.get("/page").next_url == expected


def test_a_limit_in_the_middle_is_raised_at_its_place(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.on("/items", None, None, status(429, retry_after="3600"))
    seen: list[Callable[[], object]] = []
    with pytest.raises(RateLimited), pages(client, ITEMS, most=10) as found:
        seen.extend(page.json for page in found)
    assert len(list(chain(seen))) <= 2
