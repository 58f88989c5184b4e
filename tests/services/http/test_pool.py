"""Several tokens: who asks next, who rests, who is used no more."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from conformance.replay.faults import status, with_headers
from conformance.replay.rules import Budget
from conformance.replay.server import ReplayServer
from services.database import Database
from services.errors import AccessDenied, RateLimited
from services.http.client import HttpClient
from services.http.github import GitHubAccess, token_pool
from services.http.identities import Identity, Wanted
from services.http.pool import LastingToken, TokenPool
from services.http.services import StoredValidators, store_validators
from services.http.settings import anonymous
from tests.services.http.conftest import MakeClient, World

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."
Pooled = Callable[..., HttpClient]


@pytest.fixture
def pooled(make_client: MakeClient) -> Pooled:
    """Makes a client that asks with these tokens."""

    def make(*tokens: str, **changes: float) -> HttpClient:
        access = GitHubAccess(tokens=SecretStr(",".join(tokens)))
        return make_client(token_pool(access), **changes)

    return make


def test_without_tokens_nobody_in_particular_asks() -> None:
    assert token_pool(GitHubAccess(tokens=SecretStr(" , "))) is anonymous


def test_a_pool_without_members_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs members"):
        TokenPool([])


def test_one_token_in_both_variables_is_one_member(server: ReplayServer) -> None:
    access = GitHubAccess(token=SecretStr("one"), tokens=SecretStr("one, two ,"))
    pool = token_pool(access)
    assert isinstance(pool, TokenPool)
    assert pool.count == 2


def test_one_path_keeps_to_one_token(pooled: Pooled, server: ReplayServer) -> None:
    server.budgets = [Budget(5000)]
    client = pooled("one", "two", "three")
    for _ in range(9):
        client.get("/page")
    assert len(set(server.traffic.tokens[:3])) == 3  # until something is known of each
    assert len(set(server.traffic.tokens[3:])) == 1


def test_paths_are_spread_over_the_tokens(pooled: Pooled, server: ReplayServer) -> None:
    client = pooled("one", "two", "three")
    for number in range(20):
        with pytest.raises(Exception, match="404"):
            client.get(f"/repos/boostorg/{number}")
    assert set(server.traffic.tokens) == {"one", "two", "three"}


def test_the_token_with_most_left_is_asked_with(pooled: Pooled, server: ReplayServer) -> None:
    client = pooled("one", "two")
    left = {"one": "900", "two": "4000"}
    for number in range(20):
        server.script.always(
            f"/{number}",
            lambda asked, usual: with_headers(x_ratelimit_remaining=left[asked.token])(
                asked, usual
            ),
        )
        with pytest.raises(Exception, match="404"):
            client.get(f"/{number}")
    assert server.traffic.tokens.count("one") <= 1
    assert server.traffic.tokens.count("two") >= 19


def test_the_token_that_was_told_a_version_asks_for_it_again(
    pooled: Pooled, server: ReplayServer, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    first = pooled("one").get("/page", validators=validators)
    with database.transaction() as session:
        store_validators(session, "a", [first.validator] if first.validator else [])
    client = pooled("three", "two", "one")
    assert client.get("/page", validators=validators).not_modified
    assert server.traffic.tokens == ["one", "one"]


def test_other_tokens_are_used_before_anybody_waits(
    pooled: Pooled, server: ReplayServer, world: World
) -> None:
    server.budgets = [Budget(2)]
    client = pooled("one", "two", "three")
    assert [client.get("/page").status for _ in range(6)] == [200] * 6
    assert sorted(server.traffic.tokens) == sorted(["one", "two", "three"] * 2)
    assert world.slept == []


def test_when_all_rest_the_first_to_be_filled_is_waited_for(
    pooled: Pooled, server: ReplayServer, world: World
) -> None:
    server.budgets = [Budget(1, timedelta(seconds=90))]
    client = pooled("one", "two")
    client.get("/page")
    world.sleep(30)
    client.get("/page")
    client.get("/page")
    assert world.slept == [30, 61.0]
    assert world.said == ["waiting for quota until 2026-03-01T12:01:31+00:00"]


def test_a_wait_longer_than_patience_is_left_to_the_task(
    pooled: Pooled, server: ReplayServer
) -> None:
    server.budgets = [Budget(1)]
    client = pooled("one", "two")
    client.get("/page")
    client.get("/page")
    with pytest.raises(RateLimited, match="no quota before") as caught:
        client.get("/page")
    assert caught.value.retry_after == 3601.0


@pytest.mark.parametrize("code", [403, 429])
def test_a_limit_on_pace_makes_one_token_rest_and_another_goes_on_at_once(
    pooled: Pooled, server: ReplayServer, world: World, code: int
) -> None:
    server.script.on("/page", status(code, SECONDARY))
    client = pooled("one", "two")
    assert client.get("/page").status == 200
    assert len(set(server.traffic.tokens)) == 2
    assert world.slept == []


def test_a_limit_that_meets_every_token_is_given_up(
    pooled: Pooled, server: ReplayServer, world: World
) -> None:
    server.script.always("/page", status(403, SECONDARY, retry_after="1"))
    with pytest.raises(RateLimited, match="secondary"):
        pooled("one", "two", "three").get("/page")
    assert server.traffic.count("/page") <= 4 + 3
    assert sum(world.slept) <= 8


def test_a_class_of_resources_that_is_used_up_leaves_the_token_its_others(
    pooled: Pooled, server: ReplayServer
) -> None:
    server.budgets = [Budget(1, resource="search", prefix="/items"), Budget(100)]
    client = pooled("one")
    client.get("/items", resource="search")
    assert client.get("/page").status == 200
    with pytest.raises(RateLimited):
        client.get("/items", resource="search")


def test_a_revoked_token_is_retired_with_one_warning_that_does_not_show_it(
    pooled: Pooled, server: ReplayServer, caplog: pytest.LogCaptureFixture
) -> None:
    revoked = "ghp_" + "a1B2" * 9
    server.tokens.revoke(revoked)
    client = pooled(revoked, "two")
    for number in range(20):
        with pytest.raises(Exception, match="404"):
            client.get(f"/{number}")
    warnings = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert server.traffic.tokens.count(revoked) == len(warnings) == 1
    assert warnings[0].getMessage().startswith("token 1 of 2 (GITHUB_TOKENS) is rejected")
    assert "Bad credentials" in warnings[0].getMessage()
    assert "a1B2" not in caplog.text


def test_threads_that_are_refused_with_the_same_token_warn_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pool = TokenPool([LastingToken("token 1", "one"), LastingToken("token 2", "two")])
    who = pool.admit(Wanted("/page", "core"), world.now())
    assert isinstance(who, Identity)
    assert [pool.retire(who, AccessDenied("no")) for _ in range(2)] == [True, True]
    assert len(caplog.records) == 1


def test_a_token_revoked_in_the_middle_costs_no_answer(
    pooled: Pooled, server: ReplayServer
) -> None:
    server.budgets = [Budget(5000)]
    client = pooled("one", "two")
    client.get("/page")
    server.tokens.revoke(server.traffic.tokens[0], after=1)
    assert [client.get("/page").status for _ in range(3)] == [200] * 3


def test_when_all_are_revoked_access_is_denied(pooled: Pooled, server: ReplayServer) -> None:
    for token in ("one", "two"):
        server.tokens.revoke(token)
    client = pooled("one", "two")
    for _ in range(2):
        with pytest.raises(
            AccessDenied, match=r"rejects all credentials: token 1 of 2 .*token 2 of 2"
        ):
            client.get("/page")
    assert len(server.traffic.tokens) == 2


def test_a_refusal_of_one_page_retires_nobody(pooled: Pooled, server: ReplayServer) -> None:
    server.script.on("/page", status(403, "Resource not accessible by personal access token"))
    client = pooled("one")
    with pytest.raises(AccessDenied, match="not accessible"):
        client.get("/page")
    assert client.get("/page").status == 200
