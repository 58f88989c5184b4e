"""Every link between our documents leads somewhere, to a heading that is there too."""

import re
from pathlib import Path

import pytest

from tests.support.local_stack import ROOT
from tests.support.pages import DOCS, PAGES, anchors_of, name_of, prose_of

LINK = re.compile(r"(?:\]\(|\bsrc(?:set)?=\")(?!https?:|mailto:)([^)\s\"]+)[)\"]")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(prose_of(page)) if not leads_somewhere(page, link)]
    assert not broken


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    is_document = target.suffix == ".md"
    return target.exists() and (not anchor or not is_document or anchor in anchors_of(target))


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        links = [link.partition("#")[0] for link in LINK.findall(prose_of(page))]
        found = {(page.parent / link).resolve() for link in links if link}
        found |= {page for folder in found if folder.is_dir() for page in folder.glob("*.md")}
        waiting += [page for page in found if page.suffix == ".md" and page not in seen]
    assert {page for page in PAGES if page.is_relative_to(DOCS)} <= seen
