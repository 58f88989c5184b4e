"""The documents make a site: strictly, whole, and of nothing that is elsewhere."""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from authoring.site import hooks
from authoring.site.places import relinked
from tests.support.local_stack import ROOT
from tests.support.pages import DOCS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once; a broken link, or a page that the navigation lacks, fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_hook_offers_what_properdocs_calls() -> None:
    assert all(callable(getattr(hooks, name)) for name in hooks.__all__)


def test_every_page_is_in_the_navigation_of_the_first(site: Path) -> None:
    first = (site / "index.html").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert f'href="{name.replace("README", "index")}"' in first, name


def test_diagrams_are_pictures_and_code_of_the_repository_is_at_hand(site: Path) -> None:
    tables = (site / "reference" / "tables.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="\.\./(diagrams/\w+\.svg)"', tables)
    assert len(pictures) > 5
    assert all(
        (site / picture).read_text(encoding="utf-8").startswith("<svg") for picture in pictures
    )
    schedule = (site / "source" / "deployments" / "schedule.yaml.html").read_text(encoding="utf-8")
    assert "boost_release_tracker" in schedule


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]+)', text
        )
        assert loaded == [], page.name


def test_links_out_of_the_documents_lead_to_pages_of_the_site() -> None:
    page = PurePosixPath("docs/adr/0001-one.md")
    text = "[a](../deploy.md#x) [b](../../Makefile) [c](https://x.y) [d](../adr/) [e](#here)"
    assert relinked(page, text, lambda file: file.name == "adr") == (
        "[a](../deploy.md#x) [b](../source/Makefile.md) [c](https://x.y) [d](README.md) [e](#here)"
    )
    front = PurePosixPath("README.md")
    assert relinked(front, '<img src="docs/assets/a.png">', lambda _: False) == (
        '<img src="assets/a.png">'
    )
    assert relinked(page, "```sh\n[a](../b)\n```", lambda _: False) == "```sh\n[a](../b)\n```"
