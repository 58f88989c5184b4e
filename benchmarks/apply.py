"""A server that holds a schedule of 100 deployments, told the same again: by us, and by Prefect.

The claim: `bdc deploy apply` of an unchanged schedule asks a handful of questions, and takes at most
a third of the time of `prefect deploy --all` of the same file on the same server. Both as programs,
most of ours the import of Prefect; what is left without it is a row of its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml
from prefect.client.orchestration import SyncPrefectClient

from benchmarks.measuring import seconds
from deployments.apply import execute, plan_for
from deployments.desired import DesiredState, desired_state
from deployments.generate import render
from deployments.schedule import Schedule, known_collectors, read_schedule
from tests.support.local_stack import ROOT, LocalPrefect, running_prefect

GROUPS = 100
POOL = "bdc"


def rows() -> list[dict[str, object]]:
    """One row for each way; the first `apply` creates everything."""
    with tempfile.TemporaryDirectory() as folder, running_prefect() as server:
        file = Path(folder) / "schedule.yaml"
        file.write_text(_text(), encoding="utf-8")
        schedule = read_schedule(file)
        (Path(folder) / "prefect.yaml").write_text(
            render(schedule, known_collectors(), POOL), encoding="utf-8"
        )
        return list(_measured(server, schedule, file))


def _measured(server: LocalPrefect, schedule: Schedule, file: Path) -> Iterator[dict[str, object]]:
    ours = ["-m", "cli", "deploy", "apply", "--file", str(file)]
    theirs = ["-m", "prefect", "--no-prompt", "deploy", "--all"]
    theirs += ["--prefect-file", str(file.with_name("prefect.yaml"))]
    first = seconds(lambda: _run(server, ours, file.parent))
    again = seconds(lambda: _run(server, ours, file.parent))
    deploy = seconds(lambda: _run(server, theirs, file.parent))
    desired = desired_state(schedule, known_collectors(), POOL, {})
    sent: list[httpx.Request] = []
    inside = seconds(lambda: _apply(server, desired, sent))
    yield _row("bdc deploy apply, all new", first, "")
    yield _row("bdc deploy apply, unchanged", again, "")
    yield _row("of that, reading and comparing", inside, f"{len(sent)} requests")
    yield _row("prefect deploy --all, unchanged", deploy, f"{deploy / again:.1f} times as long")


def _row(what: str, taken: float, remark: str) -> dict[str, object]:
    return {"what": what, "seconds": round(taken, 2), "remark": remark}


def _run(server: LocalPrefect, arguments: list[str], folder: Path) -> None:
    environment = {**server.environment(), "PYTHONPATH": str(ROOT), "BDC_HOME": str(folder)}
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _apply(server: LocalPrefect, desired: DesiredState, sent: list[httpx.Request]) -> None:
    hooks = {"event_hooks": {"request": [sent.append]}}
    with SyncPrefectClient(server.api_url, httpx_settings=hooks) as client:
        execute(client, plan_for(client, desired).to_apply, lambda _: None)


def _text() -> str:
    """PyYAML leaves the quotes out that a time of day needs here."""
    groups = {f"group-{number}": _group(number) for number in range(GROUPS)}
    return yaml.safe_dump({"groups": groups}).replace("04:30", '"04:30"')


def _group(number: int) -> dict[str, Any]:
    parameters = {"repository": f"boostorg/r{number}"}
    task = {"collector": "github_activity_tracker", "schedule": "daily", "parameters": parameters}
    return {"default_time": "04:30", "tasks": [task]}
