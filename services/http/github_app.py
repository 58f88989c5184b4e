"""A GitHub App's installation as a member of a pool: its tokens last an hour and are made anew.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

import jwt

from services.errors import ConfigError, SourceUnavailable
from services.http.client import HttpClient
from services.http.identities import fingerprint
from services.http.messages import Request, Response
from services.http.settings import HttpSettings, Surroundings

# GitHub allows ten minutes at most, and advises to begin a minute ago: clocks differ.
PROOF_SECONDS = 540
DRIFT_SECONDS = 60
# A token that ends sooner is renewed first: a request under way must not outlive it.
RENEWED_BEFORE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App: its id (or client id) and the private key (PEM) that it signs with.

    Raises:
        ConfigError: the key is none that RS256 signs with.
    """

    id: str
    private_key: str = field(repr=False)

    def __post_init__(self) -> None:
        self.proof(datetime(2000, 1, 1, tzinfo=UTC))

    def proof(self, now: datetime) -> str:
        """A signed statement of who asks, for the next minutes."""
        begun = int(now.timestamp()) - DRIFT_SECONDS
        claims = {"iat": begun, "exp": begun + PROOF_SECONDS, "iss": self.id}
        try:
            return jwt.encode(claims, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):  # which may show parts of the key
            raise ConfigError(
                "GITHUB_APP_PRIVATE_KEY is no RSA private key in PEM (see .env.example)"
            ) from None


class InstallationToken:
    """One installation of an app: a member of a pool."""

    is_lasting = False

    def __init__(
        self, name: str, app: App, installation: int, http: HttpSettings, around: Surroundings
    ) -> None:
        self.name = name
        self.purse = fingerprint(f"app {app.id} installation {installation}")
        self._app = app
        self._path = f"/app/installations/{installation}/access_tokens"
        self._http = http
        self._around = around
        self._headers: Mapping[str, str] = {}
        self._ends_at: datetime | None = None
        self._renewing = Lock()

    def headers(self, now: datetime) -> Mapping[str, str]:
        """The token there is, or a new one shortly before it ends; one thread makes it.

        Raises:
            AccessDenied: GitHub does not know the app by this key, or has suspended it.
            NotFound: the app is not installed there any more.
            CollectorError: as `HttpClient.send`.
        """
        with self._renewing:
            if self._ends_at is None or self._ends_at <= now:
                self._renew(now)
            return self._headers

    def _renew(self, now: datetime) -> None:
        proof = {"Authorization": f"Bearer {self._app.proof(now)}"}
        with HttpClient(self._http, auth=lambda _: proof, around=self._around) as client:
            response = client.send(Request(self._path, method="POST", idempotent=True))
        token, lasts = _token(response)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ends_at = now + timedelta(seconds=lasts - RENEWED_BEFORE_SECONDS)


def _token(response: Response) -> tuple[str, float]:
    """The token and the seconds that it lasts, by the source's clock."""
    found = response.json()
    try:
        ends_at = datetime.fromisoformat(found["expires_at"])
        return str(found["token"]), (ends_at - response.source_time).total_seconds()
    except (KeyError, TypeError, ValueError) as error:
        raise SourceUnavailable(f"{response.url} answers no token: {error!r}") from None
