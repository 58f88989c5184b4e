"""Which collectors there are, read from their packages' docstrings without importing them.

Those of this project are the folders of `collectors/`; those of other packages are announced by
entry points of the group `bdc.collectors`: `slug = package.module:flow_function`.
"""

import ast
import difflib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from services.errors import ConfigError

FIELDS = ("Source", "Owner", "Tables", "Secrets", "New means")
EXEMPT = "Exempt"
GROUP = "bdc.collectors"


@dataclass(frozen=True, slots=True)
class CollectorEntry:
    """A collector as its room's docstring introduces it; `entrypoint` is its flow, with dots."""

    name: str
    summary: str
    facts: dict[str, str]
    entrypoint: str
    room: Path | None = None

    @property
    def module(self) -> str:
        """The module of its flow, which also holds `build`."""
        return self.entrypoint.rpartition(".")[0]

    def exemptions(self) -> dict[str, str]:
        """The promises that it need not keep, each with the reason: `name, name — reason; …`.

        Raises:
            ConfigError: one has no reason.
        """
        found: dict[str, str] = {}
        for part in filter(None, map(str.strip, self.facts.get(EXEMPT, "").split(";"))):
            names, _, reason = part.partition(" — ")
            if not reason:
                raise ConfigError(f"{self.name} is exempt without a reason: {names}")
            found |= {name.strip(): reason for name in names.split(",")}
        return found


def list_collectors(folder: Path) -> list[CollectorEntry]:
    """Every room in `folder`, by name."""
    rooms = sorted(path.parent for path in folder.glob("*/__init__.py"))
    return [_entry(room.name, f"flows.{room.name}.{room.name}", room) for room in rooms]


def all_collectors(folder: Path) -> list[CollectorEntry]:
    """Every room in `folder` and those of other packages, by name; a room of ours wins."""
    announced = {found.name: found for found in entry_points(group=GROUP)}
    own = list_collectors(folder)
    for entry in own:
        announced.pop(entry.name, None)
    others = [_foreign_entry(found) for found in announced.values()]
    return sorted([*own, *others], key=lambda entry: entry.name)


def find_collector(folder: Path, name: str) -> CollectorEntry:
    """The collector of this name.

    Raises:
        ConfigError: naming the nearest ones when there is none.
    """
    entries = {entry.name: entry for entry in all_collectors(folder)}
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(entries)}"
    raise ConfigError(f"no collector is called {name}: {hint} (`bdc list` shows all)")


def flow_entrypoint(name: str) -> str:
    """The flow of a collector, as a module's path; that of a room of ours unless announced."""
    if (Path(__file__).parents[1] / "collectors" / name).is_dir():
        return f"flows.{name}.{name}"
    announced = entry_points(group=GROUP, name=name)
    return next((_dotted(found) for found in announced), f"flows.{name}.{name}")


def _foreign_entry(found: EntryPoint) -> CollectorEntry:
    """One whose package cannot be found is listed nevertheless: broken is not the same as absent."""
    package = found.module.rpartition(".")[0] or found.module
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        summary = f"broken: there is no package {package}, which {found.value} is to be in"
        return CollectorEntry(found.name, summary, {}, _dotted(found))
    return _entry(found.name, _dotted(found), Path(spec.origin).parent)


def _dotted(found: EntryPoint) -> str:
    return f"{found.module}.{found.attr}"


def _entry(name: str, entrypoint: str, room: Path) -> CollectorEntry:
    text = (room / "__init__.py").read_text(encoding="utf-8")
    summary, _, rest = (ast.get_docstring(ast.parse(text)) or "").partition("\n")
    return CollectorEntry(name, summary.strip(), _facts(rest), entrypoint, room)


def _facts(text: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        field, separator, value = line.partition(":")
        if separator and field in (*FIELDS, EXEMPT):
            facts[field] = value.strip()
        elif facts:
            last = next(reversed(facts))
            facts[last] = f"{facts[last]} {line}"
    return facts
