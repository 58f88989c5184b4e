"""Tests that share a server run in one process, as `xdist_group` says: each process would start its own."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import os
from pathlib import Path

import pytest


@pytest.mark.xdist_group("shared")
@pytest.mark.parametrize("number", range(4))
def test_one(number: int) -> None:
    Path(f"ran-{number}-{os.getpid()}").touch()
"""


def test_a_group_of_tests_runs_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_shared.py").write_text(TESTS, encoding="utf-8")
    command = ("-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup")
    ran = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout.decode()
    ids = [path.name.rsplit("-", 1)[1] for path in tmp_path.glob("ran-*")]
    assert len(ids) == 4
    assert len(set(ids)) == 1
