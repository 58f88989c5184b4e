"""The flow of cppa_slack_tracker."""

from typing import Any

from prefect import State, flow

from collectors.cppa_slack_tracker.collector import CppaSlackTracker
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings, SlackSettings
from flows.lifecycle import run_collector
from flows.reporting import run_name
from services.http.settings import Surroundings
from services.settings import PlatformSettings, load_room_settings


def build(_: PlatformSettings, **parameters: Any) -> CppaSlackTracker:
    """The collector from the room's settings and the flow's parameters."""
    settings = load_room_settings(SlackSettings)
    bot, huddles = load_room_settings(BotSettings), load_room_settings(HuddleSettings)
    around = Surroundings()
    return CppaSlackTracker(
        settings=settings, around=around, bot=bot, huddles=huddles, **parameters
    )


@flow(name="cppa_slack_tracker", flow_run_name=run_name("team"))
async def cppa_slack_tracker(
    team: str | None = None,
    channels: list[str] | None = None,
    events_only: bool = False,
    dry_run: bool = False,
) -> State[Any]:
    """Collect the messages of a Slack team, with every thread.

    Args:
        team: Slack's id of the team, as T0123; without: the only one that the settings name.
        channels: Ids, names or patterns of channels, of those that the settings select; without: all.
        events_only: Read only what events of the listener ask for.
        dry_run: Fetch and compare, write nothing, say what would change.
    """
    parameters = {"team": team, "channels": channels or [], "events_only": events_only}
    return run_collector("cppa_slack_tracker", build, parameters, dry_run=dry_run)
