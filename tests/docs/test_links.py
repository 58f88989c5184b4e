"""Every link between our documents leads somewhere, to a heading that is there too."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.local_stack import ROOT

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob(".github/**/*.md")]
)


@cache
def prose(document: Path) -> str:
    """Without its blocks of code."""
    return CODE.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    words = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(document))
    )
    return {text.strip().replace(" ", "-") for text in words}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_links_lead_somewhere(document: Path) -> None:
    broken = [link for link in LINK.findall(prose(document)) if not leads_somewhere(document, link)]
    assert not broken


def leads_somewhere(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (document.parent / name).resolve() if name else document
    is_document = target.suffix == ".md"
    return target.exists() and (not anchor or not is_document or anchor in anchors(target))


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        seen.add(document)
        links = [link.partition("#")[0] for link in LINK.findall(prose(document))]
        found = {(document.parent / link).resolve() for link in links if link}
        found |= {page for folder in found if folder.is_dir() for page in folder.glob("*.md")}
        waiting += [page for page in found if page.suffix == ".md" and page not in seen]
    assert {page for page in DOCUMENTS if page.is_relative_to(ROOT / "docs")} <= seen
