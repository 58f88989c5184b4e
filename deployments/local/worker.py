"""A process worker under our care: `bdc worker` in production, a part of `bdc up` locally.

Prefect's own way of stopping a worker kills the flow runs below it without a word, and leaves them
`Running` for ever. Here the flow runs are asked first, then the worker, and what still lies on the
server is put right.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx
import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.connection import credentials
from deployments.local import console
from deployments.local.processes import Child, ProcessRecords, answers, stop, stop_all
from deployments.local.reconcile import (
    engines_under,
    is_engine,
    reconcile_dead_runs,
    worker_name,
)
from deployments.local.rest_runs import start_rest_runs
from services.errors import ConfigError

POOL_TYPE = "process"
API_SECONDS = 60.0
# A flow run that is asked to end reports its own crash within about a second.
FLOW_RUN_SECONDS = 10.0
WORKER_SECONDS = 10.0
POLL_SECONDS = 0.25
# Set where something asks a worker how it is, as a container's health check does; two on one host need two.
HEALTH_PORT = "PREFECT_WORKER_WEBSERVER_PORT"
# Three missed heartbeats are a worker that is gone: told within a minute.
DEFAULTS = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_WORKER_HEARTBEAT_SECONDS": "10"}
FLOW_RUN_ENVIRONMENT = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": f"{console.__name__}.LastingConsoleHandler",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "collectors,services,flows,deployments",
    "PYTHONTZPATH": "",
}

Report = Callable[[str], None]


class StopEvent(Protocol):
    """What `threading.Event` is, seen from the one that waits."""

    def is_set(self) -> bool:
        """Whether to stop now."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the request to stop, at most `timeout` seconds."""


class Worker:
    """One worker of one pool.

    `environment` is all that the worker and its flow runs see; it names PREFECT_API_URL.
    Without a `log` the output goes where ours goes.
    """

    name = "worker"

    def __init__(
        self,
        pool: str,
        *,
        environment: Mapping[str, str],
        records: ProcessRecords,
        log: Path | None,
        report: Report,
    ) -> None:
        self._pool = pool
        self._environment = worker_environment(environment)
        self._report = report
        self._child = Child(self.name, records=records, log=log)

    @property
    def pid(self) -> int | None:
        """The process, once there is one."""
        return self._child.process.pid if self._child.process else None

    def start(self) -> None:
        """Puts the runs right that an earlier worker left, then starts.

        What batches among them had still to do is asked for anew.

        Raises:
            ConfigError: the API does not answer.
        """
        wait_for_api(self._environment["PREFECT_API_URL"], API_SECONDS)
        self._reconcile(start_rest=True)
        command = [sys.executable, "-m", "prefect", "worker", "start", "--type", POOL_TYPE]
        command += ["--pool", self._pool, "--name", worker_name()]
        if HEALTH_PORT in self._environment:
            command.append("--with-healthcheck")
        self._child.start(command, self._environment)

    def stop(self) -> None:
        """Its flow runs first, then itself; afterwards no run of this machine is left `Running`."""
        if self._child.process is None:
            return
        stop_worker(self._child.process)
        self._child.forget()
        self._reconcile()

    def problem(self) -> str | None:
        """One line when it has ended by itself."""
        if not self._child.has_ended():
            return None
        return f"The worker ended by itself: {self._child.last_words()}"

    def _reconcile(self, *, start_rest: bool = False) -> None:
        """Not worth failing for: the next start does it again."""
        try:
            with SyncPrefectClient(self._environment["PREFECT_API_URL"], **credentials()) as client:
                self._put_right(client, start_rest=start_rest)
        except httpx.HTTPError as error:
            self._report(f"Dead flow runs were not looked for: {type(error).__name__}")

    def _put_right(self, client: SyncPrefectClient, *, start_rest: bool) -> None:
        for run in reconcile_dead_runs(client):
            self._report(f"Flow run {run.name} set to {run.state}: {run.reason}")
        rests = start_rest_runs(client, datetime.now(UTC)) if start_rest else []
        for rest in rests:
            self._report(f"Flow run {rest.name} started: what the crashed batch had still to do")


def run_worker(
    pool: str,
    *,
    env: Mapping[str, str],
    stop: StopEvent,
    records: ProcessRecords,
    report: Report,
) -> int:
    """Run a worker until `stop` is set; 0 then, 1 when it ended by itself.

    `env` is the whole environment of the worker and names PREFECT_API_URL. Restarting a worker
    that fell over is left to whoever started us (systemd, Kubernetes).
    """
    worker = Worker(pool, environment=env, records=records, log=None, report=report)
    try:
        worker.start()
        while worker.problem() is None and not stop.wait(POLL_SECONDS):
            pass
        problem = worker.problem()
    finally:
        worker.stop()
    if problem is not None:
        report(problem)
    return 0 if problem is None else 1


def stop_worker(process: psutil.Process) -> None:
    """End a worker so that its flow runs can report how they ended."""
    stop_all(_flow_runs_of(process), FLOW_RUN_SECONDS)
    late = _flow_runs_of(process)
    stop(process, WORKER_SECONDS)
    stop_all(late, FLOW_RUN_SECONDS)


def stop_flow_runs(home: Path) -> None:
    """End what has outlived the workers of this home, so that it can report how it ended."""
    stop_all(engines_under(home), FLOW_RUN_SECONDS)


def wait_for_api(api_url: str, timeout: float) -> None:
    """Return when Prefect's API is healthy.

    Raises:
        ConfigError: it is not, for `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not answers(f"{api_url}/health"):
        if time.monotonic() > deadline:
            raise ConfigError(f"PREFECT_API_URL: no answer from {api_url} in {timeout:.0f} s")
        time.sleep(POLL_SECONDS)


def worker_environment(base: Mapping[str, str]) -> dict[str, str]:
    """`base` with what a worker needs: flow runs start `python`, which must be ours."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, base.get("PATH", os.defpath)])
    settled = {"PATH": path, "PYTHONTZPATH": "", "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}
    return {**DEFAULTS, **base, **settled}


def base_job_template(working_dir: Path | None) -> dict[str, Any]:
    """The pool's template: one Python process a run, our loggers sent to the server.

    `working_dir` is where flow runs find `.env`; without one each gets a temporary directory.
    """
    template = deepcopy(ProcessWorker.get_default_base_job_template())
    variables = template["variables"]["properties"]
    variables["command"]["default"] = "python -m prefect.engine"
    variables["env"]["default"] = dict(FLOW_RUN_ENVIRONMENT)
    variables["working_dir"]["default"] = str(working_dir) if working_dir else None
    return template


def ensure_work_pool(
    client: SyncPrefectClient, name: str, base_job_template: dict[str, Any]
) -> Literal["created", "updated", "unchanged"]:
    """Make the pool as described; nothing is written when it is that already.

    Raises:
        ConfigError: a pool of this name is of another type.
    """
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        wanted = WorkPoolCreate(name=name, type=POOL_TYPE, base_job_template=base_job_template)
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(wanted)
            return "created"
        pool = client.read_work_pool(name)  # which another worker has just made
    if pool.type != POOL_TYPE:
        raise ConfigError(f"work pool {name!r} is of type {pool.type!r}, not {POOL_TYPE!r}")
    if pool.base_job_template == base_job_template:
        return "unchanged"
    client.update_work_pool(name, WorkPoolUpdate(base_job_template=base_job_template))
    return "updated"


def _flow_runs_of(worker: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in worker.children(recursive=True) if is_engine(child)]
    except psutil.NoSuchProcess:
        return []
