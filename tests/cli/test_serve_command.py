"""`bdc serve` as a process: what it needs, what it serves, how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.cli.conftest import Outcome
from tests.support.local_stack import ROOT, free_port, poll

Bdc = Callable[..., Outcome]


def test_without_a_database_it_does_not_start(bdc: Bdc) -> None:
    done = bdc("serve")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "make up" in done.err


def test_wrong_settings_are_named_and_start_nothing(bdc: Bdc, database_url: str) -> None:
    wrong = {
        "HEALTH_MIN_WORKERS": "many",
        "HEALTH_PREFECT_TIMEOUT_SECONDS": "0",
        "HEALTH_COLLECTOR_STALE_HOURS": "soon",
    }
    done = bdc("serve", DATABASE_URL=database_url, **wrong)
    assert done.code == 2
    assert [line.split()[1].rstrip(":") for line in done.err.splitlines()] == list(wrong)


def test_it_serves_until_it_is_stopped(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url, "BDC_STATUS_PORT": str(port)}
    environment |= {"PREFECT_API_URL": "http://127.0.0.1:1/api", "PYTHONPATH": str(ROOT)}
    environment |= {"PREFECT_UI_URL": "https://prefect.example.org/"}
    serving = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        poll(lambda: answers(f"{address}/health/live"), 30, "the service")
        assert httpx.get(f"{address}/health/").json()["status"] == "unhealthy"
        assert 'href="https://prefect.example.org"' in httpx.get(address).text
    finally:
        serving.send_signal(signal.SIGTERM)
        out, _ = serving.communicate(timeout=20)
    assert f"Status page  http://127.0.0.1:{port}/" in out


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.ConnectError:
        return False


def test_alerts_and_announcements_need_a_prefect_to_be_told_by(bdc: Bdc, database_url: str) -> None:
    for command in (["serve", "--alerts"], ["deploy", "announce", "v1"]):
        done = bdc(*command, DATABASE_URL=database_url)
        assert (done.code, "PREFECT_API_URL is not set" in done.err) == (2, True), command


def test_an_announcement_that_nobody_takes_is_an_error(bdc: Bdc, database_url: str) -> None:
    done = bdc(
        "deploy", "announce", DATABASE_URL=database_url, PREFECT_API_URL="http://127.0.0.1:1/api"
    )
    assert (done.code, done.err) == (1, "bdc: Prefect's API: ConnectError\n")
