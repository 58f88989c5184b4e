"""A repository on loopback that is sent events, as GitHub takes them."""

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.replay.messages import Answer, Asked

TOKEN = "token-of-the-converter"


@dataclass
class Converter:
    """Remembers every event that it got, and converts what it has not had under the same key.

    As many of its next answers as `lost` get lost after the event has arrived.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    converted: list[str] = field(default_factory=list)
    lost: int = 0

    def __call__(self, asked: Asked) -> Answer | None:
        if (asked.method, asked.path) != ("POST", "/repos/acme/papers/dispatches"):
            return None
        event = json.loads(asked.body)
        self._start_workflow(event["client_payload"])
        self.events.append(event)
        self.lost -= 1
        return Answer(504 if self.lost >= 0 else 204)

    def _start_workflow(self, payload: dict[str, Any]) -> None:
        """What a workflow does that is to convert each paper once."""
        known = {event["client_payload"]["key"] for event in self.events}
        if payload["key"] not in known:
            self.converted += payload["papers"]
