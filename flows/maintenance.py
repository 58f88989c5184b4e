"""The flow of maintenance."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow

from collectors.maintenance.collector import Maintenance
from collectors.maintenance.settings import MaintenanceSettings
from flows.lifecycle import run_collector
from services.archive.place import open_archive
from services.settings import PlatformSettings, load_room_settings


def build(platform: PlatformSettings) -> Maintenance:
    """The collector from the room's settings and the archive's."""
    settings = load_room_settings(MaintenanceSettings)
    return Maintenance(settings, lambda: datetime.now(UTC), archive=open_archive(platform))


@flow(name="maintenance", flow_run_name="maintenance")
async def maintenance(dry_run: bool = False) -> State[Any]:
    """Forget what the platform has kept of its own work for long enough.

    Args:
        dry_run: Delete nothing, say how much it would be.
    """
    return run_collector("maintenance", build, {}, dry_run=dry_run)
