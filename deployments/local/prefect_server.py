"""The Prefect server of `bdc up`: a child on the loopback, its data in the local PostgreSQL."""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from deployments.local.processes import Child, ProcessRecords, stop, wait_for
from services.errors import ConfigError

HOST = "127.0.0.1"
NAME = "Prefect server"
DATABASE = "prefect"
# Without it Prefect forgets events after a week and runs, logs and artifacts never.
VACUUM = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(90 * 86400),
}
CLIENTS_AUTH = "PREFECT_API_AUTH_STRING"
PORTS_TRIED = 20
# The first start migrates the server's own tables; measured 17 s on a busy two-core machine.
START_SECONDS = 180.0
STOP_SECONDS = 10.0


class PrefectServer:
    """Started by `start()`, which returns when the API is healthy; safe to stop at any moment.

    One of several has a `name` of its own, and in `shared` what they all are told besides; the
    background services run elsewhere then.
    """

    def __init__(
        self,
        home: Path,
        *,
        database_url: str,
        port: int,
        records: ProcessRecords,
        name: str = NAME,
        shared: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._shared = shared
        self.ui_url = f"http://{HOST}:{port}"
        self.api_url = f"{self.ui_url}/api"
        self._home = home
        self._port = port
        self._database_url = database_url
        self._child = Child(self.name, records=records, log=home / "logs" / f"{log_name(name)}.log")

    def start(self) -> None:
        """Raises ConfigError when it ends or stays silent while starting."""
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", HOST, "--port", str(self._port)]
        command += ["--no-services"] if self._shared is not None else []
        self._child.start(command, {**os.environ, **self.environment()})
        wait_for(f"{self.api_url}/health", START_SECONDS, self._child)

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
        """What the server is told. The database's address may hold a password: never in argv."""
        return {
            **{name: os.environ.get(name, ours) for name, ours in VACUUM.items()},
            **_guard(os.environ.get(CLIENTS_AUTH)),
            "PREFECT_HOME": str(self._home / "prefect"),
            "PREFECT_API_DATABASE_CONNECTION_URL": async_url(self._database_url, DATABASE),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_UI_URL": self.ui_url,
            "PREFECT_UI_API_URL": self.api_url,
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            # In memory, the default, a restart forgets who holds a slot: it is never given back.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
                "prefect.server.concurrency.lease_storage.filesystem"
            ),
            "PREFECT_CLI_PROMPT": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONTZPATH": "",
            "PYTHONUNBUFFERED": "1",
            **(self._shared or {}),
        }


def _guard(auth: str | None) -> Mapping[str, str]:
    """What our clients show is what the server asks for; nothing on the loopback unless it is set."""
    return {"PREFECT_SERVER_API_AUTH_STRING": auth} if auth else {}


def log_name(name: str) -> str:
    """`Prefect server` → prefect-server."""
    return name.lower().replace(" ", "-")


def choose_port(wanted: int, report: Callable[[str], None]) -> int:
    """`wanted`, or the next free port when another program has it, which is said.

    Raises:
        ConfigError: none of the ports tried is free.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65535) + 1):
        if is_free(port):
            if port != wanted:
                report(f"Port {wanted} is taken by another program: using {port}")
            return port
    raise ConfigError(
        f"ports {wanted} to {wanted + PORTS_TRIED} are all taken: set BDC_PORT to a free one"
    )


def async_url(database_url: str, database: str) -> str:
    """The address of `database` on the same server, as asyncpg wants it."""
    parts = urlsplit(database_url)
    renamed = {"sslmode": "ssl"}
    query = [(renamed.get(key, key), value) for key, value in parse_qsl(parts.query)]
    suffix = f"?{urlencode(query, safe='/')}" if query else ""
    return f"postgresql+asyncpg://{parts.netloc}/{quote(database)}{suffix}"


def is_free(port: int) -> bool:
    """Whether a server of this machine could listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
