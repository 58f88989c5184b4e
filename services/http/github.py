"""GitHub's API: its settings, and the credentials that they name as one pool."""

from collections.abc import Iterator
from pathlib import Path

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.database import Database
from services.errors import ConfigError
from services.http.addresses import origin
from services.http.github_app import App, InstallationToken
from services.http.identities import Identities
from services.http.pool import Credentials, LastingToken, TokenPool
from services.http.settings import Auth, HttpSettings, Surroundings, anonymous
from services.http.shared_quotas import StoredQuotas

HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
}
"""https://docs.github.com/rest/about-the-rest-api/api-versions."""
JSON_HEADERS = {**HEADERS, "Content-Type": "application/json"}
"""Of requests that send JSON."""


class GitHubAccess(BaseSettings):
    """How GitHub's API is reached and as whom. Variable names are the field names, after GITHUB_.

    `tokens` and `app_installation_ids` are lists with commas. The limit of `concurrency` is a
    hundred requests at once for each identity. `patience_seconds` is an hour and a minute by
    default: how long the quota of a token takes to be filled again.
    """

    model_config = SettingsConfigDict(
        env_prefix="GITHUB_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    api_url: str = "https://api.github.com"
    token: SecretStr | None = None
    tokens: SecretStr | None = None
    app_id: str | None = None
    app_private_key: SecretStr | None = None
    app_private_key_file: Path | None = None
    app_installation_ids: str | None = Field(default=None, pattern=r"^\s*\d+\s*(,\s*\d+\s*)*$")
    patience_seconds: float = Field(default=3660.0, ge=0)
    concurrency: int = Field(default=8, ge=1, le=100)


def github_http(access: GitHubAccess) -> HttpSettings:
    """How the API is reached.

    Raises:
        ConfigError: the base URL is none.
    """
    return HttpSettings(
        base_url=access.api_url,
        headers=HEADERS,
        patience_seconds=access.patience_seconds,
        concurrency=access.concurrency,
    )


def token_pool(
    access: GitHubAccess, database: Database | None = None, around: Surroundings | None = None
) -> Auth | Identities:
    """Everyone that the settings allow us to ask as; without any, anonymous.

    With a `database` all processes and machines that use it know of each other what is left of a
    quota, dry runs included: it is no record of the source, and is written at once.

    Raises:
        ConfigError: naming everything that is missing or wrong of an app.
    """
    members = [*_lasting(access), *_installations(access, around or Surroundings())]
    if not members:
        return anonymous
    shared = StoredQuotas(database, origin_of(access)) if database else None
    return TokenPool(members, shared)


def origin_of(access: GitHubAccess) -> str:
    """Which GitHub it is: quotas of another one are others."""
    return origin(httpx.URL(github_http(access).base_url))


def _lasting(access: GitHubAccess) -> Iterator[Credentials]:
    listed = [access.tokens.get_secret_value()] if access.tokens else []
    single = [access.token.get_secret_value()] if access.token else []
    given = [token.strip() for text in (*listed, *single) for token in text.split(",")]
    tokens = list(dict.fromkeys(token for token in given if token))
    for number, token in enumerate(tokens, 1):
        yield LastingToken(f"token {number} of {len(tokens)} (GITHUB_TOKENS)", token)


def _installations(access: GitHubAccess, around: Surroundings) -> Iterator[Credentials]:
    wanted = (access.app_id, access.app_installation_ids, _has_key(access))
    if not any(wanted):
        return
    if access.app_id is None or access.app_installation_ids is None or not _has_key(access):
        raise ConfigError(
            "a GitHub App needs GITHUB_APP_ID, GITHUB_APP_INSTALLATION_IDS, and one of"
            " GITHUB_APP_PRIVATE_KEY and GITHUB_APP_PRIVATE_KEY_FILE (see .env.example)"
        )
    app = App(access.app_id, _private_key(access))
    for number in dict.fromkeys(int(text) for text in access.app_installation_ids.split(",")):
        name = f"installation {number} of the app (GITHUB_APP_ID)"
        yield InstallationToken(name, app, number, github_http(access), around)


def _has_key(access: GitHubAccess) -> bool:
    return bool(access.app_private_key or access.app_private_key_file)


def _private_key(access: GitHubAccess) -> str:
    """The key; in a variable, its lines may have a backslash and an n between them."""
    if access.app_private_key:
        return access.app_private_key.get_secret_value().replace("\\n", "\n")
    path = access.app_private_key_file or Path()
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"GITHUB_APP_PRIVATE_KEY_FILE cannot be read: {error}") from None
