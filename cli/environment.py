"""What must stand in the environment before Prefect is first imported."""

import os
from pathlib import Path

from services.errors import ConfigError
from services.settings import PlatformSettings

COLLECTORS = Path(__file__).parent.parent / "collectors"


def prepare_prefect(settings: PlatformSettings) -> str:
    """Point Prefect at our API and quieten what it does not need; the API's URL.

    Raises:
        ConfigError: when there is no API to point at.
    """
    if settings.prefect_api_url is None:
        raise ConfigError(
            "PREFECT_API_URL is not set and no local stack is running: start one with `make up`, or set it"
        )
    prepare_home(settings)
    os.environ["PREFECT_API_URL"] = settings.prefect_api_url
    return settings.prefect_api_url


def prepare_home(settings: PlatformSettings) -> None:
    """Give Prefect a home of its own under ours, and quieten what it does not need."""
    home = Path(os.environ.setdefault("PREFECT_HOME", str(settings.home / "prefect")))
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "collectors,services,flows,deployments",
            "PYTHONTZPATH": "",
            "DO_NOT_TRACK": "1",
        }
    )
    if settings.prefect_api_ssl_cert_file is not None:
        os.environ["PREFECT_API_SSL_CERT_FILE"] = str(settings.prefect_api_ssl_cert_file)
    if settings.prefect_api_auth_string is not None:
        auth = settings.prefect_api_auth_string.get_secret_value()
        os.environ["PREFECT_API_AUTH_STRING"] = auth
