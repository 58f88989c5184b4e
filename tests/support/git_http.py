"""Repositories over HTTP on loopback: `git http-backend` behind a password, or in a bad mood."""

import os
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(slots=True)
class GitServer:
    """What the server does, and what it has seen. Repositories lie under `root`."""

    root: Path
    password: str | None = None
    status: int | None = None
    closing: threading.Event = field(default_factory=threading.Event)
    is_silent: bool = False
    answered: int = 0
    authorizations: list[str] = field(default_factory=list)
    command_lines: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve_repositories(root: Path, password: str | None = None) -> Iterator[GitServer]:
    """Serves until the context ends. Change the GitServer's fields to change how it answers."""
    state = GitServer(root, password)
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join()


def running_command_lines() -> list[str]:
    """The arguments of every process there is, as anybody on the machine can see them."""
    seen = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            seen.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it has ended meanwhile
            continue
    return seen


class _Handler(BaseHTTPRequestHandler):
    state: GitServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.state.command_lines += running_command_lines()
        self.state.authorizations.append(self.headers.get("Authorization", ""))
        if self.state.is_silent:
            self.state.closing.wait()
        elif self.state.status is not None:
            self.send_error(self.state.status)
        elif not self._is_welcome():
            self._ask_for_password()
        else:
            self._pass_on(body)

    def _is_welcome(self) -> bool:
        if self.state.password is None:
            return True
        credentials = self.headers.get("Authorization", "").removeprefix("Basic ")
        return b64decode(credentials).decode() == f"x-access-token:{self.state.password}"

    def _ask_for_password(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="repositories"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _pass_on(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=self._environment(path, query),
            capture_output=True,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        self._reply(head.decode(), content)

    def _reply(self, head: str, content: bytes) -> None:
        headers = dict(line.split(": ", 1) for line in head.split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.state.answered += len(content)

    def _environment(self, path: str, query: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.state.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "uploadpack.allowFilter",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
