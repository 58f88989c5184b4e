"""The flow of wg21_paper_tracker."""

from typing import Any

from prefect import State, flow

from collectors.wg21_paper_tracker.collector import Wg21PaperTracker
from collectors.wg21_paper_tracker.settings import Wg21Settings
from flows.lifecycle import run_collector
from services.http.settings import Surroundings
from services.settings import PlatformSettings, load_room_settings


def build(_: PlatformSettings, **parameters: Any) -> Wg21PaperTracker:
    """The collector from the room's settings and the flow's parameters."""
    settings = load_room_settings(Wg21Settings)
    return Wg21PaperTracker(settings=settings, around=Surroundings(), **parameters)


@flow(name="wg21_paper_tracker", flow_run_name="wg21_paper_tracker")
async def wg21_paper_tracker(
    since: str | None = None,
    until: str | None = None,
    years: list[int] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Collect the papers of WG21, and have the new ones announced.

    Args:
        since: First mailing, as 2023-01; without bounds or years: this year's and last year's.
        until: Last mailing.
        years: Pages to read, by year.
        dry_run: Fetch and compare, write nothing, say what would change.
    """
    parameters = {"since": since, "until": until, "years": years or []}
    return run_collector("wg21_paper_tracker", build, parameters, dry_run=dry_run)
