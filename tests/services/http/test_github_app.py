"""A GitHub App in the pool: its tokens are made, renewed, and done without."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from conformance.replay.faults import status
from conformance.replay.messages import Answer, Asked, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer
from services.database import Database
from services.errors import AccessDenied, ConfigError, SourceUnavailable
from services.http.client import HttpClient
from services.http.github import GitHubAccess, github_http, token_pool
from services.http.services import StoredValidators
from tests.services.http.conftest import World

MINT = "/app/installations/7/access_tokens"
Connect = Callable[..., HttpClient]


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


class Minting:
    """GitHub's side: the nth token that it gives is `ghs_n`, and lasts an hour of its own clock."""

    def __init__(self, world: World, key: rsa.RSAPrivateKey) -> None:
        self._world = world
        self._key = key.public_key()
        self.claims: list[dict[str, int | str]] = []
        self.skew = timedelta()

    def __call__(self, asked: Asked) -> Answer:
        claims = jwt.decode(
            asked.token,
            self._key,
            ["RS256"],
            options={"verify_exp": False, "verify_iat": False},  # the time is not ours
        )
        self.claims.append(claims)
        ends_at = self._world.now() + self.skew + timedelta(hours=1)
        given = {"token": f"ghs_{len(self.claims)}", "expires_at": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"}
        return json_answer(given, 201)


@pytest.fixture
def minting(server: ReplayServer, world: World, key: rsa.RSAPrivateKey) -> Minting:
    found = Minting(world, key)
    server.routes = [*server.routes, at(MINT, found, "POST")]
    return found


@pytest.fixture
def connect(server: ReplayServer, world: World, pem: str) -> Iterator[Connect]:
    """A client that asks as installation 7 of app 42, and with other tokens."""
    with ExitStack() as closing:

        def make(tokens: str = "") -> HttpClient:
            access = GitHubAccess(
                api_url=server.url,
                tokens=SecretStr(tokens),
                app_id="42",
                app_private_key=SecretStr(pem.replace("\n", "\\n")),
                app_installation_ids="7",
            )
            pool = token_pool(access, around=world.surroundings)
            return closing.enter_context(
                HttpClient(github_http(access), auth=pool, around=world.surroundings)
            )

        yield make


def test_an_installation_asks_with_a_token_made_for_it(
    connect: Connect, server: ReplayServer, minting: Minting, world: World
) -> None:
    client = connect()
    client.get("/page")
    client.get("/page")
    assert server.traffic.tokens[1:] == ["ghs_1", "ghs_1"]
    now = int(world.now().timestamp())
    assert minting.claims == [{"iat": now - 60, "exp": now + 480, "iss": "42"}]


@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=2), timedelta(hours=-2)])
def test_a_token_is_renewed_before_it_ends_whatever_our_clock_says(
    connect: Connect, server: ReplayServer, minting: Minting, world: World, skew: timedelta
) -> None:
    minting.skew = skew
    server.now = lambda: world.now() + skew
    client = connect()
    client.get("/page")
    world.sleep(54 * 60)
    client.get("/page")
    world.sleep(60)
    client.get("/page")
    asked = [token for token in server.traffic.tokens if token.startswith("ghs_")]
    assert asked == ["ghs_1", "ghs_1", "ghs_2"]


def test_threads_that_need_a_token_at_once_have_one_made(
    connect: Connect, server: ReplayServer, minting: Minting
) -> None:
    client = connect()
    threads = [Thread(target=client.get, args=("/page",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(minting.claims) == 1
    assert server.traffic.count("/page") == 4


def test_a_renewed_token_does_not_ask_for_the_version_told_to_the_old_one(
    connect: Connect, minting: Minting, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    assert connect("one").get("/page", validators=validators).status == 200
    assert minting.claims == []


@pytest.mark.parametrize("code", [401, 403, 404])
def test_an_app_that_is_not_installed_any_more_is_done_without(
    connect: Connect,
    server: ReplayServer,
    minting: Minting,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    server.script.always(MINT, status(code, "gone"))
    client = connect("one")
    for number in range(9):
        with pytest.raises(Exception, match="404"):
            client.get(f"/{number}")
    assert server.traffic.count(MINT) == 1
    assert "installation 7 of the app (GITHUB_APP_ID) is rejected" in caplog.text


def test_an_app_that_is_all_there_is_and_rejected_denies_access(
    connect: Connect, server: ReplayServer, minting: Minting
) -> None:
    server.script.always(MINT, status(401, "A JSON web token could not be decoded"))
    with pytest.raises(AccessDenied, match="all credentials: installation 7"):
        connect().get("/page")


def test_a_source_that_cannot_make_one_now_fails_the_call(
    connect: Connect, server: ReplayServer, minting: Minting
) -> None:
    server.script.always(MINT, status(502))
    with pytest.raises(SourceUnavailable, match="access_tokens"):
        connect().get("/page")


@pytest.mark.parametrize("body", [{"token": "x"}, [], {"token": "x", "expires_at": "soon"}])
def test_an_answer_without_a_token_is_a_failure_of_the_source(
    connect: Connect, server: ReplayServer, body: object
) -> None:
    server.routes = [at(MINT, json_answer(body, 201), "POST")]
    with pytest.raises(SourceUnavailable, match="answers no token"):
        connect().get("/page")


@pytest.mark.parametrize("lacking", ["app_id", "app_private_key", "app_installation_ids"])
def test_half_an_app_is_named_as_such(pem: str, lacking: str) -> None:
    given = {"app_id": "42", "app_private_key": pem, "app_installation_ids": "7"}
    del given[lacking]
    with pytest.raises(ConfigError, match="needs GITHUB_APP_ID"):
        token_pool(GitHubAccess.model_validate(given))


def test_a_key_that_is_none_is_refused_without_showing_it() -> None:
    access = GitHubAccess(
        app_id="42", app_private_key=SecretStr("-----BEGIN s3cr3t"), app_installation_ids="7"
    )
    with pytest.raises(ConfigError, match="no RSA private key") as caught:
        token_pool(access)
    assert "s3cr3t" not in str(caught.value)


def test_the_key_may_stand_in_a_file(pem: str, tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    access = GitHubAccess(app_id="42", app_private_key_file=file, app_installation_ids="7, 8,8")
    with pytest.raises(ConfigError, match=r"GITHUB_APP_PRIVATE_KEY_FILE cannot be read.*app\.pem"):
        token_pool(access)
    file.write_text(pem)
    assert getattr(token_pool(access), "count", 0) == 2
