"""Bodies: whole, bounded, and what they say they are."""

import gzip

import pytest

from conformance.replay.faults import bomb, cut_to, html, instead, with_headers
from conformance.replay.messages import Answer, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer
from services.errors import CollectorError, RecordRejected, SourceUnavailable
from services.errors import CollectorFailureCategory as Category
from services.failures import classify_failure
from services.http.client import HttpClient
from services.http.messages import Request
from tests.services.http.conftest import MakeClient

LARGEST = 10_000


def compressed(body: bytes, kind: str = "application/json") -> Answer:
    return Answer(200, {"content-type": kind, "content-encoding": "gzip"}, body)


def test_a_compressed_body_is_unpacked(client: HttpClient, server: ReplayServer) -> None:
    server.routes = [at("/big", json_answer(["text"] * 5000))]
    response = client.get("/big")
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == ["text"] * 5000


def test_a_compressed_body_may_have_several_parts(client: HttpClient, server: ReplayServer) -> None:
    body = gzip.compress(b"[1,") + gzip.compress(b"2]")
    server.script.always("/page", instead(compressed(body)))
    assert client.get("/page").json() == [1, 2]


@pytest.mark.parametrize("length", [0, LARGEST])
def test_a_body_of_the_largest_size_allowed_is_read(
    make_client: MakeClient, server: ReplayServer, length: int
) -> None:
    server.routes = [at("/big", Answer(200, {}, b"x" * length))]
    assert len(make_client(max_bytes=LARGEST).get("/big").body) == length


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_body_of_one_byte_more_is_not(
    make_client: MakeClient, server: ReplayServer, encoding: str
) -> None:
    server.routes = [at("/big", Answer(200, {}, b"x" * (LARGEST + 1)))]
    request = Request("/big", headers={"Accept-Encoding": encoding})
    with pytest.raises(RecordRejected, match="/big: an answer of more than 10000 bytes"):
        make_client(max_bytes=LARGEST).send(request)
    assert server.traffic.count("/big") == 1


def test_a_bomb_is_not_unpacked(make_client: MakeClient, server: ReplayServer) -> None:
    server.script.always("/page", bomb(50 * 2**20))
    with pytest.raises(RecordRejected, match="more than 10000 bytes"):
        make_client(max_bytes=LARGEST).get("/page")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [(gzip.compress(b"x" * 999)[:-9], "cut short"), (b"never compressed", "broken")],
    ids=["cut short", "never compressed"],
)
def test_a_broken_compressed_body_is_asked_for_again(
    client: HttpClient, server: ReplayServer, body: bytes, complaint: str
) -> None:
    fault = instead(compressed(body))
    server.script.on("/page", fault)
    assert client.get("/page").json() == {"id": 1}
    server.script.always("/page", fault)
    with pytest.raises(SourceUnavailable, match=f"/page: the compressed answer is {complaint}"):
        client.get("/page")


def test_a_compression_that_nobody_asked_for_is_refused(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/page", with_headers(content_encoding="br"))
    with pytest.raises(RecordRejected, match="'br', unasked"):
        client.get("/page")


def failure_of_json(client: HttpClient) -> CollectorError:
    with pytest.raises(CollectorError) as caught:
        client.get("/page").json()
    return caught.value


def test_a_web_page_is_not_json(client: HttpClient, server: ReplayServer) -> None:
    server.script.always("/page", html())
    error = failure_of_json(client)
    assert "/page answers text/html; charset=utf-8, not JSON" in str(error)
    assert classify_failure(error) is Category.NETWORK


@pytest.mark.parametrize(
    "fault",
    [
        cut_to(0.5),
        instead(Answer(200, {"content-type": "application/json"}, '"für"'.encode("latin-1"))),
    ],
)
def test_json_that_is_none_may_be_better_next_time(
    client: HttpClient, server: ReplayServer, fault: object
) -> None:
    server.script.always("/page", fault)  # type: ignore[arg-type]
    error = failure_of_json(client)
    assert "answers broken JSON" in str(error)
    assert classify_failure(error) is Category.NETWORK


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=utf-8", "für".encode()),
        ("text/html", "für".encode()),
        ("text/html; charset=ISO-8859-1", "für".encode("latin-1")),
        ("text/html; charset=utf-8", "für".encode("latin-1")),
        ("text/html; charset=no-such-thing", "für".encode("cp1252")),
    ],
)
def test_text_survives_a_wrong_charset(
    client: HttpClient, server: ReplayServer, kind: str, body: bytes
) -> None:
    server.script.always("/page", instead(Answer(200, {"content-type": kind}, body)))
    assert client.get("/page").text() == "für"


def test_a_small_error_page_is_quoted_without_its_secrets(
    client: HttpClient, server: ReplayServer
) -> None:
    secret = "ghp_" + "a1B2" * 9
    server.script.always("/page", instead(json_answer({"message": f"no\n  {secret}"}, 404)))
    with pytest.raises(CollectorError, match=r"no.*ghp_\*\*\*"):
        client.get("/page")
