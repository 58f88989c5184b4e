"""Several Prefect servers and workers on one machine: whoever dies, a group runs its collectors once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import TERMINAL_STATES, StateType

from conformance.servers import free_port
from deployments.local import redis
from deployments.local.processes import ProcessRecord, ProcessRecords, answers
from deployments.local.redis import find_server
from deployments.local.stack import RECORDS_FILE
from services.database import Database, open_database
from services.errors import ConfigError
from services.settings import STACK_FILE
from tests.flows.groups import collected, repository, schedule
from tests.support.local_stack import far_off, poll

pytestmark = pytest.mark.xdist_group("cluster")

ROOT = Path(__file__).parents[2]
UNSET = ("DATABASE_URL", "PREFECT_API_URL", "PREFECT_HOME", "PREFECT_API_AUTH_STRING")
REPOSITORIES = ("first", "second")


@dataclass
class Cluster:
    """A `bdc cluster` that runs, seen from outside."""

    home: Path
    process: subprocess.Popen[bytes]
    log: Path

    def said(self, text: str, timeout: float = 120) -> None:
        def found() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return text in self.log.read_text()

        poll(found, timeout, text)

    def records(self, name: str) -> list[ProcessRecord]:
        return [one for one in ProcessRecords(self.home / RECORDS_FILE).read() if one.name == name]

    def kill(self, name: str) -> None:
        """With SIGKILL, and wait until it was started again."""
        before = self.records(name)
        psutil.Process(before[0].pid).send_signal(signal.SIGKILL)

        def is_new() -> bool:
            running = [one.pid for one in self.records(name) if one.find()]
            return before[0].pid not in running and len(running) == len(before)

        poll(is_new, 60, f"{name} again")

    def start_group(self, api_url: str) -> UUID:
        with SyncPrefectClient(api_url) as client:
            deployment = client.read_deployment_by_name("collector_group/nightly")
            return client.create_flow_run_from_deployment(deployment.id).id

    def ended(self, api_url: str, run: UUID) -> StateType:
        def ending() -> StateType | None:
            with SyncPrefectClient(api_url) as client:
                state = client.read_flow_run(run).state_type
            return state if state in TERMINAL_STATES else None

        return poll(ending, 150, "the end of the group's run")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "schedule.yaml"
    sources = [repository(folder, name).path for name in REPOSITORIES]
    file.write_text(schedule(*sources, at=far_off()))
    outside = {name: value for name, value in os.environ.items() if name not in UNSET}
    ours = {
        "BDC_HOME": str(folder / "home"),
        "BDC_PORT": str(free_port()),
        "BDC_STATUS_PORT": str(free_port()),
        "BDC_SCHEDULE": str(file),
        "PYTHONPATH": str(ROOT),
    }
    log = folder / "said.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "cluster"],
            cwd=folder, env={**outside, **ours}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    made = Cluster(folder / "home", process, log)
    try:
        made.said("Running; Ctrl-C stops everything", 240)
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(240)


def addresses(cluster: Cluster) -> dict[str, str]:
    found: dict[str, str] = json.loads((cluster.home / STACK_FILE).read_text())
    return found


def opened(cluster: Cluster) -> Database:
    return open_database(addresses(cluster)["database_url"], application_name="test")


@pytest.mark.parametrize("victim", ["Prefect server 1", "Prefect services", "Redis", "worker"])
def test_a_group_runs_each_collector_once_whoever_is_killed(cluster: Cluster, victim: str) -> None:
    first = addresses(cluster)["prefect_api_url"]
    port = int(first.split(":")[2].removesuffix("/api"))
    with closing(opened(cluster)) as database:
        before = len(collected(database))
        run = cluster.start_group(first)
        cluster.kill(victim)
        poll(lambda: answers(f"{first}/health"), 90, f"port {port} again")
        assert cluster.ended(first, run) == StateType.COMPLETED
        runs = collected(database)[before:]
    assert sorted(runs) == [(name, "completed") for name in REPOSITORIES]


def test_what_does_not_start_again_is_tried_until_it_does(cluster: Cluster) -> None:
    first = addresses(cluster)["prefect_api_url"]
    settings = cluster.home / "postgres" / "postgresql.auto.conf"
    usual = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    try:
        postmaster = int((settings.parent / "postmaster.pid").read_text().split()[0])
        psutil.Process(postmaster).send_signal(signal.SIGKILL)
        cluster.said("PostgreSQL did not start")
    finally:
        settings.write_text(usual)
    poll(lambda: answers(f"{first}/ready"), 90, "a server that reaches its database again")
    assert cluster.ended(first, cluster.start_group(first)) == StateType.COMPLETED


def test_without_any_redis_the_message_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="redis-server, or the wheel"):
        find_server()
