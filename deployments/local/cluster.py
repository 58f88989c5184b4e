"""`bdc cluster`: what production runs, on one machine. Whoever dies is started again."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deployments.local import prefect_server
from deployments.local.prefect_server import PrefectServer, choose_port
from deployments.local.processes import Child, ProcessRecords, stop
from deployments.local.redis import Redis
from deployments.local.stack import POLL_SECONDS, LocalStack, Part
from services.errors import ConfigError

SERVERS = 2
REDIS_PORT = 6379
MIGRATION_SECONDS = 120
STOP_SECONDS = 10.0
# Between two tries to start what does not start.
RESTART_SECONDS = 2.0


class PrefectServices:
    """Schedules, automations and retention, apart from the API; without an address of its own."""

    name = "Prefect services"

    def __init__(self, home: Path, environment: Mapping[str, str], records: ProcessRecords) -> None:
        self._environment = environment
        self._child = Child(self.name, records=records, log=home / "logs" / "prefect-services.log")

    def start(self) -> None:
        """Under way on return."""
        command = [sys.executable, "-m", "prefect", "server", "services", "start"]
        self._child.start(command, {**os.environ, **self._environment})

    def stop(self) -> None:
        """Ended on return."""
        if self._child.process is not None:
            stop(self._child.process, STOP_SECONDS)
        self._child.forget()

    def problem(self) -> str | None:
        """One line when it has ended by itself."""
        if not self._child.has_ended():
            return None
        return f"{self.name} ended by itself: {self._child.last_words()}"


class ClusterStack(LocalStack):
    """Each worker speaks to a Prefect server of its own, so that either can do without the other."""

    _api_urls: tuple[str, ...] = ()

    def wait(self) -> None:
        """Until an interrupt; a part that has ended is started again, until it does start."""
        failed: dict[Part, str] = {}
        while True:
            for part in self._parts:
                problem = failed.pop(part, None) or part.problem()
                if problem is not None:
                    failed |= self._restart(part, problem)
            time.sleep(RESTART_SECONDS if failed else POLL_SECONDS)

    def _restart(self, part: Part, problem: str) -> dict[Part, str]:
        """Nothing, or why it could not be: what it needs may just have ended too."""
        self._report(f"{problem}; starting it again")
        part.stop()
        try:
            part.start()
        except ConfigError as error:
            return {part: str(error)}
        return {}

    def _start_prefect(self, database_url: str) -> str:
        if self._settings.prefect_api_url is not None:
            raise ConfigError("PREFECT_API_URL is set: a cluster has Prefect servers of its own")
        self._ensure_prefect_database(database_url)
        redis = Redis(self._home, port=choose_port(REDIS_PORT, self._report), records=self._records)
        self._report("Starting Redis")
        self._start(redis)
        first, *others = self._servers(database_url, redis.environment())
        self._report("Starting the Prefect servers and their services")
        _migrate(first.environment())
        for server in (first, *others):
            self._start(server)
        self._start(PrefectServices(self._home, first.environment(), self._records))
        self._api_urls = (first.api_url, *(server.api_url for server in others))
        return first.api_url

    def _servers(self, database_url: str, shared: Mapping[str, str]) -> list[PrefectServer]:
        port = self._settings.bdc_port
        servers = []
        for number in range(1, SERVERS + 1):
            port = choose_port(port, self._report)
            name = f"{prefect_server.NAME} {number}"
            servers.append(
                PrefectServer(
                    self._home,
                    database_url=database_url,
                    port=port,
                    records=self._records,
                    name=name,
                    shared=shared,
                )
            )
            port += 1
        return servers

    def _start_worker(self, environment: dict[str, str]) -> None:
        self._report("Starting the workers")
        for number, url in enumerate(self._api_urls, start=1):
            own = environment | {"PREFECT_API_URL": url}
            self._start(self._new_worker(own, f"worker-{number}.log"))


def _migrate(environment: Mapping[str, str]) -> None:
    """Prefect's own tables, once, before servers that would all do it at the same time."""
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=MIGRATION_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().rpartition("\n")[2]
        raise ConfigError(f"Prefect's database cannot be migrated: {last}")
