"""`bdc serve`: the status page, health and metrics over HTTP."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.observing import observer, ui_url, utc_now
from cli.output import console
from deployments.status.alerting import Alerting
from deployments.status.claims import Claims
from services.alerts.settings import AlertSettings
from services.errors import ConfigError
from services.health.settings import HealthSettings
from services.logging import configure_logging
from services.settings import PlatformSettings, load_room_settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.status.observing import Observer, Snapshot


def serve(
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    alerts: Annotated[bool, Parameter(negative="")] = False,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve the status page, /health/ and /metrics until Ctrl-C. What is served is read-only.

    Example: `bdc serve --port 8100 --alerts`

    Set HEALTH_CHECK_TOKEN before others than this machine can reach it.

    Args:
        host: Address to listen on; 0.0.0.0 is every one.
        port: Port to listen on instead of BDC_STATUS_PORT.
        alerts: Also keep the alerts, tell them as Prefect events, and have runs started anew that a worker
            took and died before starting. Needs a login that may write.
        certificate: Serve HTTPS with the certificate in this file, for where no proxy ends TLS.
        key: File of its private key, without a password.

    Raises:
        ConfigError: one of the last two is missing, or cannot be read.
    """
    import uvicorn  # noqa: PLC0415 - only this command serves

    from deployments.status.app import StatusService, make_app  # noqa: PLC0415
    from deployments.status.observing import Watcher  # noqa: PLC0415

    _require_both(certificate, key)
    settings, health = load_settings(), load_room_settings(HealthSettings)
    configure_logging(settings.log_level, settings.log_format)
    with observer(settings, health) as observe:
        told = watching(observe, settings) if alerts else _nobody
        watcher = Watcher(observe, health.refresh_seconds, told)
        service = StatusService(watcher, health, utc_now, ui_url(settings))
        port = settings.bdc_status_port if port is None else port
        scheme = "http" if certificate is None else "https"
        console.print(f"Status page  {scheme}://{host}:{port}/", markup=False)
        uvicorn.run(
            make_app(service),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )


def _require_both(certificate: Path | None, key: Path | None) -> None:
    files = [one for one in (certificate, key) if one is not None]
    if len(files) == 1:
        raise ConfigError("HTTPS needs --certificate and --key")
    if missing := [one for one in files if not os.access(one, os.R_OK)]:
        raise ConfigError([f"{one} cannot be read" for one in missing])


def watching(observe: "Observer", settings: PlatformSettings) -> "Callable[[Snapshot], None]":
    """Keeps and tells alerts and looks after claims, with what the observer looks with.

    Raises:
        ConfigError: there is no Prefect to do it with.
    """
    prefect = observe.prefect
    if prefect is None:
        raise ConfigError("PREFECT_API_URL is not set: alerts are told as Prefect events")
    alerts, address = load_room_settings(AlertSettings), ui_url(settings)
    alerting = Alerting(observe.database, prefect, observe.settings, alerts, address, utc_now)
    claims = Claims(prefect)

    def watch(snapshot: "Snapshot") -> None:
        alerting(snapshot)
        claims(snapshot)

    return watch


def _nobody(snapshot: "Snapshot") -> None:
    """Without alerts a look is told to nobody."""
    del snapshot
