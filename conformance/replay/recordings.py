"""Answers kept in files: one YAML file for each request.

request: GET /repos/o/r/issues?page=1   # the order of parameters does not matter
status: 200                             # 200 when left out
headers: {Content-Type: application/json}
next: /repos/o/r/issues?page=2          # becomes a Link header at the server's own address
json: [{id: 1}]                         # or `text: …`, or `file: page.html` beside it
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from conformance.replay.messages import Answer, Asked, link

KNOWN = frozenset({"request", "status", "headers", "next", "json", "text", "file"})
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Recording:
    """A request and its answer; `next` is the path of the page after it."""

    key: Key
    answer: Answer
    next: str | None


@dataclass(frozen=True, slots=True)
class Recordings:
    """A route of recordings."""

    by_request: Mapping[Key, Recording]

    def __call__(self, asked: Asked) -> Answer | None:
        """The recorded answer."""
        found = self.by_request.get(_key(asked.method, asked.target))
        if found is None:
            return None
        following = {"link": link(asked.base_url + found.next)} if found.next else {}
        return Answer(found.answer.status, {**found.answer.headers, **following}, found.answer.body)


def load_recordings(folder: Path) -> Recordings:
    """Every recording in the folder.

    Raises:
        ValueError: naming the file that holds an unknown key, or a request for the second time.
    """
    found: dict[Key, Recording] = {}
    for path in sorted(folder.glob("*.yaml")):
        recording = _read(path)
        if recording.key in found:
            raise ValueError(f"{path}: this request is recorded in another file as well")
        found[recording.key] = recording
    return Recordings(found)


def _read(path: Path) -> Recording:
    content = yaml.safe_load(path.read_text())
    unknown = set(content) - KNOWN
    if unknown:
        raise ValueError(f"{path}: unknown: {', '.join(sorted(unknown))}")
    method, _, target = content["request"].partition(" ")
    headers = {name.lower(): str(value) for name, value in content.get("headers", {}).items()}
    kind, body = _body(path, content)
    answer = Answer(content.get("status", 200), {"content-type": kind, **headers}, body)
    return Recording(_key(method, target), answer, content.get("next"))


def _body(path: Path, content: Mapping[str, Any]) -> tuple[str, bytes]:
    if "json" in content:
        return "application/json; charset=utf-8", json.dumps(content["json"]).encode()
    if "file" in content:
        return "application/octet-stream", (path.parent / content["file"]).read_bytes()
    return "text/html; charset=utf-8", content.get("text", "").encode()


def _key(method: str, target: str) -> Key:
    parts = urlsplit(target)
    return method, parts.path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
