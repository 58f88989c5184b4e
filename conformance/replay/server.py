"""A source that plays back, on loopback over real HTTP/1.1, and fails as it is told to."""

import gzip
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conformance.replay.faults import Script
from conformance.replay.messages import Answer, Asked, Delivery, Route, json_answer
from conformance.replay.rules import Budget, Tokens, versioned, within_budget
from conformance.replay.traffic import Traffic

LINGER_NOT = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing resets the connection


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class ReplayServer:
    """What the server answers, what it has seen, and where it is. Fields may be changed any time.

    The first route that knows a request answers it; where none does, 404. `now` is the server's
    clock, which need not agree with the client's.
    """

    routes: Sequence[Route] = ()
    budgets: Sequence[Budget] = ()
    now: Callable[[], datetime] = _utc_now
    script: Script = field(default_factory=Script)
    tokens: Tokens = field(default_factory=Tokens)
    traffic: Traffic = field(default_factory=Traffic)
    closing: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        """What is sent back."""
        if self.tokens.refuses(asked.token):
            return json_answer({"message": "Bad credentials"}, 401)
        budgets = [one for one in self.budgets if asked.path.startswith(one.prefix)]
        if not budgets:
            return self._content(asked)
        nearest = max(budgets, key=lambda budget: len(budget.prefix))
        return within_budget(asked, nearest, self.now(), self._content)

    def _content(self, asked: Asked) -> Answer:
        found = (route(asked) for route in self.routes)
        usual = next((answer for answer in found if answer), None)
        usual = usual or json_answer({"message": "Not Found"}, 404)
        return self.script.meet(asked, versioned(asked, usual))


@contextmanager
def replaying(*routes: Route, **options: Any) -> Iterator[ReplayServer]:
    """Serves until the block ends; the options are fields of `ReplayServer`."""
    replay = ReplayServer(routes, **options)
    handler = type("Handler", (_Handler,), {"replay": replay})
    with _Server(("127.0.0.1", 0), handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield replay
        finally:
            replay.closing.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    replay: ReplayServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""

    def _reply(self) -> None:
        asked = self._asked()
        with self.replay.traffic.noting(asked):
            answer = self.replay.answer(asked)
            self._wait(answer)
        # Not under way any more before the client can know it: it may ask the next one at once.
        self._deliver(answer)

    def _asked(self) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Asked(self.command, self.path, headers, body, self.replay.url)

    def _wait(self, answer: Answer) -> None:
        while answer.hold and not (answer.hold.wait(0.01) or self.replay.closing.is_set()):
            pass

    def _deliver(self, answer: Answer) -> None:
        if answer.delivery is Delivery.RESET:
            self._reset()
            return
        headers, body = self._encoded(answer)
        if answer.delivery is Delivery.CUT_CHUNKS:
            self._cut_chunks(answer.status, headers, body)
            return
        sent = body[: len(body) // 2] if answer.delivery is Delivery.SHORT else body
        self.close_connection = self.close_connection or answer.delivery is Delivery.SHORT
        length = {} if answer.status == HTTPStatus.NOT_MODIFIED else {"content-length": len(body)}
        self._send(answer.status, {**headers, **length}, b"" if self.command == "HEAD" else sent)

    def _encoded(self, answer: Answer) -> tuple[dict[str, Any], bytes]:
        headers: dict[str, Any] = {"date": format_datetime(self.replay.now(), usegmt=True)}
        headers |= answer.headers
        wants_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        if not answer.body or not wants_gzip or "content-encoding" in headers:
            return headers, answer.body
        return {**headers, "content-encoding": "gzip"}, gzip.compress(answer.body, 1)

    def _cut_chunks(self, status: int, headers: dict[str, Any], body: bytes) -> None:
        # Half of the body: what tells its own end, as git's answers do, would be whole otherwise.
        sent = body[: max(1, len(body) // 2)]
        chunk = b"%x\r\n%s\r\n" % (len(sent), sent)
        self.close_connection = True
        self._send(status, {**headers, "transfer-encoding": "chunked"}, chunk)

    def _send(self, status: int, headers: dict[str, Any], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        os.close(self.connection.detach())  # at once: an orderly end would come before the reset
