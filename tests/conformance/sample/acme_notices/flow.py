"""The flow of acme_notices."""

from typing import Any

from prefect import State, flow

from flows.lifecycle import run_collector
from services.settings import PlatformSettings, load_room_settings

from .collector import AcmeNotices
from .settings import NoticeSettings


def build(_: PlatformSettings, **parameters: Any) -> AcmeNotices:
    """The collector from the room's settings and the flow's parameters."""
    return AcmeNotices(settings=load_room_settings(NoticeSettings), **parameters)


@flow(name="acme_notices")
async def acme_notices(board: str = "main", dry_run: bool = False) -> State[Any]:
    """Collect the notices of one board.

    Args:
        board: Which board.
        dry_run: Fetch and compare, write nothing, say what would change.
    """
    return run_collector("acme_notices", build, {"board": board}, dry_run=dry_run)
