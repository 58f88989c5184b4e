"""The collector of Slack as the lifecycle calls it, without Prefect around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from collectors.cppa_slack_tracker.collector import CppaSlackTracker
from collectors.cppa_slack_tracker.settings import BotSettings, HuddleSettings, SlackSettings
from services.database import Database
from services.http.settings import Surroundings
from services.runs.progress import NullProgress
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from tests.support.slack_site import NOW, TOKEN, SlackTeamSite

NAMES = ("team", "user", "channel", "membership", "membership_change", "message", "file", "thread")
TABLES = (
    *(f"cppa_slack_tracker_{name}" for name in (*NAMES, "event")),
    "identity_profile",
    "document",
    "collector_cursor",
    "collector_dead_letter",
)


class Heard(NullProgress):
    """Remembers what is said, and until when it waits."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.waits: list[datetime] = []

    def say(self, text: str, until: datetime | None = None) -> None:
        self.lines.append(text)
        self.waits += [until] if until else []


@dataclass
class CollectingSlack:
    """One team, one database, and a clock that only sleeping and the test move."""

    database: Database
    site: SlackTeamSite
    now: datetime = NOW
    heard: Heard = field(default_factory=Heard)
    slept: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    bot: BotSettings | None = None
    huddles: HuddleSettings | None = None

    def __post_init__(self) -> None:
        self.site.now = lambda: self.now

    def slack_settings(self) -> SlackSettings:
        """The usual ones but for those of `settings`."""
        usual: dict[str, Any] = {"base_url": self.site.base_url, "tokens": SecretStr(TOKEN)}
        # No clock of ours moves that of a socket, and a busy machine is no slow source.
        usual["read_seconds"] = 600.0
        return SlackSettings.model_construct(**(usual | self.settings))

    def collector(self, **parameters: Any) -> CppaSlackTracker:
        """The collector of one run."""
        settings = self.slack_settings()
        parameters = {"team": self.site.team_id, **parameters}
        return CppaSlackTracker(
            settings=settings,
            around=self.around,
            bot=self.bot,
            huddles=self.huddles,
            **parameters,
        )

    @property
    def around(self) -> Surroundings:
        """A world in which time passes when somebody sleeps."""
        return Surroundings(self._sleep, lambda: self.now, lambda: 1.0)

    def run(self) -> Run:
        """A run that the ledger knows."""
        source = Source("cppa_slack_tracker", self.site.team_id)
        with self.database.transaction() as session:
            now = datetime.now(UTC)
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
        return Run(source, self.database, run_id, self.heard)

    def collect(self, **parameters: Any) -> CollectResult:
        """Collect now."""
        return self.collector(**parameters).collect(self.run())

    def calls_of(self, **parameters: Any) -> list[str]:
        """The methods that a run calls."""
        before = self.site.calls
        self.collect(**parameters)
        return [one.path.rpartition("/")[2] for one in self.site.server.traffic.requests[before:]]

    def rehearse(self, **parameters: Any) -> CollectResult:
        """What a dry run does."""
        source = Source("cppa_slack_tracker", self.site.team_id)
        with self.database.rehearse() as rehearsal:
            return self.collector(**parameters).collect(Run(source, rehearsal, None, self.heard))

    def replay(self) -> CollectResult:
        """Try the open dead letters again."""
        with self.database.transaction() as session:
            letters = dead_letters(session)
        return self.collector().replay(self.run(), letters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds; tables are named without their owner, as {message}."""
        named = {name: f"cppa_slack_tracker_{name}" for name in (*NAMES, "event")}
        with self.database.transaction() as session:
            return [tuple(row) for row in session.execute(text(query.format(**named)))]

    def messages(self, columns: str = "text") -> list[Any]:
        """Of all messages that are not deleted, by channel and timestamp; of one column bare values."""
        found = self.rows(
            f"select {columns} from {{message}} m join {{channel}} c on c.id = m.channel_id"
            " where deleted_at is null order by c.channel_id, ts"
        )
        return found if "," in columns else [value for (value,) in found]

    def deleted(self) -> list[str]:
        """Texts of what is marked deleted."""
        query = "select text from {message} where deleted_at is not null order by ts"
        return [said for (said,) in self.rows(query)]

    def documents(self, columns: str = "text") -> list[Any]:
        """Of all documents that can be found, by key."""
        found = self.rows(f"select {columns} from document where deleted_at is null order by key")
        return found if "," in columns else [value for (value,) in found]

    def letters(self) -> list[tuple[Any, ...]]:
        """Key and status of each dead letter."""
        return self.rows("select item_key, status from collector_dead_letter order by id")

    def row_versions(self, tables: Sequence[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
        """Where each row lies and who wrote it: the same only if nobody wrote."""
        return {name: self.rows(f"select ctid, xmin from {name} order by ctid") for name in tables}

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.slept += seconds
