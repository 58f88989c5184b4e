"""Which names a new collector may have: one that nothing else has, in Python and here."""

import builtins
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import yaml

from services.catalogue import list_collectors

SHORTEST, LONGEST = 3, 50
# Folders at the top of the repository that Python does not see as packages.
FOLDERS = frozenset({"docs", "requirements", "tests"})
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_TABLE = re.compile(r'__tablename__ = "(\w+)"')
_VARIABLE = re.compile(r"^([A-Z0-9_]+)=", re.MULTILINE)


def name_problems(slug: str, root: Path) -> list[str]:
    """Everything that forbids to call a new collector so, in words; nothing when it may be.

    A table's name starts with its owner's, and so does a setting's: a name must not be the
    beginning of another one's either.
    """
    found = [*_shape(slug), *_python(slug), *_places(slug, root), *_prefixes(slug, root)]
    return [f"name {slug!r} {problem}" for problem in found]


def _shape(slug: str) -> Iterator[str]:
    if not _NAME.fullmatch(slug):
        yield "is not lower-case letters, digits and _, starting with a letter, and nothing else"
    if "__" in slug:
        yield "has two underscores in a row"
    if slug.endswith("_"):
        yield "ends with an underscore"
    if len(slug) > LONGEST:
        yield f"has {len(slug)} characters: {LONGEST} at most, for table names keep within 63"
    if len(slug) < SHORTEST:
        yield f"has fewer than {SHORTEST} characters"


def _python(slug: str) -> Iterator[str]:
    if keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        yield "is a word of Python's own"
    if hasattr(builtins, slug):
        yield "is a built-in name of Python"
    if slug in sys.stdlib_module_names:
        yield "is a module of Python's library"
    elif slug in FOLDERS or _is_importable(slug):
        yield "is a package that is installed, or a folder of this project"


def _is_importable(slug: str) -> bool:
    """A folder without any module counts for nothing: it may be anywhere."""
    if not _NAME.fullmatch(slug):
        return False
    spec = find_spec(slug)
    return spec is not None and spec.origin is not None


def _places(slug: str, root: Path) -> Iterator[str]:
    if slug in _rooms(root):
        yield "is a collector already"
    elif (root / "flows" / f"{slug}.py").exists():
        yield f"is a module of the flows already: flows/{slug}.py"
    if slug in _deployments(root):
        yield "is a group or a deployment of the schedule already"


def _prefixes(slug: str, root: Path) -> Iterator[str]:
    yield from _shared(slug, "tables", sorted(_tables(root)))
    yield from _shared(slug.upper(), "settings", sorted(_variables(root)))
    if longer := [room for room in _rooms(root) if slug.startswith(f"{room}_")]:
        yield f"starts with the name of the collector {longer[0]}: its tables would seem to be that one's"


def _shared(prefix: str, what: str, names: Iterable[str]) -> Iterator[str]:
    taken = [name for name in names if name == prefix or name.startswith(f"{prefix}_")]
    if taken:
        yield f"is how {what} of others start: {', '.join(taken[:3])}"


def _rooms(root: Path) -> list[str]:
    return [entry.name for entry in list_collectors(root / "collectors")]


def _deployments(root: Path) -> set[str]:
    rendered = yaml.safe_load((root / "prefect.yaml").read_text(encoding="utf-8"))
    return {str(deployment["name"]) for deployment in rendered["deployments"]}


def _tables(root: Path) -> set[str]:
    models = [*root.glob("services/**/models.py"), *root.glob("collectors/*/models.py")]
    models += root.glob("collectors/*/models/*.py")
    return {name for path in models for name in _TABLE.findall(path.read_text(encoding="utf-8"))}


def _variables(root: Path) -> set[str]:
    return set(_VARIABLE.findall((root / ".env.example").read_text(encoding="utf-8")))
