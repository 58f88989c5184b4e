"""The flow that reads the raw archive again: parsing and services as they are today, no source."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any

from prefect import State, flow

from collectors import AbstractCollector
from flows.lifecycle import Work, run_collector
from services.archive.place import open_archive
from services.archive.reading import Payloads
from services.archive.services import find_segments
from services.catalogue import flow_entrypoint
from services.database import open_database
from services.errors import ConfigError
from services.runs import services as ledger
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from services.settings import PlatformSettings, load_settings, require_database_url


@flow(name="reprocess", flow_run_name="reprocess {collector} {source_key}")
async def reprocess(
    collector: str,
    source_key: str,
    run: int | None = None,
    since: datetime | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Store once more what one source has answered, under its lock, in its ledger.

    Args:
        collector: Name of the collector.
        source_key: Which of its sources.
        run: Only what this run was answered.
        since: Only segments of the archive with answers since then.
        dry_run: Compare, write nothing, say what would change.
    """
    source = Source(collector, source_key)
    build = partial(_build, collector)
    find = partial(_parameters_of_newest, source)
    work = _reading(source, run, since)
    return run_collector(collector, build, find, dry_run=dry_run, work=work)


def _build(name: str, settings: PlatformSettings, **parameters: Any) -> AbstractCollector:
    module = flow_entrypoint(name).rpartition(".")[0]
    collector: AbstractCollector = import_module(module).build(settings, **parameters)
    return collector


def _reading(source: Source, run_id: int | None, since: datetime | None) -> Work:
    """Stands in for the `collect` hook."""

    def read(collector: AbstractCollector, run: Run) -> CollectResult:
        place = open_archive(load_settings())
        if place is None:
            raise ConfigError("RAW_ARCHIVE_URL is none: say where the archive lies to read it")
        with run.transaction() as session:
            of_source = (source.collector, source.source_key)
            segments = find_segments(session, *of_source, run_id=run_id, since=since)
        if not segments:
            raise ConfigError(
                f"the archive has nothing of {source} for that: see `bdc archive list`"
            )
        payloads = Payloads(place, segments)
        result = collector.reprocess(run, payloads)
        payloads.require_whole()
        return result

    return read


def _parameters_of_newest(source: Source) -> Mapping[str, Any]:
    """The parameters of the source's newest run, which the ledger never forgets."""
    settings = load_settings()
    database = open_database(require_database_url(settings), application_name=f"bdc {source}")
    try:
        with database.transaction() as session:
            newest = ledger.latest_run_of(session, source)
    finally:
        database.close()
    if newest is None:
        raise ConfigError(f"{source} has never run here: the ledger does not know its parameters")
    return newest.parameters
