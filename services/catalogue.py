"""Which collectors there are, read from their packages' docstrings without importing them."""

import ast
import difflib
from dataclasses import dataclass
from pathlib import Path

from services.errors import ConfigError

FIELDS = ("Source", "Owner", "Tables", "Secrets", "New means")


@dataclass(frozen=True, slots=True)
class CollectorEntry:
    """A collector as its room's docstring introduces it."""

    name: str
    summary: str
    facts: dict[str, str]


def list_collectors(folder: Path) -> list[CollectorEntry]:
    """Every room in `folder`, by name."""
    rooms = sorted(path.parent for path in folder.glob("*/__init__.py"))
    return [_entry(room) for room in rooms]


def find_collector(folder: Path, name: str) -> CollectorEntry:
    """The collector of this name.

    Raises:
        ConfigError: naming the nearest ones when there is none.
    """
    entries = {entry.name: entry for entry in list_collectors(folder)}
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(entries)}"
    raise ConfigError(f"no collector is called {name}: {hint} (`bdc list` shows all)")


def _entry(room: Path) -> CollectorEntry:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    summary, _, rest = docstring.partition("\n")
    return CollectorEntry(room.name, summary.strip(), _facts(rest))


def _facts(text: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        field, separator, value = line.partition(":")
        if separator and field in FIELDS:
            facts[field] = value.strip()
        elif facts:
            last = next(reversed(facts))
            facts[last] = f"{facts[last]} {line}"
    return facts
