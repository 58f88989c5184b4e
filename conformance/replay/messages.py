"""What a replay server is asked and what it answers, before and after faults."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Delivery(Enum):
    """How an answer travels."""

    WHOLE = auto()
    RESET = auto()  # the connection is reset before a byte is answered
    SHORT = auto()  # half of the bytes that Content-Length announces, then the end
    CUT_CHUNKS = auto()  # one chunk of a chunked body, then the end


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Its parameters, decoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def token(self) -> str:
        """Which credentials it came with, for telling them apart: `Bearer abc` is `abc`."""
        return self.headers.get("authorization", "").rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be; `hold` is waited for before anything is sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    hold: Event | None = None


Route = Callable[[Asked], Answer | None]
"""Answers a request, or says None: not one of mine."""


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """The value as JSON; `retry_after="3"` is the header Retry-After."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value).encode()
    return Answer(status, {"content-type": "application/json; charset=utf-8", **named}, body)


def text_answer(text: str, status: int = 200, kind: str = "text/html") -> Answer:
    """The text, as a web page."""
    return Answer(status, {"content-type": f"{kind}; charset=utf-8"}, text.encode())


def link(url: str, relation: str = "next") -> str:
    """One entry of a `Link` header."""
    return f'<{url}>; rel="{relation}"'
