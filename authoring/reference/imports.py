"""The page of imports: which package knows which, read from the code without running it."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from authoring.reference.markdown import code, document, table

PACKAGES = ("cli", "conformance", "authoring", "flows", "collectors", "deployments", "services")
# Told apart by their parts: a room, a part of the hall.
ROOMS = ("collectors", "services")
Edges = Mapping[str, set[str]]


def imports_page(root: Path) -> str:
    """Two maps, and the rules that keep them so."""
    modules = {_name(root, path): path for package in PACKAGES for path in _files(root, package)}
    found = [(name, known) for name, path in modules.items() for known in _imported(path)]
    ours = [(name, known) for name, known in found if known.split(".")[0] in PACKAGES]
    hall = [pair for pair in ours if pair[0].startswith("services.")]
    return document(
        "# Imports",
        "Who knows whom. An arrow leads from the one that imports to the one that is imported.",
        "## The house",
        _diagram(_edges(ours, 1)),
        "## The hall",
        "`services`, what more than one room needs.",
        _diagram(_edges(hall, 2)),
        "## The rules",
        "`make imports` holds them; they stand in `pyproject.toml`.",
        "\n".join(f"- {rule}" for rule in _rules(root)),
        "## Who knows which library",
        table(["library", "known to"], _libraries(found)),
    )


def _files(root: Path, package: str) -> Iterator[Path]:
    yield from sorted((root / package).rglob("*.py"))


def _name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path) -> Iterator[str]:
    """Modules, by their whole names; what is imported from one counts as a part of it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _edges(pairs: list[tuple[str, str]], depth: int) -> Edges:
    """Between the first `depth` parts of the names; none to itself."""
    edges: dict[str, set[str]] = defaultdict(set)
    for name, known in pairs:
        start, end = (".".join(one.split(".")[:depth]) for one in (name, known))
        if start != end and end.count(".") == depth - 1:
            edges[start].add(end)
    return edges


def _diagram(edges: Edges) -> str:
    lines = [
        f"    {_short(start)} --> {_short(end)}"
        for start, ends in sorted(edges.items())
        for end in sorted(ends)
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _rules(root: Path) -> list[str]:
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return [contract["name"] for contract in contracts]


def _libraries(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that the rules are about."""
    return [
        (code(library), ", ".join(code(name) for name in sorted(_known_to(library, found))))
        for library in ("prefect", "sqlalchemy", "httpx", "slack_sdk", "psycopg")
    ]


def _known_to(library: str, found: list[tuple[str, str]]) -> set[str]:
    importers = (name.split(".") for name, known in found if known.split(".")[0] == library)
    return {".".join(parts[: 2 if parts[0] in ROOMS else 1]) for parts in importers}
