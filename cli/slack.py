"""`bdc slack` and `bdc listen slack`: what is done with a Slack team by hand, and what it tells by itself."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from cyclopts import App, Parameter

from cli.connection import connected
from cli.output import Json, console, show
from collectors.cppa_slack_tracker.client.listening import listen
from collectors.cppa_slack_tracker.client.team import SlackTeam
from collectors.cppa_slack_tracker.collector.directory import selection
from collectors.cppa_slack_tracker.collector.joining import join_channels
from collectors.cppa_slack_tracker.collector.requests import is_kept
from collectors.cppa_slack_tracker.parsing.events import Event
from collectors.cppa_slack_tracker.services.events import store_event
from collectors.cppa_slack_tracker.settings import BotSettings, SlackSettings
from services.errors import ConfigError
from services.http.settings import Surroundings
from services.logging import configure_logging
from services.settings import load_room_settings, load_settings

app = App(name="slack", help="Slack teams.")
listen_app = App(name="listen", help="Listen to sources that tell of what happens.")


@app.command
def join(
    *,
    team: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Have the bot join the public channels that it is to read and is not in.

    Example: `bdc slack join --team T0123 --dry-run`

    Which these are say CPPA_SLACK_TRACKER_ALLOW and CPPA_SLACK_TRACKER_BLOCK. Needs the scope channels:join.

    Args:
        team: Slack's id of the team; without: the only one that the settings name.
        dry_run: Join nothing, say what would be joined.
        json: Print JSON, for programs.
    """
    settings = load_room_settings(SlackSettings)
    token = _require(settings.token_of(_team(settings, team)), "CPPA_SLACK_TRACKER_TOKENS")
    client = SlackTeam(settings, token, Surroundings())
    found = join_channels(client, selection(settings), is_dry=dry_run)
    rows = [
        {"channel": channel.name, "id": channel.channel_id, "came of it": state}
        for channel, state in found
    ]
    show(rows, as_json=json, empty="The bot is in every channel that it is to read.")


@listen_app.command(name="slack")
def listen_slack(*, team: str | None = None) -> None:
    """Keep what a Slack team tells of by itself, until Ctrl-C; runs then read it.

    Example: `bdc listen slack --team T0123`

    Events are stored and acknowledged, nothing else: `bdc run cppa_slack_tracker --events-only` reads what
    they speak of. Without a listener nothing is lost: daily runs find all of it, later.

    Args:
        team: Slack's id of the team; without: the only one that the settings name.
    """
    platform, settings = load_settings(), load_room_settings(SlackSettings)
    configure_logging(platform.log_level, platform.log_format)
    team_id = _team(settings, team)
    token = _require(settings.app_token_of(team_id), "CPPA_SLACK_TRACKER_APP_TOKENS")
    bot = load_room_settings(BotSettings)
    with connected() as database, _stopped_by_signals() as stop:

        def keep(event: Event) -> None:
            """Of this team, and of no direct message but to the bot."""
            if is_kept(bot, team_id, event):
                with database.transaction() as session:
                    store_event(session, event)

        console.print(f"Listening to {team_id}", markup=False)
        listen(settings, token, keep, is_over=stop.is_set)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C end the listening in order."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _team(settings: SlackSettings, team: str | None) -> str:
    teams: Sequence[str] = settings.teams
    if team is None and len(teams) != 1:
        raise ConfigError(
            f"--team is not given: choose one of {', '.join(teams) or 'none that is set'}"
        )
    return team or teams[0]


def _require(token: str | None, name: str) -> str:
    if token is None:
        raise ConfigError(f"{name} holds no token for this team (see .env.example)")
    return token
