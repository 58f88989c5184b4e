"""One client for whoever talks to a Prefect server outside of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

from services.errors import AccessDenied, SourceUnavailable

REFUSALS = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class Credentials(TypedDict):
    """What Prefect's clients show a server; they do not look for it when made with a URL."""

    auth_string: str | None
    api_key: str | None


def credentials() -> Credentials:
    """Those of Prefect's settings, PREFECT_API_AUTH_STRING first."""
    return Credentials(auth_string=PREFECT_API_AUTH_STRING.value(), api_key=PREFECT_API_KEY.value())


@contextmanager
def open_client(api_url: str) -> Iterator[SyncPrefectClient]:
    """Prefect's own client for the API of this URL, with the credentials of Prefect's settings.

    Raises:
        AccessDenied: the API refuses these credentials.
        SourceUnavailable: the API does not answer, or not as it should.
    """
    try:
        with naming_refusals(api_url), SyncPrefectClient(api_url, **credentials()) as client:
            yield client
    except httpx.HTTPError as error:
        said = " ".join(str(error).split())
        raise SourceUnavailable(f"Prefect's API at {api_url}: {said}") from error


@contextmanager
def naming_refusals(api_url: str) -> Iterator[None]:
    """Says which setting is wrong.

    Raises:
        AccessDenied: the API refuses these credentials.
    """
    try:
        yield
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in REFUSALS:
            raise
        raise AccessDenied(f"Prefect's API at {api_url} refuses PREFECT_API_AUTH_STRING") from error
