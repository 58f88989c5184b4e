"""What every step of a run works with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from collectors.cppa_slack_tracker.client.team import SlackTeam
from collectors.cppa_slack_tracker.collector.requests import FrontDesk
from collectors.cppa_slack_tracker.parsing.fields import stamp
from collectors.cppa_slack_tracker.parsing.records import Page, Rejected, Team, unknown_user
from collectors.cppa_slack_tracker.services.teams import (
    Tables,
    known_users,
    store_team,
    store_users,
)
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings, SlackSettings
from services.database import Session
from services.errors import ConfigError
from services.http.settings import Surroundings
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "messages"


@dataclass
class Workplace:
    """A run, a team, and the way to both; `number` is ours of the team, `users` ours of its users.

    `threads_read` are the threads that this run has read, by channel and beginning.
    """

    run: Run
    client: SlackTeam
    settings: SlackSettings
    around: Surroundings
    team: Team
    number: int
    desk: FrontDesk
    users: dict[str, int] = field(default_factory=dict)
    threads_read: set[tuple[int, str]] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.around.now()

    @property
    def alive_since(self) -> str:
        """What was written since may still be edited without a word: it is read in every run."""
        return stamp(self.now - timedelta(days=self.settings.rescan_days))

    def know_authors(self, page: Page) -> Mapping[str, int]:
        """Our numbers of a page's authors; those that no list has held are asked for one by one."""
        named = {message.user for message in page.messages if message.user}
        for user_id in sorted(named - self.users.keys()):
            user = self.client.user(user_id) or unknown_user(user_id)
            with self.run.transaction() as session:
                known, tables = store_users(session, self.number, self.team.team_id, [user])
            self.run.add(CollectResult(tables=tables))
            self.users |= known
        return self.users

    def set_aside(
        self, session: Session, rejected: Iterable[Rejected], **facts: Any
    ) -> Sequence[SetAside]:
        """Keep what cannot be understood; `facts` say where it was."""
        place = ":".join(str(fact) for fact in facts.values())
        letters = [
            SetAside(f"{place}:{one.key}", {**facts, "item": one.payload}, one.reason)
            for one in rejected
        ]
        distinct = list({letter.item_key: letter for letter in letters}.values())
        self.run.set_aside(session, STREAM, distinct)
        return distinct

    def count(self, fetched: int, tables: Tables, quarantined: int = 0) -> None:
        """Add to what the run did."""
        self.run.add(CollectResult(fetched, quarantined, tables))


@dataclass(frozen=True)
class Setup:
    """All that the settings say of this room."""

    slack: SlackSettings
    bot: BotSettings
    huddles: HuddleSettings


def open_workplace(
    run: Run, client: SlackTeam, setup: Setup, around: Surroundings, team_id: str
) -> Workplace:
    """Once it is certain that the token is the team's.

    Raises:
        ConfigError: it is another team's.
    """
    team = client.identify()
    if team.team_id != team_id:
        raise ConfigError(
            f"the token in CPPA_SLACK_TRACKER_TOKENS for {team_id} belongs to {team.team_id} ({team.name})"
        )
    with run.transaction() as session:
        number, tables = store_team(session, team)
        users = known_users(session, number)
    run.add(CollectResult(tables=tables))
    desk = FrontDesk(team_id, number, setup.bot, setup.huddles)
    return Workplace(run, client, setup.slack, around, team, number, desk, users)
