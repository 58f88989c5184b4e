"""Where a client goes, and what it never takes along."""

import traceback

import pytest

from conformance.replay.faults import delivered, redirect, status
from conformance.replay.messages import Delivery, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer, replaying
from services.errors import AccessDenied, CollectorError, ConfigError, RecordRejected
from services.http.client import HttpClient
from services.http.messages import Request
from services.http.settings import bearer
from tests.services.http.conftest import MakeClient

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_source_is_followed(
    client: HttpClient, server: ReplayServer, code: int
) -> None:
    server.script.on("/old", redirect("/page", code))
    response = client.get("/old")
    assert (response.json(), response.url) == ({"id": 1}, f"{server.url}/page")


def test_a_redirect_to_another_host_is_refused_naming_both(
    client: HttpClient, server: ReplayServer
) -> None:
    with replaying(at("/page", json_answer(2))) as other:
        server.script.always("/page", redirect(f"{other.url}/page"))
        with pytest.raises(RecordRejected, match=f"{server.url}/page redirects to {other.url}:"):
            client.get("/page")
        assert other.traffic.requests == []


def test_a_trusted_host_is_followed_without_anything_of_ours(
    make_client: MakeClient, server: ReplayServer
) -> None:
    with replaying(at("/file", json_answer("asset"))) as other:
        server.script.always("/page", redirect(f"{other.url}/file"))
        client = make_client(
            bearer(TOKEN),
            trusted_origins=frozenset({other.url}),
            headers={"X-Api-Key": TOKEN},
        )
        request = Request("/page", headers={"X-Mine": "1"})
        assert client.send(request).json() == "asset"
        sent = other.traffic.requests[0].headers
    assert not {"authorization", "x-api-key", "x-mine"} & set(sent)


@pytest.mark.parametrize("location", ["http://me:pw@{host}/page", "http://[", "mailto:a@b.example"])
def test_a_redirect_to_what_is_no_address_is_refused(
    client: HttpClient, server: ReplayServer, location: str
) -> None:
    host = server.url.removeprefix("http://")
    server.script.always("/page", redirect(location.format(host=host)))
    with pytest.raises(RecordRejected) as caught:
        client.get("/page")
    assert "pw" not in str(caught.value)


def test_redirects_without_end_are_an_error(client: HttpClient, server: ReplayServer) -> None:
    server.script.always("/page", redirect("/page"))
    with pytest.raises(RecordRejected, match="redirects without end"):
        client.get("/page")
    assert server.traffic.count("/page") == 6


def test_what_may_change_something_is_not_redirected(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/old", redirect("/page", 307))
    with pytest.raises(CollectorError, match="is answered 307"):
        client.send(Request("/old", method="POST", content=b"{}"))
    assert server.traffic.count("/page") == 0


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example/page", "http://127.0.0.1:1/page", "ftp://a/b", "/a\x00b"],
)
def test_a_target_elsewhere_is_never_asked(
    client: HttpClient, server: ReplayServer, target: str
) -> None:
    with pytest.raises(RecordRejected):
        client.get(target)
    assert server.traffic.requests == []


def test_a_target_that_names_credentials_is_never_asked(
    client: HttpClient, server: ReplayServer
) -> None:
    with pytest.raises(RecordRejected) as caught:
        client.get(server.url.replace("http://", "http://me:pw@") + "/page")
    assert "pw" not in str(caught.value)


def test_credentials_go_to_the_source_with_every_try(
    make_client: MakeClient, server: ReplayServer
) -> None:
    server.script.on("/page", status(502))
    make_client(bearer(TOKEN)).get("/page")
    assert server.traffic.tokens == [TOKEN, TOKEN]
    assert server.traffic.requests[0].headers["authorization"] == "***"


def test_a_token_may_depend_on_the_path(make_client: MakeClient, server: ReplayServer) -> None:
    client = make_client(lambda path: {"Authorization": f"Bearer {path[1:]}"})
    client.get("/page")
    client.get("/items", {"page": 2})
    assert server.traffic.tokens == ["page", "items"]


def test_a_revoked_token_ends_it_at_once(make_client: MakeClient, server: ReplayServer) -> None:
    server.tokens.revoke("abc", after=2)
    client = make_client(bearer("abc"))
    assert [client.get("/page").status for _ in range(2)] == [200, 200]
    with pytest.raises(AccessDenied, match="Bad credentials"):
        client.get("/page")
    assert server.traffic.count("/page") == 3


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}…", f"{TOKEN} "])
def test_a_token_that_no_header_can_hold_is_not_shown(
    make_client: MakeClient, server: ReplayServer, token: str
) -> None:
    with pytest.raises(ConfigError, match="header authorization") as caught:
        make_client(bearer(token)).get("/page")
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("fault", [status(404), delivered(Delivery.RESET), status(401)])
def test_no_error_shows_a_secret_or_keeps_it_in_its_request(
    make_client: MakeClient, server: ReplayServer, fault: object
) -> None:
    server.script.always("/page", fault)  # type: ignore[arg-type]
    with pytest.raises(CollectorError) as caught:
        make_client(bearer(TOKEN), tries=1).get("/page", {"api_key": TOKEN})
    cause = caught.value.__cause__
    assert cause is not None
    shown = "".join(traceback.format_exception(caught.value)) + str(vars(cause))
    assert TOKEN not in shown
    assert TOKEN not in str(cause.request.url)  # type: ignore[attr-defined]
    assert "authorization" not in cause.request.headers  # type: ignore[attr-defined]


def test_no_response_shows_a_secret(make_client: MakeClient) -> None:
    response = make_client(bearer(TOKEN)).get("/page", {"api_key": TOKEN})
    assert TOKEN not in repr(response)
