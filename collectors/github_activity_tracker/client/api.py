"""One repository at GitHub's REST API: a question, and its answer as it came."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from services.database import Database
from services.http.client import HttpClient
from services.http.github import GitHubAccess, github_http, token_pool
from services.http.graphql import RESOURCE, require_data
from services.http.messages import Request, Response, Validator
from services.http.settings import HttpSettings, Surroundings, anonymous
from services.http.validators import Validators
from services.prefetch import sleep_while_wanted

Params = Mapping[str, str | int]
PER_PAGE = 100  # the most that GitHub gives

_LAST_PAGE = re.compile(r"""[?&]page=(\d+)[^>]*>;\s*rel="last\"""")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: what it holds, or that nothing has changed; `source_time` is GitHub's clock.

    `content` is None when it is `not_modified`. `last_page` is the number of a listing's last page,
    which the last one itself does not say.
    """

    content: Any = field(repr=False)
    source_time: datetime
    next_url: str | None
    validator: Validator | None
    not_modified: bool
    last_page: int | None = None

    @property
    def list(self) -> list[Any]:
        """What a listing holds; one thing where something else than a list came."""
        return self.content if isinstance(self.content, list) else [self.content]


def http_settings(access: GitHubAccess, read_seconds: float) -> HttpSettings:
    """How the API is reached.

    Raises:
        ConfigError: the base URL is none.
    """
    return replace(github_http(access), read_seconds=read_seconds)


class GitHubApi:
    """What GitHub's API says of one repository, `owner/name`; a context manager."""

    def __init__(
        self, client: HttpClient, base_url: str, full_name: str, *, anonymous: bool
    ) -> None:
        self.full_name = full_name
        self.base_url = base_url
        self.is_anonymous = anonymous
        self._graphql_url = base_url.rstrip("/").removesuffix("/v3") + "/graphql"
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(
        self, path: str, params: Params | None = None, validators: Validators | None = None
    ) -> Fetched:
        """What is at `path` below the repository; "" is the repository itself.

        Raises:
            CollectorError: as `HttpClient.send`.
        """
        target = f"/repos/{self.full_name}/{path}".rstrip("/")
        return _fetched(self._client.get(target, params, validators=validators))

    def follow(self, url: str) -> Fetched:
        """The page that another one links to.

        Raises:
            CollectorError: as `HttpClient.send`.
        """
        return _fetched(self._client.get(url))

    def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """The `data` of the answer to a question in GraphQL; a node that is not there is null in it.

        Raises:
            CollectorError: as `HttpClient.send` and `require_data`.
        """
        content = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(
            self._graphql_url,
            method="POST",
            headers=headers,
            content=content,
            question=True,
            resource=RESOURCE,
        )
        return self._client.send(request, check=require_data).json()["data"]


def open_api(
    access: GitHubAccess,
    read_seconds: float,
    full_name: str,
    database: Database,
    around: Surroundings,
) -> GitHubApi:
    """The API as everyone that the settings allow; what is left of quotas is shared by `database`.

    Pages are read ahead: a wait for quota ends when nobody wants them any more.

    Raises:
        ConfigError: the base URL is none, or something of an app is missing.
    """
    around = replace(around, sleep=sleep_while_wanted(around.sleep))
    auth = token_pool(access, database, around)
    client = HttpClient(http_settings(access, read_seconds), auth=auth, around=around)
    return GitHubApi(client, access.api_url, full_name, anonymous=auth is anonymous)


def _fetched(response: Response) -> Fetched:
    return Fetched(
        None if response.not_modified else response.json(),
        response.source_time,
        response.next_url,
        response.validator,
        response.not_modified,
        _last_page(response.headers.get("link", "")),
    )


def _last_page(link: str) -> int | None:
    found = _LAST_PAGE.search(link)
    return int(found[1]) if found else None
