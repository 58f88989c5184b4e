"""Many repositories: each collected by a run of its own, some at a time, under the run that waits.

A repository that fails is set aside with its reason, the others are collected; `bdc dead-letters
retry` collects it again. Each run has its repository's lock, its own page in the UI and its own row
in the ledger; quota is shared through the database.
"""

import logging
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import uuid4

from collectors import AbstractCollector
from flows.child_runs import Child, StartedChildren, create_child
from flows.reporting import api_client, publish_repositories
from flows.repository_selection import (
    Found,
    Selection,
    matching_repositories,
    with_submodules,
)
from services.errors import CollectorFailureCategory, ConfigError
from services.http.github import GitHubAccess
from services.redaction import redact
from services.runs import services as ledger
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

logger = logging.getLogger(__name__)
STREAM = "repositories"


# What a run is called that did its work, or left it to another one that is at it.
DONE = frozenset({"Completed", "Partial", "DryRun", "AlreadyRunning"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one repository."""

    repository: str
    state: str
    message: str

    @property
    def failed(self) -> bool:
        """Whether somebody should look at it."""
        return self.state not in DONE


@dataclass(frozen=True, slots=True)
class GitAccess:
    """How git reaches GitHub: see the room's settings."""

    url: str
    stall_seconds: int


class GitHubRepositories(AbstractCollector):
    """Collects each repository of a selection with the same `parameters`, `at_once` at a time."""

    name: ClassVar[str] = "github_activity_tracker"
    takes_slot: ClassVar[bool] = False

    def __init__(
        self,
        selection: Selection,
        parameters: Mapping[str, Any],
        *,
        at_once: int,
        access: GitHubAccess,
        git: GitAccess,
    ) -> None:
        self._selection = selection
        self._parameters = dict(parameters)
        self._at_once = at_once
        self._access = access
        self._git = git

    @property
    def source_key(self) -> str:
        """The selection as it was given."""
        return self._selection.key

    def validate_config(self) -> None:
        """The selection can be one, and some may run."""
        problems = [] if self._at_once > 0 else ["at_once: at least one at a time"]
        try:
            self._selection.check(self._git.url)
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """All of them; counts repositories."""
        run.progress.say(f"looking for the repositories of {self.source_key}")
        found = self._find(run)
        run.progress.expect(len(found), "repositories")
        self._collect_each(run, found)
        return run.result

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Collect once more those that were set aside."""
        self._collect_each(run, [Found(letter.item_key) for letter in letters])
        return run.result

    def _find(self, run: Run) -> list[Found]:
        if self._selection.owner is not None:
            return matching_repositories(
                self._selection, self._access, run.database, run.progress.say
            )
        return with_submodules(
            self._selection, self._git.url, self._access.token, self._git.stall_seconds
        )

    def _collect_each(self, run: Run, found: Sequence[Found]) -> None:
        ended = [Outcome(one.repository, "Unusable", one.problem) for one in found if one.problem]
        for outcome in ended:
            _count(run, outcome)
        with closing(
            self._ended(run, [one.repository for one in found if not one.problem])
        ) as each:
            for outcome in each:
                _count(run, outcome)
                ended.append(outcome)
        _settle(run, {outcome.repository for outcome in ended if not outcome.failed})
        publish_repositories(self.source_key, [asdict(outcome) for outcome in ended])
        failed = [outcome.repository for outcome in ended if outcome.failed]
        if failed:
            logger.warning("%d of %d are set aside: %s", len(failed), len(ended), ", ".join(failed))

    def _ended(self, run: Run, wanted: Iterable[str]) -> Generator[Outcome, None, None]:
        """Each as soon as its run is over."""
        waiting = deque(wanted)
        with api_client() as client, StartedChildren() as running:
            while waiting or running:
                while waiting and len(running) < self._at_once:
                    repository = waiting.popleft()
                    running.start(repository, create_child(client, self._child(run, repository)))
                    run.progress.say(f"collecting {running}")
                for repository, child in running.wait_for_some():
                    state = child.end(client)
                    yield Outcome(repository, state.name or "", redact(state.message or ""))

    def _child(self, run: Run, repository: str) -> Child:
        parameters = {**self._parameters, "repository": repository, "dry_run": run.is_dry}
        return Child(str(uuid4()), self.name, parameters)


def _count(run: Run, outcome: Outcome) -> None:
    """And set it aside when it has failed."""
    if outcome.failed:
        reason = f"{outcome.state}: {outcome.message}"
        payload = {"repository": outcome.repository}
        unknown = CollectorFailureCategory.UNKNOWN
        record = SetAside(outcome.repository, payload, reason, unknown)
        with run.transaction() as session:
            run.set_aside(session, STREAM, [record])
        run.progress.say(f"{outcome.repository} is set aside: {reason}")
    run.add(CollectResult(fetched=1, quarantined=int(outcome.failed)))


def _settle(run: Run, collected: set[str]) -> None:
    """What was set aside by an earlier run, and is collected now."""
    with run.transaction() as session:
        letters = ledger.open_dead_letters(session, run.source)
        done = [letter.id for letter in letters if letter.item_key in collected]
        ledger.settle_dead_letters(session, done, "resolved")
