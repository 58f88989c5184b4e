"""What commands look with: the database, the schedule and Prefect's API of the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from cli.connection import connected
from cli.schedule_file import schedule_path
from deployments.status.observing import Observer
from deployments.status.prefect_api import PrefectApi
from services.health.settings import HealthSettings
from services.settings import PlatformSettings


@contextmanager
def observer(settings: PlatformSettings, health: HealthSettings) -> Iterator[Observer]:
    """Looks at everything; without Prefect's API at the rest.

    Raises:
        ConfigError: no database is set and no local stack is running.
    """
    with connected() as database, prefect_api(settings, health) as prefect:
        schedule = schedule_path(settings)
        yield Observer(database, prefect, schedule, settings.bdc_work_pool, health, utc_now)


@contextmanager
def prefect_api(settings: PlatformSettings, health: HealthSettings) -> Iterator[PrefectApi | None]:
    """Prefect's API, None where none is set."""
    if settings.prefect_api_url is None:
        yield None
        return
    auth = settings.prefect_api_auth_string
    api = PrefectApi(
        settings.prefect_api_url,
        auth=auth.get_secret_value() if auth else None,
        authority=settings.prefect_api_ssl_cert_file,
        timeout_seconds=health.prefect_timeout_seconds,
    )
    try:
        yield api
    finally:
        api.close()


def ui_url(settings: PlatformSettings) -> str | None:
    """Where people open the Prefect UI: PREFECT_UI_URL, else where the API is."""
    if settings.prefect_ui_url:
        return settings.prefect_ui_url.rstrip("/")
    api_url = settings.prefect_api_url
    return api_url.rstrip("/").removesuffix("/api") if api_url else None


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)
