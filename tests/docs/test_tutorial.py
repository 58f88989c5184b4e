"""The tutorial, followed to the letter in a copy of the repository."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_stack import ROOT, free_port
from tests.support.walkthrough import Walkthrough, blocks, copy_of_repository, matches

TUTORIAL = ROOT / "docs" / "tutorial.md"
# A reader has none of these set.
OURS = ("BDC_", "DATABASE_", "PREFECT_", "COV_", "PYTEST_", "VIRTUAL_ENV")


@pytest.fixture
def copy() -> Iterator[Path]:
    """A clone of the repository where PostgreSQL's own user may read it, whoever runs the tests."""
    with tempfile.TemporaryDirectory(prefix="bdc-reader-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        clone = Path(folder) / "copy"
        clone.mkdir()
        yield copy_of_repository(clone)


def test_a_reader_who_does_what_the_tutorial_says_sees_what_it_shows(copy: Path) -> None:
    port = free_port()
    settings = {"BDC_PORT": str(port), "COLUMNS": "200"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    address = {"127.0.0.1:4200": f"127.0.0.1:{port}"}
    with Walkthrough(copy, {**inherited, **settings}, address) as reader:
        for block in blocks(TUTORIAL):
            reader.follow(block)


def test_what_is_shown_leaves_open_only_what_the_dots_stand_for() -> None:
    assert matches("a…c\n", "a b\nb c  \n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a…\n", "b a\n")
