"""The flow of boost_release_tracker, which tells of the releases that it has noticed."""

from typing import Any

from prefect import State, flow

from collectors.boost_release_tracker.collector import PROJECT, BoostReleaseTracker
from collectors.boost_release_tracker.settings import ReleaseSettings
from flows.lifecycle import run_collector
from flows.releases import announce_releases
from flows.reporting import run_name
from services.settings import PlatformSettings, load_room_settings

BOOST = "https://github.com/boostorg/boost.git"


def build(_: PlatformSettings, **parameters: Any) -> BoostReleaseTracker:
    """The collector from the room's settings and the flow's parameters."""
    return BoostReleaseTracker(settings=load_room_settings(ReleaseSettings), **parameters)


@flow(name="boost_release_tracker", flow_run_name=run_name("repository"))
async def boost_release_tracker(repository: str = BOOST, dry_run: bool = False) -> State[Any]:
    """Notice new releases of Boost, and start what waits for them.

    Args:
        repository: Where the tags are: `owner/name` on GitHub, any git URL, or a local path.
        dry_run: Look and compare, write nothing, say what would change.
    """
    parameters = {"repository": repository}
    state = run_collector("boost_release_tracker", build, parameters, dry_run=dry_run)
    if state.is_completed() and not dry_run:
        announce_releases(PROJECT)
    return state
