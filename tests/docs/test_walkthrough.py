"""The tutorial, then every other block of commands, followed to the letter in a clone of the repository."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.servers import free_port
from tests.support.local_stack import ROOT
from tests.support.pages import WRITTEN, name_of
from tests.support.walkthrough import RUN, Walkthrough, blocks, copy_of_repository, matches

TUTORIAL = ROOT / "docs" / "tutorial.md"
OTHERS = [page for page in WRITTEN if page != TUTORIAL]
# A reader has none of these set.
OURS = ("BDC_", "DATABASE_", "PREFECT_", "COV_", "PYTEST_", "PYTHON", "VIRTUAL_ENV")


@pytest.fixture
def copy() -> Iterator[Path]:
    """A clone of the repository where PostgreSQL's own user may read it, whoever runs the tests."""
    with tempfile.TemporaryDirectory(prefix="bdc-reader-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        clone = Path(folder) / "copy"
        clone.mkdir()
        yield commit(copy_of_repository(clone))


def commit(clone: Path) -> Path:
    """A repository with one commit, by somebody."""
    who = ["-c", "user.name=A Reader", "-c", "user.email=reader@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=All"]):
        subprocess.run(["git", *who, *command], cwd=clone, check=True)
    return clone


@pytest.mark.long
def test_a_reader_who_does_what_the_documents_say_sees_what_they_show(
    copy: Path, subtests: pytest.Subtests
) -> None:
    port = free_port()
    ports = {"BDC_PORT": str(port), "BDC_STATUS_PORT": str(free_port())}
    settings = {**ports, "COLUMNS": "200"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    address = {"127.0.0.1:4200": f"127.0.0.1:{port}"}
    with Walkthrough(copy, {**inherited, **settings}, address) as reader:
        for block in blocks(TUTORIAL):
            reader.follow(block)
        for page in OTHERS:
            for block in blocks(page):
                if block.kind in RUN and not block.mark:
                    with subtests.test(f"{name_of(page)}:{block.line}"):
                        reader.follow(block)


def test_what_is_shown_leaves_open_only_what_the_dots_stand_for() -> None:
    assert matches("a…c\n", "a b\nb c  \n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a…\n", "b a\n")
