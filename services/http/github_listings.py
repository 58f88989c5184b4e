"""Which repositories somebody has at GitHub."""

from collections.abc import Iterator

from services.errors import NotFound
from services.http.addresses import Params
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.pages import pages

MOST_PAGES = 1000


def list_repositories(client: HttpClient, owner: str) -> list[str]:
    """All that an organisation, or else a user, has and we may see, as `owner/name`, by name.

    https://docs.github.com/rest/repos/repos#list-organization-repositories

    Raises:
        NotFound: there is nobody of that name.
        CollectorError: as `HttpClient.send`.
    """
    parameters: Params = {"per_page": 100, "sort": "full_name"}
    try:
        request = Request(f"/orgs/{owner}/repos", parameters)
        first = client.send(request)
    except NotFound:
        request = Request(f"/users/{owner}/repos", parameters)
        first = client.send(request)
    return sorted(_names(client, request, first))


def _names(client: HttpClient, request: Request, first: Response) -> Iterator[str]:
    with pages(client, request, most=MOST_PAGES, first=first, at_once=4) as found:
        for page in found:
            yield from (str(item["full_name"]) for item in page.json())
