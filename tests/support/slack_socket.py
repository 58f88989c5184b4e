"""Slack's Socket Mode on loopback: a websocket that sends envelopes and hears what is acknowledged."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve


@dataclass
class SlackSocket:
    """One connection after the other; `acknowledged` are ids of envelopes."""

    url: str = ""
    acknowledged: "Queue[str]" = field(default_factory=Queue)
    connections: "Queue[ServerConnection]" = field(default_factory=Queue)

    def send(
        self, connection: ServerConnection, event_id: str, team: str = "T0001", **event: Any
    ) -> None:
        """An event, in the envelope that Slack sends it in."""
        payload = {"team_id": team, "event_id": event_id, "event": event}
        envelope = {"type": "events_api", "envelope_id": f"env-{event_id}", "payload": payload}
        connection.send(json.dumps(envelope))

    def hear(self, connection: ServerConnection) -> None:
        """Until it is closed."""
        connection.send(json.dumps({"type": "hello"}))
        self.connections.put(connection)
        try:
            for message in connection:
                self.acknowledged.put(json.loads(message)["envelope_id"])
        except ConnectionClosed:
            return


@contextmanager
def socket_serving() -> Iterator[SlackSocket]:
    """It is there until the block ends."""
    socket = SlackSocket()
    with serve(socket.hear, "127.0.0.1", 0) as server:
        port = server.socket.getsockname()[1]
        socket.url = f"ws://127.0.0.1:{port}/link"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield socket
        finally:
            server.shutdown()
            thread.join()
