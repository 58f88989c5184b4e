"""The flow that tries once more to store what was set aside."""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

from prefect import State, flow

from collectors import AbstractCollector
from flows.lifecycle import Work, run_collector
from services.catalogue import flow_entrypoint
from services.database import Session, open_database
from services.errors import ConfigError
from services.runs import services as ledger
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from services.settings import PlatformSettings, load_settings, require_database_url


@flow(name="dead_letters", flow_run_name="dead_letters {collector} {source_key}")
async def retry_dead_letters(collector: str, source_key: str, letters: list[int]) -> State[Any]:
    """Replay open dead letters of one source, under its lock, in its ledger.

    Args:
        collector: Name of the collector.
        source_key: Which of its sources.
        letters: Numbers of the letters.
    """
    source = Source(collector, source_key)
    find = partial(_parameters_of_first, source, letters)
    build = partial(build_by_name, collector)
    return run_collector(collector, build, find, work=_replaying(source, letters))


def build_by_name(name: str, settings: PlatformSettings, **parameters: Any) -> AbstractCollector:
    """The collector of this name, as the flow of that name makes it."""
    module = flow_entrypoint(name).rpartition(".")[0]
    collector: AbstractCollector = import_module(module).build(settings, **parameters)
    return collector


def _replaying(source: Source, ids: Sequence[int]) -> Work:
    """Stands in for the `collect` hook: replay, then settle the letters by what came of them."""

    def replay(collector: AbstractCollector, run: Run) -> CollectResult:
        with run.transaction() as session:
            letters = ledger.open_dead_letters(session, source, ids)
        result = collector.replay(run, letters)
        with run.transaction() as session:
            _settle(session, letters, run.set_aside_keys)
        return result

    return replay


def _settle(
    session: Session, letters: Sequence[CollectorDeadLetter], failed: set[tuple[str, str]]
) -> None:
    again = [letter.id for letter in letters if (letter.stream, letter.item_key) in failed]
    stored = [letter.id for letter in letters if letter.id not in again]
    ledger.settle_dead_letters(session, stored, "resolved")
    ledger.count_attempt(session, again)


def _parameters_of_first(source: Source, ids: Sequence[int]) -> dict[str, Any]:
    """The parameters of the run that set the first letter aside: they make the same collector."""
    settings = load_settings()
    database = open_database(require_database_url(settings), application_name=f"bdc {source}")
    try:
        with database.transaction() as session:
            letters = ledger.open_dead_letters(session, source, ids)
            run = ledger.run_by_id(session, letters[0].run_id) if letters else None
    finally:
        database.close()
    if run is None:
        raise ConfigError(
            f"{source} has no open dead letters whose run the ledger still knows: run it again"
        )
    return run.parameters
