"""A Prefect server that asks for credentials gets them from everything of ours, and tells strangers apart."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_AUTH_STRING, temporary_settings

from deployments import probes
from deployments.connection import open_client
from deployments.local.processes import ProcessRecords
from deployments.local.worker import Worker
from services.errors import AccessDenied, ConfigError
from tests.support.local_stack import ANSWER_SECONDS, LocalPrefect, running_prefect

AUTH = "bdc:a password of this test"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("deployments")


@pytest.fixture(scope="module")
def guarded(prefect_api: LocalPrefect) -> Iterator[LocalPrefect]:
    """Started after the one that all tests share, which must not learn of the credentials."""
    del prefect_api
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_API_AUTH_STRING: AUTH}):
        patch.setenv("PREFECT_API_AUTH_STRING", AUTH)
        with running_prefect() as server:
            yield server


def doctor(server: LocalPrefect, auth: str, database_url: str) -> dict[str, tuple[bool, str]]:
    """What it finds in production, by subject."""
    environment = {
        **os.environ,
        "BDC_ENVIRONMENT": "production",
        "DATABASE_URL": database_url,
        "PREFECT_API_URL": server.api_url,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_HOME": str(server.home / "doctor"),
    }
    command = [sys.executable, "-m", "cli", "doctor", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert AUTH not in done.stdout + done.stderr
    return {row["subject"]: (row["ok"], row["detail"]) for row in json.loads(done.stdout)}


def test_the_doctor_is_let_in_and_finds_strangers_refused(
    guarded: LocalPrefect, database_url: str
) -> None:
    found = doctor(guarded, AUTH, database_url)
    assert [found[subject][0] for subject in ("prefect", "access", "scheduler")] == [True] * 3
    assert "bdc deploy plan" in found["deployments"][1]


def test_wrong_credentials_are_named(guarded: LocalPrefect, database_url: str) -> None:
    ok, said = doctor(guarded, "bdc:wrong", database_url)["prefect"]
    assert (ok, "refuses PREFECT_API_AUTH_STRING" in said) == (False, True)


def test_a_worker_and_its_flow_runs_are_let_in(guarded: LocalPrefect) -> None:
    guarded.ensure_pool("guarded")
    said: list[str] = []
    worker = Worker(
        "guarded",
        environment=guarded.environment(),
        records=ProcessRecords(guarded.home / "guarded.json"),
        log=guarded.home / "logs" / "guarded.log",
        report=said.append,
    )
    worker.start()
    try:
        run = guarded.start_run("quick", "guarded")
        guarded.wait_for_state(run, StateType.COMPLETED)
    finally:
        worker.stop()
    assert said == []


def test_a_stranger_is_refused(guarded: LocalPrefect) -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_AUTH_STRING}),
        pytest.raises(AccessDenied),
        open_client(guarded.api_url) as client,
    ):
        client.read_work_pools()
    assert httpx.get(f"{guarded.api_url}/health", timeout=ANSWER_SECONDS).is_success


def test_a_server_that_asks_nobody_is_found(prefect_api: LocalPrefect) -> None:
    with pytest.raises(ConfigError, match="PREFECT_SERVER_API_AUTH_STRING"):
        asyncio.run(probes.guard(prefect_api.api_url))
