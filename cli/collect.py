"""`bdc run` and `bdc list`."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cli.environment import COLLECTORS, prepare_prefect
from cli.output import Json, complaints, console, show
from services.catalogue import all_collectors, find_collector
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.settings import load_settings

if TYPE_CHECKING:
    from prefect import State

HELP = {"--help", "-h"}
Name = Annotated[str, Parameter(allow_leading_hyphen=True)]
Flags = Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]


def run(collector: Name, *flags: Flags) -> int:
    """Run a collector now, here, as a flow run that Prefect shows.

    Example: `bdc run wg21_paper_tracker --since 2023-01 --dry-run`

    Its flags are its flow's parameters: `bdc run github_activity_tracker --help` lists them.
    With --dry-run it fetches and compares, writes nothing and prints what would change.

    Args:
        collector: Its name, as `bdc list` shows it.
        flags: The flow's parameters.
    """
    if collector in HELP:
        console.print(run.__doc__, markup=False)
        return 0
    entry = find_collector(COLLECTORS, collector.replace("-", "_"))
    wants_help = bool(HELP & set(flags))
    if not wants_help:
        prepare_prefect(load_settings())
    flow = getattr(import_module(entry.module), entry.entrypoint.rpartition(".")[2])
    command = App(name=f"bdc run {entry.name}", help_flags=["--help", "-h"], version_flags=[])
    command.default(flow.fn)
    if wants_help:
        command.help_print([])
        return 0
    _, bound, _ = command.parse_args(list(flags), exit_on_error=False, print_error=True)
    return _report(asyncio.run(flow(**bound.arguments, return_state=True)))


def list_(*, json: Json = False) -> None:
    """List the collectors.

    Example: `bdc list`
    """
    rows = [
        {"collector": entry.name, "what": entry.summary, **entry.facts}
        if json
        else {"collector": entry.name, "what": entry.summary}
        for entry in all_collectors(COLLECTORS)
    ]
    show(rows, as_json=json, empty="There are no collectors: `bdc new` makes one.")


def _report(state: "State[CollectResult]") -> int:
    if state.is_completed():
        console.print(f"{state.name}: {state.message}", markup=False)
        _print_tables(state.result())
        return 0
    if state.name == "ConfigError":
        raise ConfigError(state.message or state.name)
    complaints.print(f"{state.name}: {state.message}", markup=False)
    return 1


def _print_tables(result: CollectResult) -> None:
    rows = [
        {"table": name, "inserted": w.inserted, "updated": w.updated, "unchanged": w.unchanged}
        for name, w in result.tables.items()
    ]
    show(rows, as_json=False, empty="")
