"""`bdc reconcile`: is in the tables what the source has."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from cli.connection import connected
from cli.environment import COLLECTORS, prepare_prefect
from cli.output import Json, complaints, show
from services.catalogue import find_collector
from services.completeness.services import StreamFacts, collected_sources, newest_comparisons
from services.errors import ConfigError
from services.settings import load_settings

if TYPE_CHECKING:
    from prefect import State

Sources = Annotated[list[str] | None, Parameter(name=["--source", "--repository"])]


def reconcile(
    collector: str,
    *,
    source: Sources = None,
    sample: int = 100,
    last: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Compare what sources have with what is stored; the next run repairs the gaps.

    Counts are compared, and some records one by one; where they differ, what is missing is looked for.

    Example: `bdc reconcile github_activity_tracker --repository boostorg/asio --sample 200`

    Args:
        collector: Its name, as `bdc list` shows it.
        source: Only this source, e.g. a repository; may be given several times. All that were
            collected otherwise.
        sample: About how many records of each stream are compared one by one.
        last: Ask no source: show what the last comparison found.
        json: Print JSON, for programs.
    """
    name = find_collector(COLLECTORS, collector.replace("-", "_")).name
    if sample < 0:
        raise ConfigError(f"--sample: {sample} is below 0")
    chosen = _chosen(name, source or [])
    well = last or _compare(name, chosen, sample)
    with connected() as database, database.transaction() as session:
        found = newest_comparisons(session, name, chosen)
    show([_row(one) for one in found], as_json=json, empty="Nothing was compared yet.")
    return 0 if well else 1


def _chosen(collector: str, wanted: Sequence[str]) -> list[str]:
    with connected() as database, database.transaction() as session:
        known = collected_sources(session, collector)
    unknown = [source for source in wanted if source not in known]
    if unknown:
        raise ConfigError(f"nothing was collected of {', '.join(unknown)}: `bdc run {collector}`")
    if not known:
        raise ConfigError(f"{collector} has collected nothing yet: `bdc run {collector}`")
    return list(wanted) or known


def _compare(collector: str, sources: Sequence[str], sample: int) -> bool:
    """Whether all could be compared; one that cannot is named, the others are compared."""
    prepare_prefect(load_settings())
    outcomes = [_compare_one(collector, source, sample) for source in sources]
    return all(outcomes)


def _compare_one(collector: str, source: str, sample: int) -> bool:
    from flows.reconcile import reconcile as compare  # noqa: PLC0415 - imports Prefect, seconds

    call = compare(collector, source, sample, return_state=True)
    state = asyncio.run(cast("Coroutine[None, None, State[object]]", call))
    if not state.is_completed():
        complaints.print(f"{source}: {state.name}: {state.message}", markup=False)
    return state.is_completed()


def _row(one: StreamFacts) -> dict[str, Any]:
    return {
        "source": one.source_key,
        "stream": one.stream,
        "at_source": one.at_source,
        "stored": one.stored,
        "complete": f"{one.completeness:.2%}",
        "missing": one.missing,
        "stale": one.stale,
        "gone": one.gone,
        "sampled": one.sampled,
        "to_repair": one.repairs,
        "compared": one.compared_at,
    }
