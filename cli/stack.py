"""`bdc up` and `bdc worker`."""

import asyncio
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import migrations
from cli.deploy import apply_schedule
from cli.environment import prepare_home, prepare_prefect
from cli.output import console
from cli.schedule_file import load_checked, load_desired
from services.logging import configure_logging
from services.settings import load_settings

FIRST_COLLECTOR = "github_activity_tracker"


def up(*, once: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Run everything on this machine: PostgreSQL, the Prefect server, a worker, a first collection.

    Example: `bdc up --once`

    DATABASE_URL and PREFECT_API_URL, when set, are used instead of the embedded parts. Stays until
    Ctrl-C; what was collected stays, and the next start goes on from it.

    Args:
        once: Exit when the first collection is over, with its outcome as exit code.
    """
    return _run_stack(once=once, clustered=False)


def _run_stack(*, once: bool, clustered: bool) -> int:
    settings = load_settings(use_running_stack=False)
    configure_logging(settings.log_level, settings.log_format)
    prepare_home(settings)
    from deployments.local.cluster import ClusterStack  # noqa: PLC0415 - imports Prefect
    from deployments.local.stack import LocalStack, StackSteps  # noqa: PLC0415
    from deployments.local.stack import up as run_stack  # noqa: PLC0415

    desired = load_desired(settings)
    steps = StackSteps(
        migrate=migrations.upgrade,
        register=lambda api_url: apply_schedule(api_url, desired, _say),
        first_run=lambda api_url: _first_run(settings.home, api_url),
    )
    kind = ClusterStack if clustered else LocalStack
    return run_stack(settings, once=once, steps=steps, report=_say, kind=kind)


def cluster(*, once: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Run what production runs, here: two Prefect servers, Redis, background services, two workers.

    Example: `bdc cluster`

    For trying out what happens when one of them dies: it is started again. Stays until Ctrl-C.

    Args:
        once: Exit when the first collection is over, with its outcome as exit code.
    """
    return _run_stack(once=once, clustered=True)


def worker(*, pool: str | None = None) -> int:
    """Run a worker that starts flow runs, and stop it so that none is left running for ever.

    Example: `bdc worker`

    It does not start with a schedule that is wrong; in production, with none that runs something.

    Args:
        pool: Another work pool to take runs from than BDC_WORK_POOL.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    api_url = prepare_prefect(settings)
    load_checked(settings)
    pool = pool or settings.bdc_work_pool
    from deployments.connection import open_client  # noqa: PLC0415 - imports Prefect
    from deployments.local.processes import ProcessRecords  # noqa: PLC0415
    from deployments.local.worker import (  # noqa: PLC0415
        base_job_template,
        ensure_work_pool,
        run_worker,
    )

    stop = threading.Event()
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, lambda *_: stop.set())
    with open_client(api_url) as client:
        ensure_work_pool(client, pool, base_job_template(Path.cwd()))
    records = ProcessRecords(settings.home / "workers" / f"{os.getpid()}.json")
    environment = dict(os.environ) | {"PREFECT_API_URL": api_url}
    return run_worker(pool, env=environment, stop=stop, records=records, report=_say)


def _first_run(home: Path, api_url: str) -> int:
    from cli.first_run import collect_once  # noqa: PLC0415 - imports Prefect

    repository = _repository_here() or _sample_repository(home)
    _say(f"Collecting {repository}")
    return asyncio.run(
        collect_once(api_url, FIRST_COLLECTOR, {"repository": str(repository)}, _say)
    )


def _repository_here() -> Path | None:
    found = subprocess.run(
        ["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False
    )
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def _sample_repository(home: Path) -> Path:
    """A small repository to collect where `bdc up` was not started in one."""
    place = home / "sample"
    if not (place / ".git").exists():
        place.mkdir(parents=True, exist_ok=True)
        _git(place, "init", "--quiet", "--initial-branch=main")
        for number in (1, 2, 3):
            (place / "readme.txt").write_text(f"A sample repository, revision {number}.\n")
            _git(place, "add", "readme.txt")
            _git(place, "commit", "--quiet", "--message", f"Revision {number} of the sample")
    return place


def _git(place: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Sample", "-c", "user.email=sample@example.org"]
    subprocess.run(["git", "-C", str(place), *identity, *arguments], check=True)


def _say(line: str) -> None:
    console.print(line, markup=False)
