"""Acme's API: pages of notices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from services.errors import RecordRejected
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.pages import pages
from services.http.settings import HttpSettings, anonymous, bearer

from .parsing import Notice, Rejected, parse_notice
from .settings import NoticeSettings

MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """The notices of a page; `asked_at` is when, by the source's clock."""

    records: list[Notice | Rejected]
    asked_at: datetime


@contextmanager
def changed_notices(settings: NoticeSettings, since: datetime | None) -> Iterator[Iterator[Page]]:
    """The notices that have changed since then, page by page."""
    with HttpClient(
        HttpSettings(
            base_url=settings.base_url,
            read_seconds=settings.read_seconds,
            first_pause_seconds=settings.first_pause_seconds,
        ),
        auth=bearer(settings.token.get_secret_value()) if settings.token else anonymous,
    ) as client:
        params = {"since": since.isoformat()} if since else None
        with pages(client, Request("/notices", params), most=MOST_PAGES) as found:
            yield (_page(response) for response in found)


def _page(response: Response) -> Page:
    items: Any = response.json()
    if not isinstance(items, list):
        raise RecordRejected(f"{response.url} answers no list")
    asked_at = parsedate_to_datetime(response.headers["date"])
    return Page([parse_notice(item) for item in items], asked_at)
