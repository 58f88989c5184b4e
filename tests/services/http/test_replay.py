"""The replay server itself: what other tests rely on."""

from pathlib import Path

import pytest

from conformance.replay.faults import repeated, shuffled, status
from conformance.replay.recordings import load_recordings
from conformance.replay.server import ReplayServer
from services.errors import CollectorError, NotFound
from services.http.client import HttpClient
from services.http.messages import Request
from services.http.pages import pages
from services.http.settings import bearer
from tests.services.http.conftest import MakeClient

FIRST = """
request: GET /issues?state=all&page=1
headers: {X-Version: 7}
next: /issues?state=all&page=2
json: [{id: 1}]
"""
SECOND = """
request: GET /issues?page=2&state=all
json: [{id: 2}]
"""
PAPER = """
request: GET /paper.pdf
headers: {Content-Type: application/pdf}
file: paper.bin
"""
TEAPOT = """
request: GET /teapot
status: 418
text: short and stout
"""


@pytest.fixture
def recorded(tmp_path: Path, server: ReplayServer) -> ReplayServer:
    for name, text in {"a": FIRST, "b": SECOND, "c": PAPER, "d": TEAPOT}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "paper.bin").write_bytes(b"%PDF \xff")
    server.routes = [load_recordings(tmp_path)]
    return server


def test_recorded_pages_are_linked_at_the_servers_own_address(
    recorded: ReplayServer, client: HttpClient
) -> None:
    request = Request("/issues", {"page": 1, "state": "all"})
    with pages(client, request, most=10) as found:
        first, second = found
    assert first.json() + second.json() == [{"id": 1}, {"id": 2}]
    assert first.headers["x-version"] == "7"
    assert first.next_url == f"{recorded.url}/issues?state=all&page=2"


def test_a_recording_may_keep_its_body_in_a_file_and_have_any_status(
    recorded: ReplayServer, client: HttpClient
) -> None:
    paper = client.get("/paper.pdf")
    assert (paper.body, paper.headers["content-type"]) == (b"%PDF \xff", "application/pdf")
    with pytest.raises(CollectorError, match="418: short and stout"):
        client.get("/teapot")


def test_what_is_not_recorded_is_not_found(recorded: ReplayServer, client: HttpClient) -> None:
    with pytest.raises(NotFound):
        client.get("/issues", {"page": 3, "state": "all"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(FIRST, "in another file as well"), ("request: GET /\nstats: 200", "unknown: stats")],
)
def test_a_recording_that_cannot_be_meant_is_refused_by_name(
    recorded: ReplayServer, tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "z.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"z\.yaml: .*{complaint}"):
        load_recordings(tmp_path)


def test_a_page_may_be_shuffled_or_repeated(client: HttpClient, server: ReplayServer) -> None:
    usual = client.get("/items").json()
    server.script.on("/items", shuffled(7), repeated())
    mixed, twice = client.get("/items").json(), client.get("/items").json()
    assert mixed != usual
    assert sorted(item["id"] for item in mixed) == [item["id"] for item in usual]
    assert twice == usual * 2


def statuses(client: HttpClient, count: int) -> list[bool]:
    worked = []
    for _ in range(count):
        try:
            worked.append(client.get("/page").status == 200)
        except CollectorError:
            worked.append(False)
    return worked


def test_faults_by_chance_are_the_same_with_the_same_seed(
    make_client: MakeClient, server: ReplayServer
) -> None:
    client = make_client(tries=1)
    seen = []
    for seed in (1, 1, 2):
        server.script.by_chance(seed, 0.5, status(500), status(404))
        seen.append(statuses(client, 20))
    assert seen[0] == seen[1] != seen[2]
    assert {True, False} == set(seen[0])


def test_pages_link_forwards_and_backwards(client: HttpClient, server: ReplayServer) -> None:
    links = client.get("/items", {"page": 2}).headers["link"]
    url = f"{server.url}/items?page="
    assert links == (
        f'<{url}1>; rel="prev", <{url}1>; rel="first", <{url}3>; rel="next", <{url}3>; rel="last"'
    )


def test_an_etag_belongs_to_a_token(make_client: MakeClient) -> None:
    one, two = (make_client(bearer(token)).get("/page").headers["etag"] for token in ("a", "b"))
    assert one != two
