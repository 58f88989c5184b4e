"""The status page of `bdc up`: `bdc serve` as a child on the loopback."""

import sys
from collections.abc import Mapping
from pathlib import Path

from deployments.local.processes import Child, ProcessRecords, stop, wait_for

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class StatusServer:
    """Started by `start()`, which returns when it answers; safe to stop at any moment.

    `environment` is all that it sees; it names the database and Prefect's API.
    """

    name = "status page"

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        port: int,
        records: ProcessRecords,
        log: Path,
    ) -> None:
        self.url = f"http://{HOST}:{port}/"
        self._port = port
        self._environment = environment
        self._child = Child(self.name, records=records, log=log)

    def start(self) -> None:
        """Raises ConfigError when it ends or stays silent while starting."""
        command = [sys.executable, "-m", "cli", "serve", "--host", HOST, "--port", str(self._port)]
        command.append("--alerts")
        self._child.start(command, self._environment)
        wait_for(f"{self.url}health/live", START_SECONDS, self._child)

    def stop(self) -> None:
        """Ended on return."""
        if self._child.process is not None:
            stop(self._child.process, STOP_SECONDS)
        self._child.forget()

    def problem(self) -> str | None:
        """One line when it has ended by itself."""
        if not self._child.has_ended():
            return None
        return f"The {self.name} ended by itself: {self._child.last_words()}"
