"""The flow that compares a source with the tables, under the source's lock, in its ledger."""

from functools import partial
from typing import Any

from prefect import State, flow

from collectors import AbstractCollector
from flows.dead_letters import build_by_name
from flows.lifecycle import Work, run_collector
from services.completeness.services import note_comparisons
from services.database import open_database
from services.errors import ConfigError
from services.runs import services as ledger
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from services.settings import load_settings, require_database_url


@flow(name="reconcile", flow_run_name="reconcile {collector} {source_key}")
async def reconcile(collector: str, source_key: str, sample: int = 100) -> State[Any]:
    """Compare what a source has with what is stored of it; the next run repairs the gaps.

    Args:
        collector: Name of the collector.
        source_key: Which of its sources.
        sample: About how many records of each stream are compared one by one.
    """
    source = Source(collector, source_key)
    build = partial(build_by_name, collector)
    find = partial(_parameters_of_newest, source)
    return run_collector(collector, build, find, work=_comparing(sample))


def _comparing(sample: int) -> Work:
    """Stands in for the `collect` hook; counts as fetched what was compared one by one."""

    def compare(collector: AbstractCollector, run: Run) -> CollectResult:
        found = collector.reconcile(run, sample)
        with run.transaction() as session:
            repairs = note_comparisons(session, run.source, found)
        run.progress.say(f"{repairs} gaps are to be repaired by the next run")
        run.add(CollectResult(fetched=sum(one.sampled for one in found)))
        return run.result

    return compare


def _parameters_of_newest(source: Source) -> dict[str, Any]:
    """Those of the source's newest run: they make the same collector."""
    settings = load_settings()
    database = open_database(require_database_url(settings), application_name=f"bdc {source}")
    try:
        with database.transaction() as session:
            run = ledger.latest_run_of(session, source)
    finally:
        database.close()
    if run is None:
        raise ConfigError(f"{source} was never run: there is nothing to compare")
    return run.parameters
