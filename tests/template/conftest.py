"""A copy of the repository for each test that makes a room."""

from pathlib import Path

import pytest

from tests.support.checkout import copy_repository


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository."""
    return copy_repository(tmp_path / "checkout")
