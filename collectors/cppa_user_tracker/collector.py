"""The hooks: examine the accounts that have changed, part by part."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from collectors import AbstractCollector
from collectors.cppa_user_tracker.settings import UserTrackerSettings
from services.identity.linking import Examined, Rules, examine, examine_again
from services.runs.result import CollectResult
from services.runs.run import Run

# A transaction of about a second; decisions wait for it, collectors do not.
ACCOUNTS = 5_000


class UserTracker(AbstractCollector):
    """Proposes which accounts are one person's.

    `again` examines all of them, e.g. by other settings. An account that a collector is just writing
    to is left to the next run.
    """

    name: ClassVar[str] = "cppa_user_tracker"

    def __init__(
        self,
        *,
        again: bool = False,
        settings: UserTrackerSettings,
        now: Callable[[], datetime],
        accounts: int = ACCOUNTS,
    ) -> None:
        self._again = again
        self._rules = Rules(settings.rare_name_people, settings.shared_mailbox_people)
        self._now = now
        self._accounts = accounts

    @property
    def source_key(self) -> str:
        """There is one set of accounts."""
        return "accounts"

    def validate_config(self) -> None:
        """Nothing: the settings were checked when they were read."""

    def collect(self, run: Run) -> CollectResult:
        """Until no changed account is left. Counts as fetched what was examined."""
        if self._again:
            with run.transaction() as session:
                run.progress.say(f"{examine_again(session)} accounts are to be examined again")
        while self._examined(run).accounts:
            pass
        return run.result

    def _examined(self, run: Run) -> Examined:
        with run.transaction() as session:
            part = examine(session, self._rules, now=self._now(), most=self._accounts)
        run.add(CollectResult(fetched=part.accounts, tables=part.tables))
        return part
