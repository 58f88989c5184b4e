"""The site of the papers → its pages."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from collectors.wg21_paper_tracker.parsing.html import decode_page, is_cut
from collectors.wg21_paper_tracker.settings import Wg21Settings
from services.errors import SourceUnavailable
from services.http.client import HttpClient
from services.http.messages import Response, Validator
from services.http.observing import Exchange
from services.http.settings import HttpSettings, Surroundings
from services.http.validators import Validators


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it is now, the URL that its links start from, and how to ask for changes of it."""

    url: str
    text: str = field(repr=False)
    content_hash: str
    validator: Validator | None
    fetched_at: datetime


def http_settings(settings: Wg21Settings) -> HttpSettings:
    """How the site is reached: one request at a time.

    Raises:
        ConfigError: the base URL is none.
    """
    return HttpSettings(
        base_url=settings.base_url,
        read_seconds=settings.read_seconds,
        patience_seconds=settings.patience_seconds,
        concurrency=1,
    )


class PaperSite:
    """The site; a context manager."""

    def __init__(self, settings: Wg21Settings, around: Surroundings) -> None:
        self._base_url = settings.base_url.rstrip("/") + "/"
        self._client = HttpClient(http_settings(settings), around=around)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def fetch_index(self, validators: Validators) -> FetchedPage | None:
        """The index of mailings; None when it is what is stored already.

        Raises:
            CollectorError: as `HttpClient.send`.
        """
        return self._fetch("", validators)

    def fetch_year(self, year: int, validators: Validators) -> FetchedPage | None:
        """The page of a year; None when it is what is stored already.

        Raises:
            NotFound: there is none.
            CollectorError: as `HttpClient.send`.
        """
        return self._fetch(f"{year}/", validators)

    def _fetch(self, path: str, validators: Validators) -> FetchedPage | None:
        page = self._client.get(path, validators=validators, check=_require_page)
        return None if page.not_modified else _fetched(self._base_url + path, page)


def archived_page(exchange: Exchange) -> tuple[int | None, FetchedPage]:
    """A page that was fetched before, and its year; None is that of the index."""
    name = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
    year = int(name) if re.fullmatch(r"\d{4}", name) else None
    return year, _fetched(exchange.url, exchange.response)


def _fetched(url: str, page: Response) -> FetchedPage:
    digest = blake2b(page.body, digest_size=16).hexdigest()
    return FetchedPage(url, decode_page(page.body), digest, page.validator, page.fetched_at)


def _require_page(page: Response) -> None:
    """Every page of the site speaks of mailings; a notice that it is being mended does not."""
    if b"mailing" not in page.body.lower():
        raise SourceUnavailable(f"{page.url} names no mailing: it is not a page of papers")
    if is_cut(page.body):
        raise SourceUnavailable(f"{page.url} is cut short: it does not end with </html>")
