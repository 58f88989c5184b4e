"""Rooms of every kind, made in one copy of the repository, hold there what every room has to hold.

One copy and one step of each sort for all of them: most of what a step takes is its start.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType

from authoring.scaffold.answers import KINDS, OWNER, title_of
from authoring.scaffold.install import install
from authoring.scaffold.names import LONGEST
from authoring.scaffold.plan import Wish, plan_room
from cli.main import execute
from conformance.rooms import Room
from conformance.subject import World
from deployments.local.processes import ProcessRecords
from deployments.local.worker import Worker
from services.catalogue import find_collector
from tests.support.checkout import copy_repository, run_in
from tests.support.deploying import POOL, Deploying
from tests.support.local_stack import ROOT, LocalPrefect

# All but one as long as a name may be: they break lines where a short one does not.
SLUGS: dict[str, str] = {
    "bare": "demo",
    **{kind: f"{kind}_{'long' * LONGEST}"[:LONGEST] for kind in KINDS if kind != "bare"},
}
HOUSE = "tests/collectors/test_house.py::test_the_room_keeps_its_promise"
# Of what every collector promises the part that takes seconds; all of it takes minutes for each room.
PROMISES = (
    *("docstring", "flow", "schedule-entry", "recordings", "tests"),
    *("same-input-twice", "deleted-at-source", "missing-field-set-aside", "lone-surrogate"),
)
SEVERAL = """
import json, sys
from cli.main import execute
sys.exit(next((code for arguments in json.loads(sys.argv[1]) if (code := execute(arguments))), 0))
"""
Bdc = Callable[..., str]
pytestmark = [pytest.mark.xdist_group("prefect"), pytest.mark.long]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with a room of each kind, one of them in a group of others.

    The last one comes through `bdc new`, which makes the generated files of all of them.
    """
    checkout = copy_repository(tmp_path_factory.mktemp("rooms") / "checkout")
    *first, last = KINDS
    for kind in first:
        slug = SLUGS[kind]
        group = "github" if kind == "http" else slug
        plan = plan_room(checkout, Wish(slug, kind, title_of(slug), OWNER, group))
        install(checkout, {**plan.files, **plan.edits})
    assert execute(["new", SLUGS[last], "--kind", last, "--root", str(checkout)]) == 0
    return checkout


def run_bdc(
    checkout: Path, *commands: list[str], environment: Mapping[str, str] | None = None
) -> str:
    """Several commands of `bdc` in one process, most of which is its start; all have to succeed."""
    arguments = ["-c", SEVERAL, json.dumps(commands)]
    done = run_in(checkout, "python", *arguments, environment=environment)
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def require(checkout: Path, *arguments: str) -> str:
    """What the command says; it has to succeed."""
    done = run_in(checkout, *arguments)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of(checkout: Path) -> list[str]:
    """All Python files of the new rooms."""
    return [
        str(path.relative_to(checkout))
        for slug in SLUGS.values()
        for path in checkout.rglob("*.py")
        if slug in path.relative_to(checkout).as_posix()
    ]


def test_they_are_formatted_and_without_fault(rooms: Path) -> None:
    files = files_of(rooms)
    assert len(files) > 40
    require(rooms, "ruff", "format", "--check", "--no-cache", *files)
    require(rooms, "ruff", "check", "--no-cache", *files)


def test_they_are_typed(rooms: Path) -> None:
    """With the cache of the repository, else the libraries alone would take minutes."""
    modules = [
        option
        for slug in SLUGS.values()
        for option in (
            *("-p", f"collectors.{slug}", "-p", f"tests.collectors.{slug}"),
            *("-m", f"flows.{slug}", "-m", f"tests.flows.test_{slug}"),
        )
    ]
    require(rooms, "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), *modules)


def test_they_keep_the_rules_of_imports(rooms: Path) -> None:
    require(rooms, "lint-imports", "--no-cache")


def test_what_is_generated_agrees_with_them(rooms: Path) -> None:
    schedule = ["--file", "deployments/schedule.yaml"]
    run_bdc(
        rooms,
        ["schedule", "check", *schedule],
        ["schedule", "render", "--check", *schedule],
        ["reference", "render", "--check"],
    )


def test_their_tests_and_those_that_hold_every_room_succeed(rooms: Path) -> None:
    every = [
        "tests/services/test_settings.py",
        "tests/services/test_catalogue.py",
        "tests/migrations",
    ]
    own = [f"tests/collectors/{slug}" for slug in SLUGS.values()]
    flows = [f"tests/flows/test_{slug}.py" for slug in SLUGS.values()]
    house = [f"{HOUSE}[{slug}-{promise}]" for slug in SLUGS.values() for promise in PROMISES]
    require(rooms, "pytest", "-p", "no:cacheprovider", "-q", *every, *own, *flows, *house)


@pytest.fixture
def environment(rooms: Path, database_url: str, prefect_api: LocalPrefect) -> dict[str, str]:
    """A database without what the rooms have collected, and a server."""
    return {
        "DATABASE_URL": database_url,
        "PREFECT_API_URL": prefect_api.api_url,
        "PREFECT_HOME": str(rooms / ".bdc" / "prefect"),
        "BDC_HOME": str(rooms / ".bdc"),
    }


@pytest.fixture
def bdc(rooms: Path, environment: dict[str, str]) -> Bdc:
    """`bdc` of the copy."""
    return lambda *commands, **also: run_bdc(rooms, *commands, environment={**environment, **also})


@pytest.fixture
def worlds(rooms: Path, tmp_path: Path) -> Iterator[dict[str, World]]:
    """What each room's own subject offers as its source, with three records in it."""
    with ExitStack() as stack:
        opened: dict[str, World] = {}
        for kind, slug in SLUGS.items():
            (tmp_path / kind).mkdir()
            subject = Room(find_collector(rooms / "collectors", slug), rooms).subject()
            opened[kind] = stack.enter_context(subject.open(tmp_path / kind))
            opened[kind].fill(3)
        yield opened


def test_a_second_run_writes_only_what_it_has_to(bdc: Bdc, worlds: dict[str, World]) -> None:
    runs = [["run", SLUGS[kind], *flags_of(world)] for kind, world in worlds.items()]
    settings = {name: text for one in worlds.values() for name, text in one.environment.items()}
    said = bdc(["db", "upgrade"], *runs, *runs, ["runs", "--json"], **settings)
    ledger = json.loads(said[said.index("\n[\n") :])
    assert {kind: counts_of(ledger, slug) for kind, slug in SLUGS.items()} == {
        "bare": [(1, 0), (0, 1)],
        "http": [(3, 0), (0, 0)],
        "git": [(3, 0), (0, 0)],
        "files": [(3, 0), (0, 0)],
    }


def test_deployed_to_a_server_a_worker_runs_them(
    rooms: Path,
    bdc: Bdc,
    worlds: dict[str, World],
    environment: dict[str, str],
    prefect_api: LocalPrefect,
    tmp_path: Path,
) -> None:
    settings = {name: text for one in worlds.values() for name, text in one.environment.items()}
    ours = {"BDC_WORK_POOL": POOL, "PYTHONPATH": str(rooms)}
    bdc(["db", "upgrade"], ["deploy", "apply"], **settings, **ours)
    deploying = Deploying(prefect_api, prefect_api.client)
    try:
        with working(tmp_path / "worker.log", {**os.environ, **environment, **settings, **ours}):
            client = prefect_api.client
            runs = [start_run(client, SLUGS[kind], world) for kind, world in worlds.items()]
            for run in runs:
                prefect_api.wait_for_state(run, StateType.COMPLETED, timeout=90)
    finally:
        deploying.clear()


@contextmanager
def working(log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A worker, as long as the block lasts."""
    records = ProcessRecords(log.with_suffix(".json"))
    worker = Worker(POOL, environment=environment, records=records, log=log, report=print)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def start_run(client: SyncPrefectClient, slug: str, world: World) -> UUID:
    """A run of the collector's own deployment."""
    deployment = client.read_deployment_by_name(f"{slug}/on-demand")
    parameters = dict(world.parameters)
    return client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def flags_of(world: World) -> list[str]:
    """The parameters of the flow as flags of `bdc run`."""
    return [part for name, value in world.parameters.items() for part in (f"--{name}", value)]


def counts_of(ledger: list[dict[str, Any]], slug: str) -> list[tuple[int, int]]:
    """Rows that each run inserted and updated, the oldest run first."""
    counts = [run["counts"] for run in reversed(ledger) if run["collector"] == slug]
    return [(one["inserted"], one["updated"]) for one in counts]
