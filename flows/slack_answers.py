"""What is sent because of what people ask in Slack: comments, answers, pages of huddle notes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from collectors.cppa_slack_tracker.client.comments import commenter
from collectors.cppa_slack_tracker.client.huddles import read_notes
from collectors.cppa_slack_tracker.client.speaking import answerer
from collectors.cppa_slack_tracker.parsing.notes import page_path
from collectors.cppa_slack_tracker.parsing.saying import ANSWERS, COMMENTS, NOTES
from collectors.cppa_slack_tracker.services.teams import all_names
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings, SlackSettings
from flows.exports import Tree, page_tree
from services.database import open_database
from services.errors import ConfigError
from services.http.observing import observed
from services.http.settings import Surroundings
from services.outbox.draining import Outlet, Send, Window
from services.outbox.services import Batch, FollowUp
from services.publication.pages import Plan
from services.settings import PlatformSettings, load_room_settings, require_database_url

MOST_BYTES = 60_000
MOST_ANSWERS = 20
MOST_NOTES = 20
HOUR = timedelta(hours=1)


def slack_outlets(platform: PlatformSettings) -> Iterator[Outlet]:
    """Those that are set up: comments before the answers that tell of them.

    Raises:
        ConfigError: something is set up half.
    """
    slack, around = load_room_settings(SlackSettings), Surroundings()
    bot, huddles = load_room_settings(BotSettings), load_room_settings(HuddleSettings)
    if problems := [*bot.problems(), *huddles.problems()]:
        raise ConfigError(problems)
    if bot.is_on:
        window = Window(bot.comments_an_hour, HOUR)
        yield Outlet(COMMENTS, _unkept(commenter(bot, around)), 1, MOST_BYTES, window)
        yield Outlet(ANSWERS, _unkept(answerer(slack, around)), MOST_ANSWERS, MOST_BYTES)
    if huddles.is_on:
        tree = page_tree(platform, huddles, "CPPA_SLACK_TRACKER_HUDDLE_TOKEN")
        keep = _unkept(_note_keeper(platform, huddles, tree))
        yield Outlet(NOTES, keep, MOST_NOTES, MOST_BYTES)


def _unkept(send: Send) -> Send:
    """What is read on the way to saying something is no data of a source: no archive keeps it."""

    def quietly(batch: Batch) -> Sequence[FollowUp] | None:
        with observed(None):
            return send(batch)

    return quietly


def _note_keeper(
    platform: PlatformSettings, huddles: HuddleSettings, tree: Tree
) -> Callable[[Batch], None]:
    """Writes pages; written before, they stay as they are."""
    slack, around = load_room_settings(SlackSettings), Surroundings()

    def keep(batch: Batch) -> None:
        names = _names(platform, {payload["team"] for payload in batch.payloads})
        files: dict[str, bytes] = {}
        for payload in batch.payloads:
            notes = read_notes(slack, huddles.files_url, payload, around)
            if notes is not None:
                page = notes.page(payload["channel_name"], names[payload["team"]])
                files[page_path(payload)] = page.encode()
        if files:
            tree.markers()
            tree.apply(Plan(files=files), f"Notes of {len(files)} huddles")

    return keep


def _names(platform: PlatformSettings, teams: set[str]) -> Mapping[str, Mapping[str, str]]:
    database = open_database(require_database_url(platform), application_name="bdc huddles")
    try:
        with database.transaction() as session:
            return {team: all_names(session, team) for team in teams}
    finally:
        database.close()
