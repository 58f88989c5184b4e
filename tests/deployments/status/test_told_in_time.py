"""What `bdc serve --alerts` promises, as processes on a real server: told in time, once, never "fine"."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from pydantic import SecretStr

from conformance.servers import free_port
from deployments.local.processes import ProcessRecords
from deployments.local.status_server import StatusServer
from deployments.local.worker import Worker
from deployments.routes import ROUTES_FILE, load_alerts
from services.alerts.settings import AlertSettings
from services.runs.result import CollectResult
from services.runs.run import Run
from tests.support.deploying import COLLECTOR, POOL, Deploying, desired, schedule, task
from tests.support.git_http import serve_repositories
from tests.support.github_site import GitHubSite, serving
from tests.support.local_stack import ANSWER_SECONDS, far_off, poll
from tests.support.receiving import Receiver, receiving
from tests.support.scripted_collector import Script, play

pytestmark = pytest.mark.xdist_group("deployments")
GROUPS = {"papers": [task()]}
WRITTEN = """\
groups:
  papers:
    default_time: "04:30"
    tasks:
      - {collector: github_activity_tracker, schedule: daily, parameters: {repository: a/b}}
"""
# What the documents promise, in seconds.
TOLD, CRASH_TOLD, UNHEALTHY = 15, 120, 60


@dataclass
class Service:
    """A status service that looks twice a second, and where its alerts arrive."""

    receiver: Receiver
    environment: dict[str, str]
    url: str
    home: Path
    workers: list[Worker] = field(default_factory=list)

    def health(self) -> tuple[int, dict[str, Any]]:
        answer = httpx.get(f"{self.url}health/", timeout=ANSWER_SECONDS, trust_env=False)
        return answer.status_code, answer.json()

    def states(self) -> list[str]:
        """Of what runs."""
        return [run["state"] for run in self.health()[1]["checks"]["runs"]]

    def has_looked_since(self, moment: float) -> bool:
        return datetime.fromisoformat(self.health()[1]["checked_at"]).timestamp() > moment

    def told(self, subject: str, seconds: float) -> None:
        """Within so many seconds, however busy the machine is: that is what is promised."""
        arrived = f"the message {subject!r}"
        poll(lambda: subject in self.receiver.subjects(), seconds, arrived, patience=1)

    def start_worker(self) -> Worker:
        records = ProcessRecords(self.home / "worker.json")
        log = self.home / "worker.log"
        worker = Worker(
            POOL, environment=self.environment, records=records, log=log, report=_silent
        )
        worker.start()
        self.workers.append(worker)
        return worker


def _silent(line: str) -> None:
    del line


Serve = Callable[..., Service]


@pytest.fixture
def serve(server: Deploying, database_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Starts the service with other settings; everything is ended afterwards."""
    file = tmp_path / "schedule.yaml"
    file.write_text(WRITTEN, encoding="utf-8")
    started: list[tuple[StatusServer, Service]] = []
    with receiving(Receiver()) as receiver:
        addresses = AlertSettings(webhook_url=SecretStr(receiver.url), webhook_may_be_private=True)
        alerts = load_alerts(ROUTES_FILE, addresses, schedule(GROUPS))
        server.apply(desired(GROUPS, far_off(), alerts=alerts))

        def start(**changed: str) -> Service:
            environment = {
                **server.prefect.environment(),
                "DATABASE_URL": database_url,
                "BDC_HOME": str(tmp_path / "home"),
                "BDC_SCHEDULE": str(file),
                "BDC_WORK_POOL": POOL,
                "HEALTH_REFRESH_SECONDS": "0.5",
                "HEALTH_PREFECT_TIMEOUT_SECONDS": "10",
                "HEALTH_ENFORCE_COLLECTOR_FRESHNESS": "false",
                **changed,
            }
            records, log = ProcessRecords(tmp_path / "status.json"), tmp_path / "status.log"
            process = StatusServer(
                environment=environment, port=free_port(), records=records, log=log
            )
            process.start()
            started.append((process, Service(receiver, environment, process.url, tmp_path)))
            return started[-1][1]

        yield start
        for process, service in started:
            for worker in service.workers:
                worker.stop()
            process.stop()
    server.prune(desired(GROUPS))


def break_down(run: Run) -> CollectResult:
    raise ConnectionError("the source does not answer")


def test_ten_failures_are_told_once_and_so_is_the_recovery(
    serve: Serve, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE_URL": database_url, "COLLECTOR_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    service = serve(HEALTH_MIN_WORKERS="0")
    assert play(Script(collect=break_down)).is_failed()
    service.told("scripted main: failed (network)", TOLD)
    for _ in range(9):
        assert play(Script(collect=break_down)).is_failed()
    ended = time.time()
    poll(lambda: service.has_looked_since(ended), TOLD, "a look at the last failure")
    assert play(Script()).is_completed()
    service.told("over: scripted main: failed (network)", TOLD)
    assert service.receiver.subjects() == [
        "scripted main: failed (network)",
        "over: scripted main: failed (network)",
    ]
    (message, _) = service.receiver.messages
    for words in (
        "in collect: ",
        "the source does not answer",
        "Next: `bdc runs show",
        "/runs/flow-run/",
    ):
        assert words in message["body"]


def test_hung_then_killed_then_without_a_worker_is_told_each_time(
    serve: Serve, server: Deploying, tmp_path: Path
) -> None:
    site = GitHubSite()
    site.add("a/b")
    with serving(site), serve_repositories(tmp_path) as source:
        source.is_silent = True
        service = serve(
            HEALTH_STUCK_MINUTES="0.05",
            PREFECT_WORKER_HEARTBEAT_SECONDS="1",
            GITHUB_API_URL=site.server.url,
            GITHUB_GIT_URL=source.url,
            GITHUB_GIT_STALL_SECONDS="600",
        )
        worker = service.start_worker()
        poll(lambda: service.health()[0] == 200, 30, "a healthy platform")
        run = start_run(server)
        seen: set[str] = set()
        poll(lambda: is_seen(service, "stuck", seen), 60, "the run that hangs to be called stuck")
        assert seen <= {"working", "waiting", "stuck"}
        service.told(f"{COLLECTOR} a/b: stuck", TOLD)
        process_of(server, run).send_signal(signal.SIGKILL)
        service.told(f"{COLLECTOR} a/b: crashed", CRASH_TOLD)
        service.told(f"over: {COLLECTOR} a/b: stuck", TOLD)
        assert service.states() == ["dead"]
        poll(lambda: service.health()[0] == 200, 30, "healthy nevertheless")
        worker.stop()
        poll(
            lambda: service.health()[0] == 503,
            UNHEALTHY,
            "a platform without a worker to be unhealthy",
            patience=1,
        )
        service.told("workers: workers", TOLD)


def start_run(server: Deploying) -> UUID:
    found = server.deployment(f"{COLLECTOR}/on-demand")
    parameters = {"repository": "a/b"}
    client = server.prefect.client
    return client.create_flow_run_from_deployment(found.id, parameters=parameters).id


def is_seen(service: Service, state: str, seen: set[str]) -> bool:
    seen.update(service.states())
    return state in seen


def process_of(server: Deploying, run: UUID) -> psutil.Process:
    """The run may be at work before its worker has told the server of its process."""
    client = server.prefect.client
    told = poll(lambda: client.read_flow_run(run).infrastructure_pid, 30, "its process")
    return psutil.Process(int(told))
