"""Secrets that lie in Secret blocks of Prefect's, for `services.secret_sources`."""

import httpx

from deployments.status.prefect_api import PrefectApi
from services.errors import ConfigError
from services.settings import load_connection

SECONDS = 10.0


def read_secret_block(name: str) -> str:
    """The text in the Secret block of this name, by the API that the settings name.

    Raises:
        ConfigError: there is no such block or no such API, or it does not hold a text.
    """
    url, auth, authority = load_connection()
    if url is None:
        raise ConfigError("PREFECT_API_URL is not set, which Secret blocks are read from")
    api = PrefectApi(url, auth=auth, authority=authority, timeout_seconds=SECONDS)
    try:
        value = api.secret_block(name)
    except httpx.HTTPError as error:
        raise ConfigError(f"Prefect's API does not tell it: {type(error).__name__}") from error
    finally:
        api.close()
    if not isinstance(value, str) or not value:
        said = "has no Secret block" if value is None else "holds no text in the Secret block"
        raise ConfigError(f"Prefect {said} {name}")
    return value
