"""Runs of a flow on a real Prefect server, and everything that they leave there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient

from conformance.bench import Bench, Line
from conformance.promises import BrokenPromise
from deployments.connection import open_client

# Such a run takes seconds; one that hangs is a broken promise, on a busy machine too.
PATIENCE_SECONDS = 600.0
ARRIVAL_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class FlowRun:
    """How a flow run ended; `programs` are the arguments of the programs that it started."""

    id: str
    state: str
    message: str
    programs: list[str]
    output: str


def run_flow(
    bench: Bench, line: Line, environment: Mapping[str, str], **parameters: Any
) -> FlowRun:
    """The room's flow, in a process of its own.

    Raises:
        BrokenPromise: it does not come to an end that Prefect knows.
    """
    given = json.dumps({**line.world.parameters, **parameters})
    report = bench.new_folder("flow") / "report.json"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "conformance.flow_program", *_names(line), str(report)],
            input=given,
            cwd=line.home,
            env={**os.environ, **line.environment, **_prefect(bench), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise BrokenPromise(f"the flow does not end within {PATIENCE_SECONDS:.0f} s") from None
    if done.returncode:
        raise BrokenPromise(
            f"the flow's process ended with {done.returncode}: {done.stdout[-2000:]}"
        )
    said = json.loads(report.read_text(encoding="utf-8"))
    return FlowRun(said["run"], said["name"], said["message"] or "", said["programs"], done.stdout)


def left_in_prefect(bench: Bench, run: FlowRun) -> dict[str, Any]:
    """Its states, task runs, logs, artifacts and events, once the last event has arrived."""
    with open_client(bench.api_url) as client:
        _wait_for_events(client, run)
        of_run = {"flow_runs": {"id": {"any_": [run.id]}}}
        logs = {"logs": {"flow_run_id": {"any_": [run.id]}}}
        return {
            "run": _read(client, "/flow_runs/filter", of_run),
            "tasks": _read(client, "/task_runs/filter", of_run),
            "states": _read(client, "/flow_run_states/", {"flow_run_id": run.id}, "GET"),
            "logs": _read(client, "/logs/filter", {**logs, "limit": 200}),
            "artifacts": _read(client, "/artifacts/filter", of_run),
            "events": _events(client, f"prefect.flow-run.{run.id}"),
        }


def _names(line: Line) -> tuple[str, str]:
    module, _, flow = line.room.entry.entrypoint.rpartition(".")
    return module, flow


def _prefect(bench: Bench) -> dict[str, str]:
    return {
        "PREFECT_API_URL": bench.api_url,
        "PREFECT_HOME": str(bench.folder / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "collectors,services,flows",
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.2",
        "PYTHONPATH": os.pathsep.join(str(Path(place or ".").absolute()) for place in sys.path),
        "COLLECTOR_RETRIES": "1",
        "COLLECTOR_RETRY_DELAY_SECONDS": "0",
    }


def _wait_for_events(client: SyncPrefectClient, run: FlowRun) -> None:
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while not _events(client, f"conformance.{run.id}"):
        if time.monotonic() > deadline:
            raise BrokenPromise(f"the events of flow run {run.id} do not arrive")
        time.sleep(0.1)


def _events(client: SyncPrefectClient, resource: str) -> list[dict[str, Any]]:
    wanted = {"filter": {"any_resource": {"id": [resource]}}}
    found: list[dict[str, Any]] = _read(client, "/events/filter", wanted)["events"]
    return found


def _read(
    client: SyncPrefectClient, path: str, wanted: dict[str, Any], method: str = "POST"
) -> Any:
    """As Prefect's API answers: its client's models would leave out what they do not know."""
    sent: dict[str, Any] = {"params": wanted} if method == "GET" else {"json": wanted}
    answer = client._client.request(method, path, **sent)  # noqa: SLF001 - it has no public way
    answer.raise_for_status()
    return answer.json()
