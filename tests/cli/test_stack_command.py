"""`bdc up` and `bdc worker` with schedules: nothing is started with one that is wrong."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.servers import free_port
from tests.cli.conftest import Outcome
from tests.support.local_stack import ROOT

Bdc = Callable[..., Outcome]
# Starts nothing by itself: a test needs no network.
DISABLED = """\
groups:
  mine:
    default_time: "04:30"
    tasks:
      - collector: github_activity_tracker
        schedule: interval
        minutes: 60
        enabled: false
        parameters: {repository: a/b}
"""
WRONG = DISABLED.replace("minutes: 60", "minutes: 600").replace('"04:30"', "04:30")


@pytest.fixture
def file(bdc: Bdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The schedule that all commands of a test take."""
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BDC_SCHEDULE", str(tmp_path / "schedule.yaml"))
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    return tmp_path / "schedule.yaml"


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize("command", ["up", "worker"])
def test_a_wrong_schedule_starts_nothing(
    bdc: Bdc, file: Path, command: str, environment: str
) -> None:
    file.write_text(WRONG, encoding="utf-8")
    done = bdc(command, **addresses(environment))
    assert (done.code, done.err.count("schedule.yaml:")) == (2, 2)
    assert not (file.parent / "home" / "up.lock").exists()
    assert not (file.parent / "home" / "postgres").exists()


@pytest.mark.parametrize("command", ["up", "worker"])
def test_production_does_not_start_with_a_schedule_that_runs_nothing(
    bdc: Bdc, file: Path, command: str
) -> None:
    done = bdc(command, **addresses("production"))
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "schedule.yaml does not exist: nothing would ever run" in done.err


def addresses(environment: str) -> dict[str, str]:
    return {
        "BDC_ENVIRONMENT": environment,
        "DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "PREFECT_API_URL": "http://127.0.0.1:1/api",
        "PREFECT_API_AUTH_STRING": "name:password",
    }


def test_up_brings_the_schedule_onto_its_server_and_collects_once(tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(DISABLED, encoding="utf-8")
    unset = ("DATABASE_URL", "PREFECT_API_URL", "PREFECT_HOME")
    outside = {name: value for name, value in os.environ.items() if name not in unset}
    ours = {
        "BDC_HOME": str(tmp_path / "home"),
        "BDC_PORT": str(free_port()),
        "BDC_STATUS_PORT": str(free_port()),
        "BDC_SCHEDULE": str(schedule),
        "BDC_WORK_POOL": "mine",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli", "up", "--once"],
        cwd=tmp_path,
        env={**outside, **ours},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "create deployment github_activity_tracker/interval-mine-" in done.stdout
    assert "create deployment github_activity_tracker/on-demand" in done.stdout
    assert "has no enabled task: nothing would ever run" in done.stderr
    assert "3 rows in github_activity_tracker_commit" in done.stdout
