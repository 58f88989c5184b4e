"""What goes to a source and what comes back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from http import HTTPStatus
from typing import Any

import orjson

from services.errors import SourceUnavailable
from services.http.addresses import Params
from services.http.answers import source_time

SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `target` is a path under the base URL, or a URL that the source gave.

    A request that changes nothing, or the same however often it arrives, is `idempotent`: it is
    repeated when the answer is lost. `resource` names the quota that it counts against, as
    GitHub's `x-ratelimit-resource` does. A `question` is answered with data although it is no GET,
    as in GraphQL: its answer belongs in the raw archive. One that is answered with a token is none.
    """

    target: str
    params: Params | None = None
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    idempotent: bool = False
    resource: str = "core"
    question: bool = False

    @property
    def asks_for_data(self) -> bool:
        """Whether its answer is what the source says, to be kept."""
        return self.method == "GET" or self.question

    @property
    def may_be_repeated(self) -> bool:
        """Whether asking twice does no harm."""
        return self.idempotent or self.question or self.method in SAFE_METHODS


@dataclass(frozen=True, slots=True)
class Validator:
    """Which version of a page was answered to whom: what "has it changed since?" is asked with.

    To be stored in the transaction that stores what the page held, and only there.
    """

    page: str
    url: str
    scope: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer of status 2xx, or that the page is `not_modified` (and has no body).

    Names of headers are in lower case. `url` is for people, without secrets; `next_url` is to be
    asked, and may be kept as the place to go on from; `last_url` is the end of the listing, as far
    as the source says.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    fetched_at: datetime
    next_url: str | None = field(default=None, repr=False)
    last_url: str | None = field(default=None, repr=False)
    validator: Validator | None = None

    @property
    def not_modified(self) -> bool:
        """Whether what is stored is still what the source has."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def source_time(self) -> datetime:
        """The source's clock when it answered, to compare its times with; else ours."""
        return source_time(self.headers, self.fetched_at)

    def json(self) -> Any:
        """The body decoded.

        Raises:
            SourceUnavailable: it is not JSON, as in a maintenance page that comes with status 200.
        """
        self._require_body()
        kind = self.headers.get("content-type", "")
        if "json" not in kind.lower():
            raise SourceUnavailable(f"{self.url} answers {kind or 'nothing named'}, not JSON")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self._lenient_json()

    def _lenient_json(self) -> Any:
        """Also what orjson refuses: half of a surrogate pair, escaped, costs no whole page."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise SourceUnavailable(f"{self.url} answers broken JSON: {error}") from error

    def text(self) -> str:
        """The body as text, by the charset that the source names, or else UTF-8.

        Where it is not what the source says it is read as Windows-1252, as browsers do with old
        pages: a wrong byte costs a character, not the page.
        """
        self._require_body()
        try:
            return self.body.decode(self._charset())
        except (LookupError, UnicodeDecodeError):
            return self.body.decode("cp1252", "replace")

    def _require_body(self) -> None:
        if self.not_modified:
            raise RuntimeError(f"{self.url} is not modified: there is no body, ask before reading")

    def _charset(self) -> str:
        described = Message()
        described["Content-Type"] = self.headers.get("content-type", "")
        return described.get_content_charset() or "utf-8"
