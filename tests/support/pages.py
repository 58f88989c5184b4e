"""The documents of this repository, and what stands in them."""

import re
from functools import cache
from pathlib import Path

from tests.support.local_stack import ROOT

DOCS = ROOT / "docs"
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob(".github/**/*.md")])
# Written from the code, each by a test of its own.
WRITTEN = [page for page in PAGES if not page.is_relative_to(DOCS / "reference")]


def name_of(page: Path) -> str:
    """Its place in the repository."""
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    """All of it."""
    return page.read_text(encoding="utf-8")


@cache
def prose_of(page: Path) -> str:
    """Without its blocks of code."""
    return CODE.sub("", text_of(page))


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """As GitHub makes them of headings."""
    words = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(prose_of(page)))
    return frozenset(text.strip().replace(" ", "-") for text in words)
