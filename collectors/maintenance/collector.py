"""The hooks: note how large tables are, then forget what is old, a part in each transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from collectors import AbstractCollector
from collectors.maintenance.settings import MaintenanceSettings
from services.archive.place import ArchivePlace
from services.archive.retention import Unlisted, find_unlisted, forget_segments
from services.batches.retention import forget_batches, forget_days
from services.database import Session
from services.growth.services import forget_samples, take_sample
from services.http.retention import forget_pages, forget_quotas
from services.outbox.retention import forget_payloads
from services.runs.result import CollectResult
from services.runs.retention import ended_runs, forget_resolved_letters, forget_runs
from services.runs.run import Run

# A transaction that others hardly notice: well below a second.
ROWS = 5_000
# So long a quota that is filled again, and a file that a run has left behind, may be there.
LEFTOVER_DAYS = 1
# A file is named after the second in which its run began to ask, by the clock of the run's machine.
CLOCKS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is forgotten, after how many days, and by which service, which says how many it were."""

    what: str
    days: int
    forget: Callable[[Session, datetime, int], int]


class Maintenance(AbstractCollector):
    """Applies the rules as of the moment that it begins; `archive` is None where it is off."""

    name: ClassVar[str] = "maintenance"

    def __init__(
        self,
        settings: MaintenanceSettings,
        now: Callable[[], datetime],
        rows: int = ROWS,
        archive: ArchivePlace | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._rows = rows
        self._archive = archive

    @property
    def source_key(self) -> str:
        """There is one platform."""
        return "platform"

    def validate_config(self) -> None:
        """Nothing: the settings were checked when they were read."""

    def collect(self, run: Run) -> CollectResult:
        """What was left behind, the day's sizes, each rule in turn; interrupted, the next goes on.

        Counts as fetched what was old.
        """
        now = self._now()
        self._remove_leftovers(run, now - timedelta(days=LEFTOVER_DAYS))
        with run.transaction() as session:
            take_sample(session, now.date())
        for rule in (*self._rules(), *self._rules_of_archive(is_dry=run.is_dry)):
            before = now - timedelta(days=rule.days)
            count = sum(self._parts(run, rule, before))
            run.progress.say(f"{count} {rule.what} from before {before:%Y-%m-%d} forgotten")
        return run.result

    def _rules(self) -> Iterator[Rule]:
        """Letters before the runs they point to, days before their batches."""
        days = self._settings
        yield Rule("resolved dead letters", days.dead_letter_days, forget_resolved_letters)
        yield Rule("runs", days.run_days, forget_runs)
        yield Rule("days of tasks", days.batch_days, forget_days)
        yield Rule("batches", days.batch_days, forget_batches)
        yield Rule("contents of sent messages", days.outbox_days, forget_payloads)
        yield Rule("versions of pages", days.page_days, forget_pages)
        yield Rule("quotas", LEFTOVER_DAYS, forget_quotas)
        yield Rule("samples of sizes", days.run_days, forget_samples)

    def _rules_of_archive(self, *, is_dry: bool) -> Iterator[Rule]:
        """A file that is removed comes back with no transaction: a dry run removes none."""
        days = self._settings.archive_days
        if days is None or self._archive is None:
            return
        remove = _keep_file if is_dry else self._archive.remove
        yield Rule("segments of the archive", days, partial(forget_segments, remove=remove))

    def _remove_leftovers(self, run: Run, before: datetime) -> None:
        """Files that a run wrote and died before it listed them: what was made of them is nowhere.

        Before runs are forgotten: the files of a run that the ledger does not know stay, since they
        may be all that is left after a restore.
        """
        if self._archive is None:
            return
        with run.transaction() as session:
            found = list(find_unlisted(session, self._archive.paths()))
            ended = ended_runs(session, {one.run_id for one in found}, before)
        left = [one for one in found if _is_of(one, ended.get(one.run_id))]
        for one in left if not run.is_dry else ():
            self._archive.remove(one.path)
        run.add(CollectResult(fetched=len(left)))
        run.progress.say(f"{len(left)} files of the archive that died with their run removed")

    def _parts(self, run: Run, rule: Rule, before: datetime) -> Iterator[int]:
        count = self._rows
        while count == self._rows:
            with run.transaction() as session:
                count = rule.forget(session, before, self._rows)
            run.add(CollectResult(fetched=count))
            yield count


def _keep_file(path: str) -> None:
    del path


def _is_of(file: Unlisted, run: tuple[str, datetime, datetime] | None) -> bool:
    """Numbers of runs begin anew in another database: collector and time have to fit as well."""
    if run is None:
        return False
    collector, start, end = run
    return collector == file.collector and start - CLOCKS <= file.begun <= end + CLOCKS
