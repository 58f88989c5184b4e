"""A copy of the repository for each test that makes a room."""

import os
from pathlib import Path

import pytest

from tests.support.checkout import copy_repository


@pytest.fixture(autouse=True)
def _uncounted_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in a copy says nothing of how much of this repository is tested."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository."""
    return copy_repository(tmp_path / "checkout")
