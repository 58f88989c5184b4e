"""`bdc reprocess`."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from cli.connection import connected
from cli.environment import COLLECTORS, prepare_prefect
from cli.output import complaints, console
from services.archive.services import find_segments
from services.catalogue import find_collector
from services.errors import ConfigError
from services.settings import load_settings

if TYPE_CHECKING:
    from prefect import State


def reprocess(
    collector: str,
    *,
    source_key: str | None = None,
    run: int | None = None,
    since: datetime | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Store once more what a collector was answered, by the code of today, without its source.

    Example: `bdc reprocess wg21_paper_tracker --since 2026-11-01 --dry-run`

    Twice is the same as once, and what is newer in the tables stays.

    Args:
        collector: Its name, as `bdc list` shows it.
        source_key: One of its sources only.
        run: Only what this run was answered; `bdc runs list` shows them.
        since: Only segments of the archive with answers since then, UTC, as 2026-11-01.
        dry_run: Compare, write nothing, say what would change.
    """
    name = find_collector(COLLECTORS, collector.replace("-", "_")).name
    prepare_prefect(load_settings())
    begun = since and (since if since.tzinfo else since.replace(tzinfo=UTC))
    sources = _sources(name, source_key, run, begun)
    outcomes = [_read_again(name, source, run, begun, dry_run=dry_run) for source in sources]
    return 0 if all(outcomes) else 1


def _sources(
    name: str, source_key: str | None, run: int | None, since: datetime | None
) -> list[str]:
    with connected() as database, database.transaction() as session:
        segments = find_segments(session, name, source_key, run_id=run, since=since)
    if not segments:
        raise ConfigError(f"the archive has nothing of {name} for that: see `bdc archive list`")
    return sorted({segment.source_key for segment in segments})


def _read_again(
    name: str, source_key: str, run: int | None, since: datetime | None, *, dry_run: bool
) -> bool:
    from flows.reprocess import reprocess as flow  # noqa: PLC0415 - imports Prefect, seconds

    call = flow(name, source_key, run, since, dry_run, return_state=True)
    state = asyncio.run(cast("Coroutine[None, None, State[object]]", call))
    place = console if state.is_completed() else complaints
    place.print(f"{name} {source_key}: {state.name}: {state.message}", markup=False)
    return state.is_completed()
