"""YAML with the line of every value, and no guesses about what a word means.

PyYAML reads YAML 1.1, where the key `on` is true, `no` is false, `16:10` is the number 970, `010`
is 8, and of two equal keys the first vanishes without a word. Here a plain word is text unless it
is `true`, `false`, `null` or a decimal number, and what other readers take differently is reported.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

# The C parser is ten times as fast; a PyYAML without it does the same.
FASTEST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"
# Pattern of the whole word, and the characters it may start with.
_PLAIN_TYPES = {
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
    "float": (
        r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)",
        [*"-+0123456789"],
    ),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "merge": (r"<<", ["<"]),
}
_TIME = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+")


class _Loader(FASTEST_LOADER):  # type: ignore[misc] # which base depends on how PyYAML was built
    """Composes nodes only; nothing is constructed from a tag."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own convention


for _name, (_pattern, _first) in _PLAIN_TYPES.items():
    _Loader.add_implicit_resolver(_PREFIX + _name, re.compile(f"(?:{_pattern})$"), _first)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place of a document; `line` when it is not that of the place."""

    path: Path
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, as dicts, lists and scalars; where it says it; what is wrong with it.

    `data` is usable with findings too: of two equal keys it has the first, an unquoted time is text.
    """

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def at(self, path: Path) -> Any:
        """The value at a place; None where there is nothing."""
        value = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def line_of(self, path: Path) -> int:
        """The line of the value, or of the nearest thing around it that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def subject(path: Path) -> str:
    """The words for a place that a finding's text starts with."""
    match path:
        case ():
            return "the document"
        case (*_, str(key), int(number)):
            return f"`{key}`, item {number + 1},"
        case _:
            return f"`{path[-1]}`"


def read_yaml(text: str) -> Document:
    """Read one document; what is not YAML is a finding, not an exception."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        return Document(findings=[_syntax_finding(error)])
    except yaml.YAMLError as error:
        return Document(findings=[Finding((), f"is not YAML: {' '.join(str(error).split())}", 1)])
    reading = _Reading()
    data = None if node is None else reading.value(node, ())
    return Document(data, reading.lines, reading.findings)


def _syntax_finding(error: yaml.MarkedYAMLError) -> Finding:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    context = f" {error.context}" if error.context else ""
    return Finding((), f"is not YAML: {error.problem}{context}", line)


class _Reading:
    """One pass over the nodes of a document."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.findings: list[Finding] = []
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, _line(node))
        if not isinstance(node, yaml.CollectionNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._report(node, path, "contains itself; write it out instead")
            return None
        self._open.add(id(node))
        read = self._mapping if isinstance(node, yaml.MappingNode) else self._sequence
        found = read(node, path)
        self._open.discard(id(node))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text = node.value
        match node.tag.removeprefix(_PREFIX):
            case "str" | "merge":
                self._expect_quotes(node, path)
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float" as kind:
                return self._number(node, path, kind)
            case tag:
                self._report(node, path, f"has the tag {tag}; write a plain value")
                return None

    def _number(self, node: yaml.Node, path: Path, kind: str) -> Any:
        """A tag may claim that any text is a number."""
        try:
            return int(node.value) if kind == "int" else float(node.value)
        except ValueError:
            self._report(node, path, f"is not a number: {node.value}; remove the tag")
            return None

    def _expect_quotes(self, node: yaml.Node, path: Path) -> None:
        if isinstance(node, yaml.ScalarNode) and not node.style and _TIME.fullmatch(node.value):
            why = "many readers take it for a number"
            self._report(
                node, path, f'is {node.value} without quotes, {why}; quote it: "{node.value}"'
            )

    def _sequence(self, node: yaml.CollectionNode, path: Path) -> list[Any]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.CollectionNode, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merges = []
        for key, value in node.value:
            if key.tag == _PREFIX + "merge":
                merges.append(value)
            elif self._is_new_key(key, path, own):
                self.lines.setdefault((*path, key.value), _line(key))
                own[key.value] = self.value(value, (*path, key.value))
        return {**self._merged(merges, path, own), **own} if merges else own

    def _is_new_key(self, key: yaml.Node, path: Path, own: dict[str, Any]) -> bool:
        if not isinstance(key, yaml.ScalarNode) or key.tag != _PREFIX + "str":
            shown = key.value if isinstance(key, yaml.ScalarNode) else "of several values"
            self._report(key, path, f'has the key {shown}, which is not text; quote it: "{shown}"')
            return False
        if key.value in own:
            first = self.lines[(*path, key.value)]
            place = (*path, key.value)
            self._report(key, place, f"is written twice, first on line {first}; keep one of them")
            return False
        return True

    def _merged(self, nodes: list[yaml.Node], path: Path, own: dict[str, Any]) -> dict[str, Any]:
        """What `<<` brings in; own keys win, but two sources must not disagree."""
        found: dict[str, Any] = {}
        for source in _sources(nodes):
            values = self.value(source, path)
            if not isinstance(values, dict):
                self._report(source, path, "merges (`<<`) what is not a mapping")
                continue
            for key in sorted(values.keys() & found.keys() - own.keys()):
                self._expect_equal(source, (*path, key), values[key], found[key])
            found = {**values, **found}
        return found

    def _expect_equal(self, node: yaml.Node, path: Path, one: Any, other: Any) -> None:
        if one != other:
            self._report(node, path, "comes from two merges (`<<`); write it here")

    def _report(self, node: yaml.Node, path: Path, text: str) -> None:
        self.findings.append(Finding(path, f"{subject(path)} {text}", _line(node)))


def _sources(nodes: list[yaml.Node]) -> list[yaml.Node]:
    sources: list[yaml.Node] = []
    for node in nodes:
        sources.extend(node.value if isinstance(node, yaml.SequenceNode) else [node])
    return sources


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
