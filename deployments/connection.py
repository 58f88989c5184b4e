"""One client for whoever talks to a Prefect server outside of a run."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

from services.errors import SourceUnavailable


@contextmanager
def open_client(api_url: str) -> Iterator[SyncPrefectClient]:
    """Prefect's own client for the API of this URL, with the credentials of Prefect's settings.

    Raises:
        SourceUnavailable: the API does not answer, or not as it should.
    """
    auth, key = PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    try:
        with SyncPrefectClient(api_url, auth_string=auth, api_key=key) as client:
            yield client
    except httpx.HTTPError as error:
        said = " ".join(str(error).split())
        raise SourceUnavailable(f"Prefect's API at {api_url}: {said}") from error
