"""A package in a repository of its own: its collectors are found, and keep the promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.checking import copy_sample

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return copy_sample(tmp_path / "sample")


def run_in(sample: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """With the package on the path, as if it were installed."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(sample), str(ROOT)]),
        "BDC_SCHEDULE": str(sample / "schedule.yaml"),
    }
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=sample,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_collectors_are_listed_run_and_scheduled_like_ours(sample: Path) -> None:
    listed = run_in(sample, "cli", "list")
    assert "acme_notices             The notices that Acme puts on its board." in listed.stdout
    parameters = run_in(sample, "cli", "run", "acme_notices", "--help")
    assert "--board" in parameters.stdout
    checked = run_in(sample, "cli", "schedule", "check")
    assert checked.stdout == "the schedule is right: groups 1, enabled tasks 1\n"


@pytest.mark.long
def test_it_is_held_to_every_promise(sample: Path) -> None:
    held = run_in(sample, "pytest", "-q", "-p", "no:cacheprovider")
    assert held.returncode == 0, held.stdout[-3000:]
    assert "exempt from promises" not in held.stdout


def test_what_it_is_exempt_from_is_listed_with_the_reason(sample: Path) -> None:
    for recording in sample.glob("tests/collectors/*/recordings/*.yaml"):
        recording.unlink()
    room = sample / "acme_notices" / "__init__.py"
    text = room.read_text(encoding="utf-8").rstrip().removesuffix('"""')
    room.write_text(f'{text}Exempt: recordings — the board is shut.\n"""\n', encoding="utf-8")
    held = run_in(sample, "pytest", "-q", "-p", "no:cacheprovider", "-k", "recordings")
    assert held.returncode == 0, held.stdout[-3000:]
    assert "acme_notices: recordings — the board is shut." in held.stdout


def test_an_exemption_from_a_promise_that_is_kept_is_an_error(sample: Path) -> None:
    room = sample / "acme_notices" / "__init__.py"
    text = room.read_text(encoding="utf-8").rstrip().removesuffix('"""')
    room.write_text(f'{text}Exempt: flow — nobody likes it\n"""\n', encoding="utf-8")
    held = run_in(sample, "pytest", "-q", "-p", "no:cacheprovider", "-k", "flow")
    assert held.returncode == 1
    assert "exempt because nobody likes it, but the promise is kept" in held.stdout
