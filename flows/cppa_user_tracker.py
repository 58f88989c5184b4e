"""The flow of people and their accounts."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow

from collectors.cppa_user_tracker.collector import UserTracker
from collectors.cppa_user_tracker.settings import UserTrackerSettings
from flows.lifecycle import run_collector
from services.settings import PlatformSettings, load_room_settings


def build(_: PlatformSettings, *, again: bool = False) -> UserTracker:
    """The collector from the flow's parameters and the room's settings."""
    settings = load_room_settings(UserTrackerSettings)
    return UserTracker(again=again, settings=settings, now=lambda: datetime.now(UTC))


@flow(name="cppa_user_tracker", flow_run_name="cppa_user_tracker")
async def cppa_user_tracker(again: bool = False, dry_run: bool = False) -> State[Any]:
    """Propose which accounts are one person's; `bdc identities list` shows it, people decide it.

    Args:
        again: Examine every account, and not only those that have changed.
        dry_run: Write nothing, say how much it would be.
    """
    return run_collector("cppa_user_tracker", build, {"again": again}, dry_run=dry_run)
