"""Every block of commands is run by a test, or names the outside thing that it needs.

Those without a mark are run by `test_walkthrough.py`, whatever their page.
"""

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.local_stack import ROOT
from tests.support.pages import WRITTEN, name_of, prose_of, text_of
from tests.support.walkthrough import RUN, Block, blocks

# What a machine for tests has not got, and how a block shows that it needs just that.
NEEDS = {
    "the internet": r"https?://\w|\bboostorg/",
    "Docker": r"^docker ",
    "Kubernetes": r"^(kubectl|helm) ",
    "Google Cloud": r"^gcloud ",
    "an editor": r"\$EDITOR",
    "a second database": r"DATABASE_URL=",
    "a machine of its own": r"^make (bench|chaos|soak)\b",
    "Slack": r"SLACK_|cppa_slack_tracker",
}
# Which tests call by the names of their commands, each in quotes.
PROGRAMS = ("bdc", "make")
BLOCKS = [(page, block) for page in WRITTEN for block in blocks(page)]
NAMES = [f"{name_of(page)}:{block.line}" for page, block in BLOCKS]
INDENTED = re.compile(r"^\n(?: {4}|\t)(?! *[-*\d]).*$", re.MULTILINE)


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=NAMES)
def test_its_mark_is_true(page: Path, block: Block) -> None:
    assert block.kind, "say what it is: ```sh, ```text, …"
    assert block.kind not in {"bash", "shell", "console"}, "call it ```sh: those are run"
    match block.mark:
        case "":
            return
        case "needs":
            assert re.search(NEEDS[block.what], block.text, re.MULTILINE)
        case "run by":
            assert unknown_to(block.what, page, block) == []
        case _:
            pytest.fail(f"a mark that nobody knows: {block.mark}")


def unknown_to(name: str, page: Path, block: Block) -> list[str]:
    """The lines of a block that the one who is said to run them does not know."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if page.name in text:
        return []
    return [line for line in block.text.splitlines() if not knows(text, line)]


def knows(text: str, line: str) -> bool:
    """It holds the line, or the names in a command, each in quotes as Python has them."""
    line = line.partition("  #")[0].strip()
    if line in text:
        return True
    program, *words = shlex.split(line)
    names = list(takewhile(re.compile(r"[a-z][a-z-]+").fullmatch, words))
    return program in PROGRAMS and all(f'"{name}"' in text for name in names)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_no_code_hides_in_indentation(page: Path) -> None:
    assert INDENTED.findall(prose_of(page)) == [], "fence it: ```sh or ```text"


def test_marks_stand_before_blocks_only() -> None:
    for page in WRITTEN:
        marks = re.findall(r"^<!-- (?:needs|run by): .*-->$", text_of(page), re.MULTILINE)
        assert len(marks) == sum(bool(block.mark) for block in blocks(page)), name_of(page)


def test_there_are_blocks_to_run() -> None:
    assert sum(block.kind in RUN for _, block in BLOCKS) > 20
