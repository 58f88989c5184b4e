"""`bdc up`: everything the platform needs on one machine, started in order and ended in reverse."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deployments.connection import open_client
from deployments.local import prefect_server, processes, worker
from deployments.local.interrupts import Interrupted, Interrupts
from deployments.local.postgres import EmbeddedPostgres, ensure_database
from deployments.local.prefect_server import PrefectServer
from deployments.local.processes import ProcessRecords, write_private
from deployments.local.status_server import StatusServer
from deployments.local.worker import Worker
from services.errors import ConfigError
from services.settings import STACK_FILE, PlatformSettings

DATABASE = "bdc"
LOCK_FILE = "up.lock"
RECORDS_FILE = "processes.json"
POLL_SECONDS = 0.25
LEFTOVER_SECONDS = 10.0
# What a shell says of a program that Ctrl-C ended before its work was done.
INTERRUPTED_STATUS = 130

Report = Callable[[str], None]


@dataclass(frozen=True)
class StackSteps:
    """What others do between our starts; each runs once, in this order."""

    migrate: Callable[[str], None]
    """Brings the database of this URL to the newest schema."""
    register: Callable[[str], None]
    """Registers the deployments with the Prefect API at this URL."""
    first_run: Callable[[str], int]
    """Collects once through the Prefect API at this URL; the exit code of `up --once`."""


class Part(Protocol):
    """Something started that has to be ended, and that may end by itself."""

    def start(self) -> None:
        """Ready on return."""

    def stop(self) -> None:
        """Gone on return, also when the start was cut short."""

    def problem(self) -> str | None:
        """One line when it no longer runs."""


class PostgresPart:
    """The embedded PostgreSQL with the two databases."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    def start(self) -> None:
        """Started, or taken over from an `up` that was killed."""
        self._server.start()
        self._server.ensure_database(DATABASE)

    def stop(self) -> None:
        """Ended on return."""
        self._server.stop()

    def problem(self) -> str | None:
        """One line when it has ended by itself."""
        if self._server.is_running():
            return None
        last = processes.last_line(self._server.log)
        return f"PostgreSQL ended by itself: {last} (log: {self._server.log})"


class StackFile:
    """Where other commands find what runs here; present as long as it does."""

    def __init__(self, path: Path, addresses: Mapping[str, object]) -> None:
        self._path = path
        self._addresses = addresses

    def start(self) -> None:
        """Written, for its owner's eyes only."""
        write_private(self._path, json.dumps({**self._addresses, "pid": os.getpid()}))

    def stop(self) -> None:
        """Removed."""
        self._path.unlink(missing_ok=True)

    def problem(self) -> str | None:
        """A file does not end."""
        return None


class LocalStack:
    """The parts in the order of their start; leaving the context ends them in reverse."""

    def __init__(self, settings: PlatformSettings, report: Report, parts: ExitStack) -> None:
        self._settings = settings
        self._home = settings.home
        self._report = report
        self._exits = parts
        self._parts: list[Part] = []
        self._records = ProcessRecords(self._home / RECORDS_FILE)
        self._prefect_database: str | None = None
        self.status_url = ""

    def start(self, steps: StackSteps) -> str:
        """Everything up to the worker; returns the API's URL."""
        (self._home / STACK_FILE).unlink(missing_ok=True)
        self._end_leftovers()
        database_url = self._start_database()
        self._report("Bringing the tables up to date")
        steps.migrate(database_url)
        api_url = self._start_prefect(database_url)
        addresses = {
            "database_url": database_url,
            "prefect_api_url": api_url,
            "prefect_api_database_connection_url": self._prefect_database,
        }
        self._start(StackFile(self._home / STACK_FILE, addresses))
        self._ensure_pool(api_url)
        steps.register(api_url)
        environment = self._environment(database_url, api_url)
        self._exits.callback(worker.stop_flow_runs, self._home)
        self._start_worker(environment)
        self._start_status(environment)
        return api_url

    def wait(self) -> None:
        """Until an interrupt.

        Raises:
            ConfigError: a part ended by itself; says which and where its log is.
        """
        while True:
            for part in self._parts:
                if (problem := part.problem()) is not None:
                    raise ConfigError(problem)
            time.sleep(POLL_SECONDS)

    def _new_worker(self, environment: dict[str, str], log: str) -> Worker:
        return Worker(
            self._settings.bdc_work_pool,
            environment=environment,
            records=self._records,
            log=self._home / "logs" / log,
            report=self._report,
        )

    def _start(self, part: Part) -> None:
        """Its end is arranged first: a start that is cut short leaves nothing."""
        self._exits.callback(part.stop)
        part.start()
        self._parts.append(part)

    def _start_database(self) -> str:
        given = self._settings.database_url
        if given is not None:
            return given.get_secret_value()
        self._report("Starting PostgreSQL")
        server = EmbeddedPostgres(self._home / "postgres")
        self._start(PostgresPart(server))
        return server.url(DATABASE)

    def _start_prefect(self, database_url: str) -> str:
        if self._settings.prefect_api_url is not None:
            return self._settings.prefect_api_url
        self._ensure_prefect_database(database_url)
        port = prefect_server.choose_port(self._settings.bdc_port, self._report)
        server = PrefectServer(
            self._home, database_url=database_url, port=port, records=self._records
        )
        self._report("Starting the Prefect server")
        self._start(server)
        return server.api_url

    def _ensure_prefect_database(self, database_url: str) -> None:
        ensure_database(database_url, prefect_server.DATABASE)
        self._prefect_database = prefect_server.async_url(database_url, prefect_server.DATABASE)

    def _ensure_pool(self, api_url: str) -> None:
        worker.wait_for_api(api_url, worker.API_SECONDS)
        with open_client(api_url) as client:
            template = worker.base_job_template(Path.cwd())
            worker.ensure_work_pool(client, self._settings.bdc_work_pool, template)

    def _environment(self, database_url: str, api_url: str) -> dict[str, str]:
        """Flow runs find the addresses in it, whatever directory they start in."""
        return {
            **os.environ,
            "BDC_HOME": str(self._home),
            "DATABASE_URL": database_url,
            "PREFECT_API_URL": api_url,
            "PREFECT_HOME": str(self._home / "prefect"),
        }

    def _start_worker(self, environment: dict[str, str]) -> None:
        self._report("Starting the worker")
        self._start(self._new_worker(environment, "worker.log"))

    def _start_status(self, environment: dict[str, str]) -> None:
        port = prefect_server.choose_port(self._settings.bdc_status_port, self._report)
        server = StatusServer(
            environment=environment,
            port=port,
            records=self._records,
            log=self._home / "logs" / "status.log",
        )
        self._report("Starting the status page")
        self._start(server)
        self.status_url = server.url

    def _end_leftovers(self) -> None:
        """What an `up` that was killed could not end: its worker before its server."""
        for record in reversed(self._records.read()):
            if (process := record.find()) is not None:
                self._report(
                    f"Ending the {record.name} that an earlier run left (pid {record.pid})"
                )
                if record.name == Worker.name:
                    worker.stop_worker(process)
                processes.stop(process, LEFTOVER_SECONDS)
            self._records.remove(record.pid)


def up(
    settings: PlatformSettings,
    *,
    once: bool,
    steps: StackSteps,
    report: Report,
    kind: type[LocalStack] = LocalStack,
) -> int:
    """Run the stack until SIGINT or SIGTERM, with `once` until the first run is over.

    Returns the exit code: with `once` the first run's; 0 when asked to stop; 130 when asked to
    stop before all of it was up. Everything started is ended on return, whatever the reason.

    Raises:
        ConfigError: what the operator can mend, one line each; nothing is left running.
    """
    with hold_lock(settings.home), Interrupts() as interrupts, ExitStack() as parts:
        stack = kind(settings, report, parts)
        complete = False
        try:
            api_url = stack.start(steps)
            report(f"Status page  {stack.status_url}")
            _print_addresses(settings, api_url, report)
            status = steps.first_run(api_url)
            if once:
                return status
            complete = True
            report("Running; Ctrl-C stops everything")
            stack.wait()
        except Interrupted:
            report("Stopping")
        finally:
            interrupts.shield()
    return 0 if complete else INTERRUPTED_STATUS


@contextmanager
def hold_lock(home: Path) -> Iterator[None]:
    """One stack at a time under a home; the system frees the lock when its holder dies.

    Raises:
        ConfigError: another one runs, with its pid and address.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_FILE).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(_describe_holder(home)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _describe_holder(home: Path) -> str:
    pid = (home / LOCK_FILE).read_text().strip() or "unknown"
    try:
        address = json.loads((home / STACK_FILE).read_text())["prefect_api_url"]
    except (FileNotFoundError, ValueError, KeyError):
        return f"a stack is just starting or stopping under {home} (pid {pid})"
    return f"a stack is running under {home} already (pid {pid}): {_ui_url(address)}"


def _print_addresses(settings: PlatformSettings, api_url: str, report: Report) -> None:
    report(f"Prefect UI   {_ui_url(api_url)}")
    report(f"Prefect API  {api_url}")
    report(f"Logs         {settings.home / 'logs'}")


def _ui_url(api_url: str) -> str:
    return api_url.removesuffix("/").removesuffix("/api")
