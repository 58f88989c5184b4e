"""`bdc serve`: the status page, health and metrics over HTTP."""

from cli.observing import observer, ui_url, utc_now
from cli.output import console
from services.health.settings import HealthSettings
from services.logging import configure_logging
from services.settings import load_room_settings, load_settings


def serve(*, host: str = "127.0.0.1", port: int | None = None) -> None:
    """Serve the status page, /health/ and /metrics until Ctrl-C. Read-only.

    Set HEALTH_CHECK_TOKEN before others than this machine can reach it.

    Args:
        host: Address to listen on; 0.0.0.0 is every one.
        port: Port to listen on instead of BDC_STATUS_PORT.
    """
    import uvicorn  # noqa: PLC0415 - only this command serves

    from deployments.status.app import StatusService, make_app  # noqa: PLC0415
    from deployments.status.observing import Watcher  # noqa: PLC0415

    settings, health = load_settings(), load_room_settings(HealthSettings)
    configure_logging(settings.log_level, settings.log_format)
    with observer(settings, health) as observe:
        watcher = Watcher(observe, health.refresh_seconds)
        service = StatusService(watcher, health, utc_now, ui_url(settings))
        port = settings.bdc_status_port if port is None else port
        console.print(f"Status page  http://{host}:{port}/", markup=False)
        uvicorn.run(make_app(service), host=host, port=port, log_config=None, access_log=False)
