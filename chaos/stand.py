"""PostgreSQL, a Prefect server and two workers under one roof: who is killed is started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
from prefect.client.orchestration import SyncPrefectClient
from psycopg.sql import SQL, Identifier

from chaos.sources import Source, environment_of, impatience_of, parameters_of
from conformance.databases import make_template
from deployments.connection import open_client
from deployments.local import prefect_server
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.prefect_server import PrefectServer
from deployments.local.processes import ProcessRecords, send
from deployments.local.reconcile import engines_under
from deployments.local.stack import Part
from deployments.local.status_server import StatusServer
from deployments.local.worker import Worker, base_job_template, ensure_work_pool
from services.errors import ConfigError

ROOT = Path(__file__).parents[1]
TEMPLATE, TABLES, KEPT = "bdc_template", "bdc", "bdc_kept"
POOL = "chaos"
GROUP = "all"
WORKERS = 2
PORT = 4600
STATUS_PORT = 8600
LOOK_SECONDS = 0.25
# PostgreSQL that was killed answers again after a few seconds, on a busy machine after many.
ANSWER_SECONDS = 300.0
APPLY_SECONDS = 300.0
WORKSPACE_BYTES = 96 << 20


@dataclass
class Stand:
    """Everything that runs; `hold` it while a part is down on purpose."""

    home: Path
    sources: Sequence[Source]
    postgres: EmbeddedPostgres
    server: PrefectServer
    workers: list[Worker]
    page: StatusServer
    environment: Mapping[str, str]
    hold: threading.RLock = field(default_factory=threading.RLock)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def tables_url(self) -> str:
        """The database that the workers' runs write to."""
        return self.postgres.url(TABLES)

    @property
    def workspace(self) -> Path:
        """A small disk of its own where that is allowed."""
        return self.home / "workspace"

    @contextmanager
    def client(self) -> Iterator[SyncPrefectClient]:
        """Of the Prefect server."""
        with open_client(self.server.api_url) as client:
            yield client

    @contextmanager
    def session(self, database: str = TABLES) -> Iterator[psycopg.Connection]:
        """A session of whoever owns everything, once PostgreSQL answers."""
        deadline = time.monotonic() + ANSWER_SECONDS
        url = self.postgres.url(database)
        while True:
            try:
                connection = psycopg.connect(url, autocommit=True)
                break
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)
        with connection:
            yield connection

    def renew(self) -> None:
        """Empty tables and an empty workspace."""
        self._copy_database(TEMPLATE, TABLES)
        self.workspace.mkdir(exist_ok=True)
        _empty(self.workspace)

    def keep(self) -> None:
        """Keep tables and workspace as they are now, to come back to."""
        self._copy_database(TABLES, KEPT)
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.workspace, self._kept, symlinks=True)

    def come_back(self) -> None:
        """Tables and workspace as they were kept."""
        self._copy_database(KEPT, TABLES)
        _empty(self.workspace)
        shutil.copytree(self._kept, self.workspace, symlinks=True, dirs_exist_ok=True)

    @property
    def _kept(self) -> Path:
        return self.home / "kept"

    def _copy_database(self, source: str, target: str) -> None:
        """Again where somebody is at one of them yet: the status page looks all the time."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self._copied(source, target):
            if time.monotonic() > deadline:
                raise RuntimeError(f"databases {source} and {target} are never left alone")

    def _copied(self, source: str, target: str) -> bool:
        with self.session("postgres") as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [source],
            )
            drop = SQL("drop database if exists {} with (force)")
            create = SQL("create database {} template {} strategy file_copy")
            try:
                admin.execute(drop.format(Identifier(target)))
                admin.execute(create.format(Identifier(target), Identifier(source)))
            except psycopg.errors.ObjectInUse:
                return False
        return True

    def engines(self) -> list[psutil.Process]:
        """The processes of flow runs of ours."""
        return engines_under(self.home)

    def kill_server(self) -> None:
        """The Prefect server, which is started again."""
        self._kill(prefect_server.NAME)

    def kill_worker(self) -> None:
        """One of them, which is started again."""
        self._kill(Worker.name)

    def _kill(self, name: str) -> None:
        for record in self.records.read():
            process = record.find() if record.name == name else None
            if process is not None:
                send(process, signal.SIGKILL)
                return

    @property
    def records(self) -> ProcessRecords:
        """Who runs: killed and started again, it is there under the same name."""
        return ProcessRecords(self.home / "processes.json")

    def apply_schedule(self, ahead: timedelta) -> None:
        """What `bdc deploy apply` does with a schedule whose group starts so long from now.

        Again where it fails, as a pipeline would: the server may be down just then.
        """
        file = Path(self.environment["BDC_SCHEDULE"])
        at = datetime.now(UTC) + ahead
        file.write_text(_schedule(self.sources, f"{at:%H:%M}"), encoding="utf-8")
        deadline = time.monotonic() + APPLY_SECONDS
        while (done := self._apply()).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"bdc deploy apply ended with {done.returncode}: {done.stdout}{done.stderr}"
                )
            time.sleep(LOOK_SECONDS)

    def _apply(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "cli", "deploy", "apply"],
            cwd=self.home,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def watch(self) -> None:
        """Start again what has ended by itself, until it is over; a thread's work."""
        while not self.over.wait(LOOK_SECONDS):
            with self.hold:
                for part in self.parts():
                    if not self.over.is_set() and part.problem() is not None:
                        _restart(part)

    def parts(self) -> list[Part]:
        """What runs, each after what it needs."""
        return [_Postgres(self.postgres), self.server, *self.workers, self.page]


@dataclass(frozen=True, slots=True)
class _Postgres:
    server: EmbeddedPostgres

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def problem(self) -> str | None:
        return None if self.server.is_running() else "it is gone"


def _empty(folder: Path) -> None:
    for place in folder.iterdir():
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def _restart(part: Part) -> None:
    """What it needs may be down as well: it is tried again at the next look."""
    with suppress(ConfigError):
        part.stop()
        part.start()


@contextmanager
def standing(home: Path, sources: Sequence[Source]) -> Iterator[Stand]:
    """Everything up, with the deployments of a group of all rooms; gone when the block ends."""
    stand = _built(home, sources)
    watcher = threading.Thread(target=stand.watch)
    try:
        _start(stand)
        watcher.start()
        yield stand
    finally:
        stand.over.set()
        if watcher.is_alive():
            watcher.join()
        for part in reversed(stand.parts()):
            part.stop()


def _built(home: Path, sources: Sequence[Source]) -> Stand:
    postgres = EmbeddedPostgres(home / "postgres")
    postgres.start()
    postgres.ensure_database(prefect_server.DATABASE)
    make_template(postgres, TEMPLATE)
    records = ProcessRecords(home / "processes.json")
    port = prefect_server.choose_port(PORT, lambda _: None)
    url = postgres.url(prefect_server.DATABASE)
    server = PrefectServer(home, database_url=url, port=port, records=records)
    environment = _environment(home, sources, postgres, server)
    workers = [
        Worker(
            POOL,
            environment={**environment, **impatience_of(sources)},
            records=records,
            log=home / "logs" / f"worker-{n}.log",
            report=_silent,
        )
        for n in range(1, WORKERS + 1)
    ]
    page = StatusServer(
        environment=environment,
        port=prefect_server.choose_port(STATUS_PORT, _silent),
        records=records,
        log=home / "logs" / "status.log",
    )
    return Stand(home, sources, postgres, server, workers, page, environment)


def _start(stand: Stand) -> None:
    stand.server.start()
    os.environ.update(stand.environment)
    stand.renew()
    with stand.client() as client:
        ensure_work_pool(client, POOL, base_job_template(stand.home))
    stand.apply_schedule(timedelta(hours=12))
    for worker in stand.workers:
        worker.start()
    stand.page.start()


def _environment(
    home: Path, sources: Sequence[Source], postgres: EmbeddedPostgres, server: PrefectServer
) -> dict[str, str]:
    return {
        **os.environ,
        **environment_of(sources),
        "BDC_ENVIRONMENT": "development",
        "BDC_HOME": str(home),
        "BDC_SCHEDULE": str(home / "schedule.yaml"),
        "BDC_WORK_POOL": POOL,
        "COLLECTOR_RETRIES": "2",
        "COLLECTOR_RETRY_DELAY_SECONDS": "1",
        "DATABASE_URL": postgres.url(TABLES),
        "PREFECT_API_URL": server.api_url,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PYTHONPATH": str(ROOT),
    }


def _schedule(sources: Sequence[Source], at: str) -> str:
    """JSON is YAML."""
    tasks = [
        {"collector": name, "schedule": "daily", "parameters": parameters}
        for name, parameters in parameters_of(sources).items()
    ]
    return json.dumps({"groups": {GROUP: {"default_time": at, "tasks": tasks}}})


def _silent(line: str) -> None:
    """The report tells what matters."""
    del line
