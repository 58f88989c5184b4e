"""What documents name is in the code, and what the code offers is named in the documents."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cyclopts import App

from authoring.reference.events import EVENTS
from authoring.reference.settings import variables
from cli.collect import HELP
from cli.main import app
from deployments.flow_parameters import collector_entrypoint, load_flow
from services.catalogue import list_collectors
from services.tables import describe_tables
from tests.support.local_stack import ROOT
from tests.support.pages import DOCS, WRITTEN, name_of, text_of

# The first column of its tables is of another system.
DJANGO = DOCS / "django.md"
# Made up, for examples.
MADE_UP = (
    r"my_source|other_source|heartbeat_demo\w*|HEARTBEAT_DEMO_\w+|acme_\w+|collector_1"
    r"|(test|row|get|run)_\w+"
)
# Of tools that a page speaks of.
OTHERS = {"current_user", "randomly_seed"}
COMMAND = re.compile(r"\bbdc(?: [^`\n#;&|]+)?")
INLINE = re.compile(r"`([^`\n]+)`")
SHELL = re.compile(r"^```sh[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def said(page: Path) -> str:
    """A page's text; of what is about another system, only what is about this one."""
    if page != DJANGO:
        return text_of(page)
    return "\n".join(line.split("|", 2)[-1] for line in text_of(page).splitlines())


def quoted(page: Path) -> list[str]:
    """What is set as code in its sentences."""
    return INLINE.findall(re.sub(r"^```.*?^```$", "", said(page), flags=re.MULTILINE | re.DOTALL))


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each `bdc …` that it names or has carried out."""
    shell = [line for block in SHELL.findall(said(page)) for line in block.splitlines()]
    for text in [*quoted(page), *shell]:
        if found := COMMAND.match(text.strip()):
            yield found[0].split()[1:]


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_its_commands_are_commands_with_flags_that_they_have(page: Path) -> None:
    assert [words for words in commands(page) if not is_command(words)] == []


def is_command(words: list[str]) -> bool:
    found: App = app
    while words and words[0] in {*found} - HELP - {"--version"}:
        found, words = found[words[0]], words[1:]
    if found is app:
        return not words or words[0] in {"--version", "--help", "COLLECTOR"}
    flags = {word.partition("=")[0] for word in words if word.startswith("--")}
    if found.name == ("run",):
        return flags <= flags_of_collector(words[0] if words else "")
    return flags <= {*known_flags(found), "--help"}


def known_flags(command: App) -> Iterator[str]:
    if command.default_command is not None:
        for argument in command.assemble_argument_collection():
            yield from argument.names


@cache
def flags_of_collector(name: str) -> set[str]:
    if name not in {entry.name for entry in list_collectors(ROOT / "collectors")}:
        return {"--dry-run", "--help", "--source-key", "--step"}
    properties = load_flow(collector_entrypoint(name)).schema["properties"]
    return {"--help", *(f"--{key.replace('_', '-')}" for key in properties)}


def all_commands(found: App = app, name: str = "bdc") -> Iterator[str]:
    """Every command that does something, by its whole name."""
    for part in {*found} - {"--help", "-h", "--version"}:
        inner = found[part]
        if inner.default_command is not None:
            yield f"{name} {part}"
        yield from all_commands(inner, f"{name} {part}")


def test_every_command_is_in_the_readme_or_on_a_page() -> None:
    named = {" ".join(words[:3]) for page in WRITTEN for words in commands(page)}
    readme = text_of(ROOT / "README.md")
    for command in all_commands():
        words = command.split()[1:]
        is_named = any(f"{name} ".startswith(f"{' '.join(words)} ") for name in named)
        assert is_named or f"`{words[-1]}`" in readme, command


@cache
def words_of_the_code() -> frozenset[str]:
    """Every name that stands in what is committed, documents left out."""
    listed = ["git", "ls-files", "-z", "--", ".", ":!*.md", ":!requirements", ":!tests/docs"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    texts = [path.read_bytes().decode(errors="ignore") for path in files if path.is_file()]
    found = {word for text in texts for word in re.findall(r"\w+", text)}
    return frozenset(found | {part for path in files for part in re.findall(r"\w+", path.name)})


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_its_names_are_names_of_the_code(page: Path) -> None:
    """Whatever is set as code and has an underscore: tables, columns, settings, functions, codes."""
    names = {name for text in quoted(page) for name in re.findall(r"\b[A-Za-z]\w*_\w+\b", text)}
    ours = {name for name in names - OTHERS if not re.fullmatch(MADE_UP, name)}
    assert {name for name in ours if not is_known(name)} == set()


def is_known(name: str) -> bool:
    """PostgreSQL's own names and Prefect's settings are theirs."""
    return name.startswith(("PREFECT_", "pg_")) or name in words_of_the_code()


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_its_paths_lead_to_files(page: Path) -> None:
    paths = {
        text
        for text in quoted(page)
        if re.fullmatch(r"(?:[a-z_.]+/)+[a-z_.-]*\.?[a-z]*", text) and not re.search(MADE_UP, text)
    }
    tops = {path.name for path in ROOT.iterdir()}
    ours = {path for path in paths if path.split("/")[0] in tops - {".bdc"}}
    assert {path for path in ours if not (ROOT / path).exists()} == set()


def test_events_are_named_by_their_names() -> None:
    for page in WRITTEN:
        for name in re.findall(
            r"`((?:collector|release)\.(?:run|group|alert|detected)[a-z.*]*)`", said(page)
        ):
            start = name.removesuffix("*")
            assert any(event.startswith(start) for event in EVENTS), (name_of(page), name)


def test_every_setting_table_and_event_is_in_the_reference() -> None:
    """Which is written from the code; that a page of a person names them is better still."""
    reference = "".join(text_of(page) for page in (DOCS / "reference").glob("*.md"))
    names = [name for name, *_ in variables((ROOT / ".env.example").read_text(encoding="utf-8"))]
    tables = [
        table.name for table in describe_tables() if table.owner.startswith(("s", "collectors"))
    ]
    assert [name for name in [*names, *tables, *EVENTS] if name not in reference] == []
