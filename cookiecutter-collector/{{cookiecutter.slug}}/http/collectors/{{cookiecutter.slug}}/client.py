"""The source's API: whether anything has changed, and what has, as records. No database here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from collectors.{{ cookiecutter.slug }}.parsing import Item, RejectedItem, read_item
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from services.errors import SourceUnavailable
from services.http.client import HttpClient
from services.http.messages import Request, Response, Validator
from services.http.pages import pages
from services.http.settings import HttpSettings, Say, Surroundings, anonymous, bearer
from services.http.validators import Validators

PER_PAGE = 100
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Glance:
    """A first look at the source: what it had when its own clock said `at`.

    `is_same`: nothing has changed since the look that `validator` was stored for.
    """

    at: datetime
    is_same: bool
    validator: Validator | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of one project. What it raises is what `HttpClient.send` and `pages` raise."""

    client: HttpClient
    project: str

    def glance(self, validators: Validators) -> Glance:
        """The item that changed last, asked for on condition that it is another one than before."""
        newest = self._request(sort="updated", direction="desc", per_page=1)
        answer = self.client.send(newest, validators=validators)
        return Glance(_source_time(answer), answer.not_modified, answer.validator)

    @contextmanager
    def changes(self, since: datetime | None) -> Iterator[Iterator[list[Item | RejectedItem]]]:
        """Page by page what has changed since then; everything without a time.

        In the order of the ids: an item that changes while the listing is read moves nobody else
        to a page that was read before.
        """
        changed = {"since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"} if since else {}
        request = self._request(sort="id", per_page=PER_PAGE, **changed)
        with pages(self.client, request, most=MOST_PAGES) as found:
            yield map(_read_page, found)

    def _request(self, **params: str | int) -> Request:
        return Request(f"projects/{self.project}/items", params)


@contextmanager
def open_listing(
    settings: {{ cookiecutter.__class_name }}Settings, project: str, say: Say
) -> Iterator[Listing]:
    """The project's items; `say` is told of waits."""
    auth = bearer(settings.token.get_secret_value()) if settings.token else anonymous
    with HttpClient(http_settings(settings), auth=auth, around=Surroundings(say=say)) as client:
        yield Listing(client, project)


def http_settings(settings: {{ cookiecutter.__class_name }}Settings) -> HttpSettings:
    """How the source is reached.

    Raises:
        ConfigError: the base URL is none.
    """
    return HttpSettings(
        base_url=settings.base_url,
        read_seconds=settings.read_seconds,
        patience_seconds=settings.patience_seconds,
    )


def _read_page(page: Response) -> list[Item | RejectedItem]:
    """Raises SourceUnavailable where the page is an error that comes with status 200."""
    items = page.json()
    if not isinstance(items, list):
        raise SourceUnavailable(f"{page.url} answers no list of items: {str(items)[:200]}")
    return [read_item(item) for item in items]


def _source_time(response: Response) -> datetime:
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return response.fetched_at
    return date if date.tzinfo else response.fetched_at
