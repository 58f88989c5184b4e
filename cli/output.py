"""Lists for people (a table) and for programs (JSON)."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON, for programs.")]
# Piped into a file or a pager there is no width to keep to.
WIDTH = None if sys.stdout.isatty() else 200
console = Console(highlight=False, soft_wrap=True, width=WIDTH)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)
Rows = Sequence[Mapping[str, Any]]


def show(rows: Rows, *, as_json: bool, empty: str) -> None:
    """Print rows of equal keys; `empty` is what people read when there are none."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        console.print(empty)
    else:
        console.print(_table(rows))


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, default=str, indent=2))


def _table(rows: Rows) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dict():
            return " ".join(f"{name}={item}" for name, item in value.items())
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
