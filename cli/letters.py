"""`bdc dead-letters`: the records that could not be stored."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Parameter

from cli.connection import connected
from cli.environment import prepare_prefect
from cli.output import Json, complaints, console, print_json, show
from services.database import Session
from services.errors import ConfigError
from services.runs import services as ledger
from services.runs.models import CollectorDeadLetter
from services.runs.services import Source
from services.settings import load_settings

if TYPE_CHECKING:
    from prefect import State

app = App(name="dead-letters", help="Deal with records that could not be stored.")
MOST_AT_ONCE = 100_000
All = Annotated[bool, Parameter(name="--all", negative="")]


@app.command(name="list")
def list_(
    *, collector: str | None = None, all_: All = False, limit: int = 100, json: Json = False
) -> None:
    """List what waits, newest first.

    Example: `bdc dead-letters list --collector wg21_paper_tracker`

    Args:
        collector: Only this one's.
        all_: Also what is resolved or discarded.
        limit: How many.
        json: Print JSON, for programs.
    """
    status = None if all_ else "open"
    with connected() as database, database.transaction() as session:
        letters = ledger.dead_letters(session, collector=collector, status=status, limit=limit)
        rows = [_short(letter) for letter in letters]
    show(rows, as_json=json, empty="No dead letters.")


@app.command(name="show")
def show_one(letter: int, *, json: Json = False) -> None:
    """Show one whole, with what the source sent.

    Example: `bdc dead-letters show 7`
    """
    with connected() as database, database.transaction() as session:
        (found,) = ledger.dead_letters_by_id(session, [letter])
        facts = {c.key: getattr(found, c.key) for c in CollectorDeadLetter.__table__.columns}
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        console.print(f"{name}: {value}", markup=False)


@app.command
def retry(*letters: int) -> int:
    """Try to store open letters again: all of them, or those named.

    Example: `bdc dead-letters retry 7`
    """
    prepare_prefect(load_settings())
    with connected() as database, database.transaction() as session:
        batches = _by_source(_wanted(session, letters))
    if not batches:
        console.print("No dead letters wait.")
    outcomes = [_retry(source, ids) for source, ids in batches.items()]
    return 0 if all(outcomes) else 1


@app.command
def discard(*letters: int) -> None:
    """Give letters up: they are kept, but no longer wait.

    Example: `bdc dead-letters discard 7 8`

    Args:
        letters: Their numbers.
    """
    if not letters:
        raise ConfigError("name the letters to discard: `bdc dead-letters list` shows them")
    with connected() as database, database.transaction() as session:
        ledger.dead_letters_by_id(session, letters)
        count = ledger.settle_dead_letters(session, letters, "discarded")
    console.print(f"{count} discarded")


def _wanted(session: Session, letters: Sequence[int]) -> Sequence[CollectorDeadLetter]:
    if letters:
        found = ledger.dead_letters_by_id(session, letters)
        return [letter for letter in found if letter.status == "open"]
    return ledger.dead_letters(session, limit=MOST_AT_ONCE)


def _by_source(letters: Sequence[CollectorDeadLetter]) -> dict[Source, list[int]]:
    batches: dict[Source, list[int]] = {}
    for letter in letters:
        batches.setdefault(Source(letter.collector, letter.source_key), []).append(letter.id)
    return batches


def _retry(source: Source, ids: list[int]) -> bool:
    """Whether every one of these letters is stored now."""
    from flows.dead_letters import retry_dead_letters  # noqa: PLC0415 - imports Prefect, seconds

    call = retry_dead_letters(source.collector, source.source_key, ids, return_state=True)
    state = asyncio.run(cast("Coroutine[None, None, State[object]]", call))
    place = console if state.is_completed() else complaints
    place.print(f"{source}: {state.name}: {state.message}", markup=False)
    return state.is_completed() and state.name != "Partial"


def _short(letter: CollectorDeadLetter) -> dict[str, Any]:
    return {
        "letter": letter.id,
        "collector": letter.collector,
        "source": letter.source_key,
        "item": letter.item_key,
        "error": letter.error,
        "attempts": letter.attempts,
        "status": letter.status,
        "since": letter.created_at,
    }
