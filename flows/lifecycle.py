"""validate_config → collect → sync_pinecone, with everything around them that no collector repeats.

Lock, ledger, retries, sorting of errors, events and the final state. The only broad excepts of the
project are here and in `flows.phases`: whatever a collector raises must end in the ledger.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from prefect import State
from prefect.context import SyncClientContext
from prefect.states import Cancelled, Completed, Failed

from collectors import AbstractCollector
from flows.archiving import archived
from flows.limits import slot
from flows.phases import Phase, RetryPolicy, describe
from flows.reporting import (
    PrefectProgress,
    artifact_key,
    current_flow_run_id,
    emit_run_event,
    publish_summary,
)
from flows.terminal import ctrl_c_interrupts, terminal_progress
from services.archive.place import ArchivePlace, open_archive
from services.database import Database, DatabaseError, open_database
from services.errors import AlreadyRunning, CollectorError, CollectorFailureCategory, ConfigError
from services.failures import classify_failure
from services.logging import format_consoles, install_redaction, log_context
from services.redaction import redact, redact_exception
from services.runs import services as ledger
from services.runs.activity import LedgerProgress
from services.runs.lock import SourceLock
from services.runs.progress import NullProgress, Progress, ProgressGroup
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Ending, Source
from services.settings import PlatformSettings, load_settings, require_database_url

logger = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[AbstractCollector, Run], CollectResult]
Parameters = Mapping[str, Any]
OUR_LOGGERS = ("collectors", "services", "flows")
PREFECT_LOGGERS = ("prefect", "prefect.flow_runs", "prefect.task_runs")
NO_RETRIES = RetryPolicy(0, 0)


class NothingStored(CollectorError):
    """Every record that the source delivered had to be set aside."""

    category = CollectorFailureCategory.VALIDATION


def run_collector(
    name: str,
    build: Callable[..., AbstractCollector],
    parameters: Parameters | Callable[[], Parameters],
    *,
    dry_run: bool = False,
    work: Work | None = None,
) -> State[Any]:
    """Run one collector through its lifecycle and return the flow's final state.

    `build` makes the collector from the platform's settings and the `parameters`, which may be a
    function that finds them; `work` stands in for the `collect` hook, e.g. to replay dead letters
    under the same lock, ledger and error rules. A dry run does the same work inside a rehearsal
    that is undone, without ledger or index.

    The state is Completed; Completed named Partial when records were set aside; Failed, carrying
    the original exception; or Cancelled named AlreadyRunning.
    """
    install_redaction(*OUR_LOGGERS, *PREFECT_LOGGERS)
    flow_run_id = str(current_flow_run_id() or "")
    with (
        ctrl_c_interrupts(),
        SyncClientContext.get_or_create(),
        log_context(collector=name, flow_run_id=flow_run_id),
    ):
        try:
            settings = load_settings()
            format_consoles(settings.log_level, settings.log_format, *OUR_LOGGERS)
            given = dict(parameters() if callable(parameters) else parameters)
            collector = build(settings, **given)
            start = partial(Lifecycle, collector, given, work or _collect)
            with slot(name) if collector.takes_slot else nullcontext():
                return _run_alone(settings, collector, dry_run, start)
        except AlreadyRunning as error:
            logger.warning("%s", error)
            return Cancelled(name="AlreadyRunning", message=str(error))
        except Exception as error:  # noqa: BLE001 - settings, lock and ledger fail like a hook
            return _could_not_start(name, error)


def _run_alone(
    settings: PlatformSettings,
    collector: AbstractCollector,
    dry_run: bool,
    start: Callable[..., "Lifecycle"],
) -> State[Any]:
    source = Source(collector.name, redact(collector.source_key))
    database = open_database(
        require_database_url(settings),
        application_name=f"bdc {'dry run ' if dry_run else ''}{source}",
        lock_timeout_seconds=settings.database_lock_timeout_seconds,
    )
    with ExitStack() as stack:
        stack.callback(database.close)
        stack.enter_context(log_context(source_key=source.source_key))
        lock = stack.enter_context(SourceLock(database, source))
        policy = RetryPolicy(settings.collector_retries, settings.collector_retry_delay_seconds)
        lifecycle = start(source, database, lock, policy, open_archive(settings))
        return lifecycle.rehearse() if dry_run else lifecycle.run()


@dataclass
class Lifecycle:
    """One run, from the moment that it holds its source's lock."""

    collector: AbstractCollector
    parameters: dict[str, Any]
    work: Work
    source: Source
    database: Database
    lock: SourceLock
    policy: RetryPolicy
    place: ArchivePlace | None = None
    phase: str = "start"
    activity: Progress = field(default_factory=NullProgress)

    def run(self) -> State[Any]:
        """Through the hooks, with the ledger kept whatever happens."""
        with self.database.transaction() as session:
            run_id = ledger.start_run(
                session,
                self.source,
                parameters=self.parameters,
                flow_run_id=current_flow_run_id(),
                now=datetime.now(UTC),
            )
        run = Run(self.source, self.database, run_id)
        self.activity = LedgerProgress(self.database, run_id)
        with log_context(run_id=str(run_id)), self._progress(run):
            return self._recorded(run)

    def rehearse(self) -> State[Any]:
        """Through `validate_config` and `collect`, leaving no trace."""
        with self.database.rehearse() as rehearsal:
            run = Run(self.source, rehearsal)
            try:
                self._phase("validate_config", self.collector.validate_config, NO_RETRIES)
                with self._progress(run):
                    result = self._phase("collect", lambda: self._collect(run), NO_RETRIES)
            except Exception as error:  # noqa: BLE001 - the same sorting as in a real run
                self._sort(error)
                return _failed(self.phase, error)
        message = f"dry run, nothing was written; a real run would do: {result}"
        return Completed(name="DryRun", message=message, data=result)

    def _recorded(self, run: Run) -> State[Any]:
        try:
            self._hooks(run)
        except Exception as error:  # noqa: BLE001 - every error of a hook ends here
            category = self._sort(error)
            self._finish(
                run, self._ending(run, "failed", category=category.value, error=describe(error))
            )
            return _failed(self.phase, error)
        except BaseException as signal:
            self._finish(
                run, self._ending(run, "interrupted", error=f"stopped by {type(signal).__name__}")
            )
            raise
        return self._completed(run)

    def _hooks(self, run: Run) -> None:
        self._entered(run, "validate_config", self.collector.validate_config, NO_RETRIES)
        result = self._entered(run, "collect", lambda: self._collect(run), self.policy)
        if result.stored_nothing:
            raise NothingStored(
                f"all {result.quarantined} records were set aside: see `bdc dead-letters list`"
            )
        sync = partial(self.collector.sync_pinecone, run)
        self._entered(run, "sync_pinecone", sync, self.policy)

    def _collect(self, run: Run) -> CollectResult:
        with archived(run, self.place):
            result: object = self.work(self.collector, run)
        if not isinstance(result, CollectResult):
            kind = type(result).__name__
            raise TypeError(f"collect of {self.collector.name} returned {kind}, no CollectResult")
        run.result = result
        return result

    def _entered(self, run: Run, name: str, work: Callable[[], T], policy: RetryPolicy) -> T:
        """The phase with its entry in the ledger, which may fail and be tried again as well."""

        def enter_and_work() -> T:
            with run.transaction() as session:
                ledger.enter_phase(session, run.id or 0, name, now=datetime.now(UTC))
            return work()

        return self._phase(name, enter_and_work, policy)

    def _phase(self, name: str, work: Callable[[], T], policy: RetryPolicy) -> T:
        self.phase = name
        with log_context(collector_phase=name):
            return Phase(
                name,
                work,
                policy,
                may_skip=name == "sync_pinecone",
                before_retry=self.lock.ensure_held,
                say=self.activity.say,
            ).run()

    def _completed(self, run: Run) -> State[Any]:
        status = "partial" if run.result.quarantined else "completed"
        read_all = self.collector.reads_all and self.work is _collect
        self._finish(run, replace(self._ending(run, status), read_all=read_all))
        name = "Partial" if status == "partial" else None
        logger.info("%s %s: %s", self.source, status, run.result)
        return Completed(name=name, message=str(run.result), data=run.result)

    def _sort(self, error: Exception) -> CollectorFailureCategory:
        """Log the error once and give its category: a ConfigError here, others by the hook."""
        if isinstance(error, ConfigError):
            _log_refusal(self.collector.name, error)
            return error.category
        try:
            with log_context(collector_phase=self.phase):
                return CollectorFailureCategory(self.collector.handle_error(error, self.phase))
        except (Exception, SystemExit):
            logger.exception("handle_error of %s failed, after: %s", self.source, describe(error))
            return classify_failure(error)

    def _ending(
        self, run: Run, status: str, *, category: str | None = None, error: str | None = None
    ) -> Ending:
        return Ending(status, self.phase, run.result.counts, category, error)

    def _finish(self, run: Run, ending: Ending) -> None:
        """Close the ledger's row, tell Prefect; neither may hide how the run itself ended."""
        try:
            with self.database.transaction() as session:
                ledger.finish_run(session, run.id or 0, ending, now=datetime.now(UTC))
        except DatabaseError as error:
            logger.warning("the ledger could not be closed, the next run will: %s", describe(error))
        emit_run_event(self.source, run.id, ending)
        publish_summary(self.source, ending, run.result)

    @contextmanager
    def _progress(self, run: Run) -> Iterator[None]:
        shown = PrefectProgress(artifact_key("progress", self.source.collector))
        with terminal_progress() as bar:
            run.progress = ProgressGroup(shown, bar, self.activity)
            yield
        shown.finish()


def _collect(collector: AbstractCollector, run: Run) -> CollectResult:
    return collector.collect(run)


def _failed(phase: str, error: Exception) -> State[Any]:
    """The final state that carries the original error to whoever called the flow."""
    if isinstance(error, ConfigError):
        return Failed(name="ConfigError", message=redact(str(error)), data=error)
    return Failed(message=f"{phase}: {describe(error)}", data=error)


def _could_not_start(name: str, error: Exception) -> State[Any]:
    """What fails before there is a ledger row still leaves its one log record and its one event."""
    cleaned = redact_exception(error)
    error = cleaned if isinstance(cleaned, Exception) else error
    category = classify_failure(error)
    if isinstance(error, ConfigError):
        _log_refusal(name, error)
    else:
        extra = {"failure_category": category.value}
        logger.error("%s: no start: %s", name, describe(error), exc_info=error, extra=extra)
    ending = Ending("failed", "start", {}, category.value, describe(error))
    emit_run_event(Source(name, ""), None, ending)
    return _failed("start", error)


def _log_refusal(name: str, error: ConfigError) -> None:
    """One line, no traceback: the operator's to mend."""
    extra = {"failure_category": error.category.value}
    logger.error("%s is not set up right: %s", name, redact(str(error)), extra=extra)
