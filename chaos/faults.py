"""What can strike: each fault knows how to begin and how to end, on whatever is at work just then."""

import glob
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event

import psutil
import psycopg
from psycopg.sql import SQL, Identifier

from chaos.runs import ask_for, at_work
from chaos.sources import Source
from chaos.stand import TABLES, WORKSPACE_BYTES, Stand
from conformance.replay.faults import Fault as Spoiling
from conformance.replay.faults import cut_to, delivered, held, html, status
from conformance.replay.messages import Delivery
from deployments.local.processes import send

# A run is at work within this time after it was asked for, also on a busy machine.
ARRIVAL_SECONDS = 300.0
LOOK_SECONDS = 0.02
BLOCK = bytes(1 << 20)
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
ADDED = "added_meanwhile"
MIGRATION_PATIENCE = "2s"


@dataclass
class Scene:
    """A trial that is going on; what a fault leaves to be undone goes into `undo`."""

    stand: Stand
    sources: Sequence[Source]
    chance: random.Random
    undo: ExitStack = field(default_factory=ExitStack)

    @property
    def clock_file(self) -> str:
        """What the clocks of these runs are told, where they listen."""
        return str(self.stand.home / "clock")


Strike = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One of a kind. `missing` is what this machine lacks for it; empty where it can be tried."""

    name: str
    strike: Strike
    missing: Callable[[], str] = lambda: ""


def kill_flow_process(scene: Scene) -> None:
    """Kill -9, in the middle of whatever it does."""
    send(scene.chance.choice(_engines(scene)), signal.SIGKILL)


def kill_worker(scene: Scene) -> None:
    """Kill -9; its flow runs go on without it."""
    scene.stand.kill_worker()


def kill_prefect_server(scene: Scene) -> None:
    """Kill -9."""
    scene.stand.kill_server()


def kill_postgres(scene: Scene) -> None:
    """Kill -9 of its first process; the others notice, or have to be ended."""
    pid = (scene.stand.postgres.data_dir / "postmaster.pid").read_text().split()[0]
    send(psutil.Process(int(pid)), signal.SIGKILL)


def restart_postgres(scene: Scene) -> None:
    """As for an upgrade: open sessions are cut off."""
    with scene.stand.hold:
        scene.stand.postgres.stop()
        scene.stand.postgres.start()


def cut_connections(scene: Scene) -> None:
    """As when a standby takes over: every session is gone, the server answers at once."""
    with scene.stand.session("postgres") as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )


def fill_disk(scene: Scene) -> None:
    """No byte is left in the workspace until it ends."""
    balloon = scene.stand.workspace / "balloon"
    scene.undo.callback(balloon.unlink, missing_ok=True)
    with balloon.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(BLOCK)
        except OSError:
            return


def silence_sources(scene: Scene) -> None:
    """They reset every connection."""
    _spoil(scene, delivered(Delivery.RESET))


def refuse(scene: Scene) -> None:
    """They answer 502."""
    _spoil(scene, status(502, "bad gateway"))


def hold_answers(scene: Scene) -> None:
    """They say nothing until it ends."""
    until = Event()
    scene.undo.callback(until.set)
    _spoil(scene, held(until))


def lie(scene: Scene) -> None:
    """Status 200, and half of the answer as if it were the whole, or another page altogether."""
    _spoil(scene, scene.chance.choice([cut_to(0.5), html()]))


def jump_clock(scene: Scene) -> None:
    """The flow processes' clock is hours off, ahead or behind."""
    hours = scene.chance.choice([-30, -2, 2, 30])
    write_clock(scene, timedelta(hours=hours))
    scene.undo.callback(write_clock, scene, timedelta())


def deliver_twice(scene: Scene) -> None:
    """Every run is asked for once more."""
    ask_for(scene.stand, scene.sources, {})


def lose_lease(scene: Scene) -> None:
    """A flow process stands still, its sessions end, another run takes its place; then it goes on."""
    engine = scene.chance.choice(_engines(scene))
    send(engine, signal.SIGSTOP)
    scene.undo.callback(send, engine, signal.SIGCONT)
    with scene.stand.session("postgres") as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
            " and database = (select oid from pg_database where datname = %s)",
            [TABLES],
        )
    ask_for(scene.stand, scene.sources, {})


def deploy(scene: Scene) -> None:
    """Another schedule is brought onto the server while its batches run; its own time is far off."""
    scene.stand.apply_schedule(timedelta(minutes=scene.chance.randrange(6 * 60, 18 * 60)))


def migrate(scene: Scene) -> None:
    """A migration that only adds, as every first half of one: a column to each table of a room.

    It gives up, as ours do, a table that somebody holds for long: a run whose process stands still.
    """
    changed: list[str] = []
    scene.undo.callback(_take_back, scene.stand, changed)
    with scene.stand.session() as owner:
        owner.execute(SQL("set lock_timeout = {}").format(MIGRATION_PATIENCE))
        tables = owner.execute(
            "select relname from pg_class where relkind = 'r' and relname ~ '_tracker_' order by 1"
        ).fetchall()
        for (table,) in tables:
            column = SQL("alter table {} add column {} text")
            with suppress(psycopg.errors.LockNotAvailable):
                owner.execute(column.format(Identifier(table), Identifier(ADDED)))
                changed.append(table)


def write_clock(scene: Scene, ahead: timedelta) -> None:
    """Replaced in one step: it is read at every look at the clock."""
    fresh = f"{scene.clock_file}.new"
    with open(fresh, "w", encoding="ascii") as file:  # noqa: PTH123 - beside its other uses as text
        file.write(f"{ahead.total_seconds():+.0f}")
    os.replace(fresh, scene.clock_file)  # noqa: PTH105


def clock_environment(scene: Scene) -> Mapping[str, str]:
    """For runs whose clock can be made to jump."""
    (library,) = glob.glob(FAKETIME)[:1]  # noqa: PTH207 - a pattern of the root
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": scene.clock_file,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def needs_faketime() -> str:
    """Debian's package libfaketime."""
    return "" if glob.glob(FAKETIME) else "libfaketime is not installed"  # noqa: PTH207


def needs_mount() -> str:
    """A disk that may be filled is one of its own."""
    return "" if os.geteuid() == 0 and shutil.which("mount") else "only root may mount a small disk"


JUMP, LIES = "clock jump", "source lies"
FAULTS: Sequence[Fault] = (
    Fault("kill -9 of a flow process", kill_flow_process),
    Fault("kill -9 of a worker", kill_worker),
    Fault("kill -9 of the Prefect server", kill_prefect_server),
    Fault("kill -9 of PostgreSQL", kill_postgres),
    Fault("PostgreSQL restarts", restart_postgres),
    Fault("all connections cut", cut_connections),
    Fault("disk full", fill_disk, needs_mount),
    Fault("source down", silence_sources),
    Fault("source refuses", refuse),
    Fault("source slow", hold_answers),
    Fault(LIES, lie),
    Fault(JUMP, jump_clock, needs_faketime),
    Fault("delivered twice", deliver_twice),
    Fault("lease lost", lose_lease),
    Fault("deploy in a batch", deploy),
    Fault("migration in a run", migrate),
)


@contextmanager
def small_disk(stand: Stand) -> Iterator[None]:
    """The workspace on a disk that can be filled without harm, where that is allowed."""
    if needs_mount():
        yield
        return
    stand.workspace.mkdir(exist_ok=True)
    place = str(stand.workspace)
    size = f"size={WORKSPACE_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "bdc-chaos", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def _spoil(scene: Scene, fault: Spoiling) -> None:
    """Every answer from now on, until it ends."""
    for source in scene.sources:
        if source.world.server is not None:
            source.world.server.script.by_chance(scene.chance.randrange(1 << 30), 1.0, fault)
            scene.undo.callback(source.heal)


def _engines(scene: Scene) -> Sequence[psutil.Process]:
    """Those at work, as soon as there is one; where all has ended already, runs are asked for again.

    Raises:
        RuntimeError: none comes.
    """
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while not (found := scene.stand.engines()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no flow process within {ARRIVAL_SECONDS:.0f} s")
        if not at_work(scene.stand):
            ask_for(scene.stand, scene.sources, {})
        time.sleep(LOOK_SECONDS)
    return found


def _take_back(stand: Stand, tables: Sequence[str]) -> None:
    with stand.session() as owner:
        for table in tables:
            owner.execute(
                SQL("alter table {} drop column {}").format(Identifier(table), Identifier(ADDED))
            )
