"""The hooks: who is in the team, then each channel with its threads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from collectors import AbstractCollector
from collectors.cppa_slack_tracker.client.calls import http_settings
from collectors.cppa_slack_tracker.client.team import SlackTeam
from collectors.cppa_slack_tracker.collector.directory import Directory
from collectors.cppa_slack_tracker.collector.rounds import Round
from collectors.cppa_slack_tracker.collector.workplace import (
    Setup,
    Workplace,
    open_workplace,
)
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings, SlackSettings
from services.errors import ConfigError
from services.http.settings import Surroundings
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run

TOKENS = "CPPA_SLACK_TRACKER_TOKENS"


class CppaSlackTracker(AbstractCollector):
    """Collects one team.

    `team` is Slack's id of it (T…); it may be left out where the settings name a single one.
    `channels` are ids, names or patterns of the channels to read, of those that are selected;
    without any, all are. `events_only=True` reads nothing but what events of the listener ask for.
    Without `bot` and `huddles` nobody is heard who asks for anything.
    """

    name: ClassVar[str] = "cppa_slack_tracker"

    def __init__(
        self,
        *,
        team: str | None = None,
        channels: Sequence[str] = (),
        events_only: bool = False,
        settings: SlackSettings,
        around: Surroundings,
        bot: BotSettings | None = None,
        huddles: HuddleSettings | None = None,
    ) -> None:
        self._team = team or _only(settings.teams)
        self._channels = tuple(channels)
        self._events_only = events_only
        self._settings = settings
        self._bot = bot or BotSettings.model_construct()
        self._huddles = huddles or HuddleSettings.model_construct()
        self._around = around

    @property
    def source_key(self) -> str:
        """Slack's id of the team."""
        return self._team or "no team"

    @property
    def reads_all(self) -> bool:
        """Not when channels are chosen, or only events are followed."""
        return not (self._channels or self._events_only)

    def validate_config(self) -> None:
        """There is a team and a token for it, the API's address is one, and nothing is set up half."""
        problems = [*self._problems_of_team(), *self._bot.problems(), *self._huddles.problems()]
        try:
            http_settings(self._settings)
        except ConfigError as error:
            problems += [f"CPPA_SLACK_TRACKER_BASE_URL: {problem}" for problem in error.problems]
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """Bring the team's tables to what Slack says now.

        Raises:
            ChannelsFailed: channels that Slack refuses for no known reason, after all others.
        """
        place = self._open(run)
        if self._events_only:
            return Round(place, self._channels).follow_events()
        Directory(place).refresh()
        return Round(place, self._channels).read_all()

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Read the letters' channels again, whole, and the threads that they were in."""
        place = self._open(run)
        Directory(place).refresh()
        named = {
            str(letter.payload["channel"]) for letter in letters if "channel" in letter.payload
        }
        return Round(place, sorted(named)).read_again(letters) if named else run.result

    def _problems_of_team(self) -> Sequence[str]:
        known = ", ".join(self._settings.teams)
        if not self._team:
            which = f": choose one of {known}" if known else ", and no token names one"
            return [f"team is not given{which} (see {TOKENS} in .env.example)"]
        if self._settings.token_of(self._team) is None:
            others = f"only for {known}" if known else "for no team"
            return [f"{TOKENS} holds no token for {self._team}, {others} (see .env.example)"]
        return []

    def _open(self, run: Run) -> Workplace:
        token = self._settings.token_of(self.source_key) or ""
        around = replace(self._around, say=run.progress.say)
        client = SlackTeam(self._settings, token, around)
        setup = Setup(self._settings, self._bot, self._huddles)
        return open_workplace(run, client, setup, around, self.source_key)


def _only(teams: Sequence[str]) -> str | None:
    return teams[0] if len(teams) == 1 else None
