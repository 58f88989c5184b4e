"""Runs on the stand: asked for from the server, waited for, and clean ones."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType

from chaos.sources import Source
from chaos.stand import GROUP, Stand
from deployments.local.reconcile import reconcile_dead_runs
from deployments.local.rest_runs import start_rest_runs
from services.errors import SourceUnavailable

UNFINISHED = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
LOOK_SECONDS = 0.5
# Nothing at work for so long: no worker is just about to start something.
CALM_SECONDS = 2.5
REST_SECONDS = 300.0
ANSWER_SECONDS = 300.0
CLEAN_SECONDS = 300.0
COMPLETED = "Completed"

Answer = TypeVar("Answer")


def ask_for(stand: Stand, sources: Sequence[Source], environment: Mapping[str, str]) -> None:
    """A run of each room, all at once; `environment` is for these runs only."""
    for source in sources:
        name = f"{source.room.name}/on-demand"
        parameters = dict(source.world.parameters)
        _start(stand, name, parameters, {"env": dict(environment)} if environment else {})


def ask_for_group(stand: Stand) -> None:
    """A batch of the group of all rooms."""
    _start(stand, f"collector_group/{GROUP}", {"group": GROUP}, {})


def _start(stand: Stand, name: str, parameters: dict[str, Any], variables: dict[str, Any]) -> None:
    def start(client: SyncPrefectClient) -> None:
        deployment = client.read_deployment_by_name(name)
        client.create_flow_run_from_deployment(
            deployment.id, parameters=parameters, job_variables=variables or None
        )

    asked(stand, start)


def asked(stand: Stand, question: Callable[[SyncPrefectClient], Answer]) -> Answer:
    """What the server answers, as soon as there is one again."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with stand.client() as client:
                return question(client)
        except (SourceUnavailable, httpx.HTTPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)


def wait_for_rest(stand: Stand) -> list[str]:
    """Until nothing is at work or about to be; what still is when nothing has moved for too long.

    Put right as at the start of a worker: what that starts anew belongs to this trial, not to the next.
    """
    while not (work := _wait_until_calm(stand)):
        if not asked(stand, _put_right):
            break
    return work


def _wait_until_calm(stand: Stand) -> list[str]:
    """A busy machine may be slow: what counts is that sources are asked and that runs begin and end."""
    calm_since = moved_at = time.monotonic()
    before: object = None
    while time.monotonic() - calm_since < CALM_SECONDS:
        work = at_work(stand)
        seen = (work, sum(source.requests for source in stand.sources))
        if work:
            calm_since = time.monotonic()
        if seen != before:
            before, moved_at = seen, time.monotonic()
        if time.monotonic() - moved_at > REST_SECONDS:
            return work
        time.sleep(LOOK_SECONDS)
    return []


def at_work(stand: Stand) -> list[str]:
    """What has been asked for and has not begun, and the processes of what has."""
    return asked(stand, _due) + [f"process {one.pid}" for one in stand.engines()]


def _put_right(client: SyncPrefectClient) -> bool:
    """Whether there was anything: it may be about to start."""
    dead = reconcile_dead_runs(client)
    rests = start_rest_runs(client, datetime.now(UTC))
    return bool(dead or rests)


def _due(client: SyncPrefectClient) -> list[str]:
    """The runs that somebody has asked for and that have not begun."""
    states = FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])
    wanted = FlowRunFilter(state=FlowRunFilterState(type=states))
    found = client.read_flow_runs(flow_run_filter=wanted)
    return [f"{run.name}: {run.state_name}" for run in found if not run.auto_scheduled]


def clear_up(stand: Stand) -> None:
    """End what came to no rest: its processes, and its runs on the server."""
    for process in stand.engines():
        process.kill()
    asked(stand, _drop_unfinished)


def _drop_unfinished(client: SyncPrefectClient) -> None:
    states = FlowRunFilterStateType(any_=UNFINISHED)
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=states))
    )
    for run in found:
        if not run.auto_scheduled:
            client.delete_flow_run(run.id)


def run_cleanly(stand: Stand, source: Source) -> str:
    """One run of the room's flow, with nothing in its way.

    In a fork of a process that has imported what it needs: a start costs a tenth of a second.
    Returns the name of the state it ends in, with the reason unless it is Completed.
    """
    ours, theirs = multiprocessing.Pipe()
    job = _Job(source.room.entry.entrypoint, dict(source.world.parameters), stand.home)
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=_run, args=(job, theirs))
    child.start()
    theirs.close()
    said = f"no state within {CLEAN_SECONDS:.0f} s"
    with suppress(EOFError):
        if ours.poll(CLEAN_SECONDS):
            said = ours.recv()
    child.kill()
    child.join()
    return said


@dataclass(frozen=True, slots=True)
class _Job:
    entrypoint: str
    parameters: dict[str, Any]
    home: Path


def _run(job: _Job, report: Connection) -> None:
    """In the child, whose words go where the other logs are."""
    with (job.home / "logs" / "clean-runs.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    module, _, name = job.entrypoint.rpartition(".")
    with chdir(job.home):
        call = getattr(import_module(module), name)(**job.parameters, return_state=True)
        state = asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
    report.send(state.name if state.name == COMPLETED else f"{state.name}: {state.message}")
