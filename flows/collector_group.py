"""A schedule group: its due collectors, one after the other, each in a process of its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from prefect import State, flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext, SyncClientContext
from prefect.states import Completed, Failed

from deployments.calendar import task_key
from flows.batch_outcomes import Outcome, state_of, status_of
from flows.batch_plan import plan_batch
from flows.batch_request import Parameters, Request, newer_run_is_due, read_request
from flows.batches import BatchAtWork
from flows.phases import describe
from flows.reporting import api_client, emit_batch_event, publish_batch, run_name
from services.batches import services as ledger
from services.batches.lock import batch_lock
from services.batches.services import Batch
from services.database import Database, DatabaseError, open_database, server_time
from services.errors import ConfigError
from services.failures import classify_failure
from services.redaction import redact, redact_exception
from services.settings import PlatformSettings, load_settings, require_database_url

logger = logging.getLogger(__name__)


@flow(name="collector_group", flow_run_name=run_name("group"))
async def collector_group(
    group: str,
    cadence: str = "all",
    date: str | None = None,
    stop_on_failure: bool | None = None,
    missing_only: bool = False,
) -> State[Any]:
    """Run the collectors of a schedule group that are due, in the order written.

    Args:
        group: Name of the group in the schedule.
        cadence: Only tasks of this cadence: daily, weekly, monthly, on_release; all by default.
        date: The day (YYYY-MM-DD, UTC) to run; without it, the day this run was scheduled for.
        stop_on_failure: Skip the rest after a failure; without it, what the schedule says.
        missing_only: Only what has not been run yet, since the last batch and up to now.
    """
    given = Parameters(group, cadence, date, stop_on_failure, missing_only)
    with SyncClientContext.get_or_create():
        try:
            return _run(given)
        except ConfigError as error:
            logger.error("group %s is not set up right: %s", group, error)  # noqa: TRY400 - no traceback
            return Failed(name="ConfigError", message=redact(str(error)), data=error)
        except DatabaseError as error:
            return _database_failed(group, error)


def _run(given: Parameters) -> State[Any]:
    settings, run = load_settings(), _this_run()
    with _opened(settings, given.group) as database, api_client() as client:
        # A machine whose clock is ahead would settle days that are still to come.
        request = read_request(given, run, settings, server_time(database))
        if run.auto_scheduled and (why := _superseded(database, client, request, run)):
            return Completed(name="Superseded", message=why)
        with batch_lock(database, run.id):
            outcomes = _work(database, client, request, run)
    state = state_of(outcomes)
    rows = [outcome.row for outcome in outcomes]
    publish_batch(given.group, rows)
    emit_batch_event(given.group, state.name or "", rows)
    return state


def _superseded(
    database: Database, client: SyncPrefectClient, request: Request, run: FlowRun
) -> str:
    """Why a run that its schedule started has nothing left to do; empty when it has."""
    with database.transaction() as session:
        settled = ledger.covered(session, request.name).through
    if settled is not None and request.own_day <= settled:
        return f"an earlier batch has settled the days up to {settled}"
    if newer_run_is_due(client, run, request.now):
        return "a later run of this group is due as well, and does its work"
    return ""


def _work(
    database: Database, client: SyncPrefectClient, request: Request, run: FlowRun
) -> list[Outcome]:
    """The batch itself, from its row in the ledger to its end there."""
    keys = [task_key(task) for task in request.group.enabled_tasks]
    batch = Batch(run.id, request.name, request.scheduled, request.through, keys, request.settles)
    with database.transaction() as session:
        plan = plan_batch(session, request)
        ledger.start_batch(session, batch, now=_now())
    outcomes = BatchAtWork(run.id, database, client, _now).run(plan, stops=request.stops)
    with database.transaction() as session:
        ledger.finish_batch(session, run.id, status_of(outcomes), now=_now())
    return outcomes


def _this_run() -> FlowRun:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("a batch is a flow run: call the flow, not its function")
    return context.flow_run


@contextmanager
def _opened(settings: PlatformSettings, group: str) -> Iterator[Database]:
    database = open_database(
        require_database_url(settings),
        application_name=f"bdc group {group}",
        lock_timeout_seconds=settings.database_lock_timeout_seconds,
    )
    try:
        yield database
    finally:
        database.close()


def _database_failed(group: str, error: DatabaseError) -> State[Any]:
    """One line with its category, as for a collector; the next batch goes on where this one was."""
    extra = {"failure_category": classify_failure(error).value}
    logger.error("group %s: %s", group, describe(error), extra=extra)
    emit_batch_event(group, "Failed", [])
    return Failed(message=describe(error), data=redact_exception(error))


def _now() -> datetime:
    return datetime.now(UTC)
