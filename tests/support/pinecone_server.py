"""Pinecone's REST API on loopback, as documented at https://docs.pinecone.io/reference/api, in memory.

Projects are told apart by their keys. Each index has a host, here a port, of its own. Texts are embedded by
their words, so that what shares words is alike.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zlib import crc32

PAGE = 2
Metadata = dict[str, Any]
Filter = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    values: dict[int, float]
    metadata: Metadata


@dataclass
class HostedIndex:
    """What one of Pinecone's indexes is and holds."""

    name: str
    host: str
    fields: dict[str, Any]
    spaces: dict[str, dict[str, Record]] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "host": self.host,
            "schema": {"fields": self.fields},
            "deployment": {
                "deployment_type": "managed",
                "environment": "aped-1",
                "cloud": "aws",
                "region": "us-east-1",
            },
            "read_capacity": {"mode": "OnDemand", "status": {"state": "Ready"}},
            "status": {"ready": True, "state": "Ready"},
            "deletion_protection": "disabled",
        }


@dataclass
class Refusal:
    """Answers of `status` to the next requests whose path has `path` and whose body has `text`."""

    path: str
    status: int
    times: int = 1
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class PineconeServer:
    """The projects by key, what is to be refused, and what was asked."""

    stack: ExitStack
    projects: dict[str, dict[str, HostedIndex]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""
    done: Callable[[str], None] = lambda _: None
    """Called with each path once what was asked for is done, before it is answered."""

    def index(self, key: str, name: str) -> HostedIndex:
        return self.projects[key][name]

    def sent(self, key: str) -> str:
        """Everything that a project was sent."""
        return "\n".join(body for asked_by, _, body in self.asked if asked_by == key)

    def make(self, key: str, body: dict[str, Any], fields: dict[str, Any]) -> HostedIndex:
        made = HostedIndex(body["name"], "", fields)
        made.host = self.stack.enter_context(_listening(self, made))
        self.projects.setdefault(key, {})[made.name] = made
        return made

    def refusal(self, path: str, body: str) -> Refusal | None:
        for one in self.refusals:
            if one.times > 0 and one.path in path and one.text in body:
                one.times -= 1
                return one
        return None


@contextmanager
def serving_pinecone() -> Iterator[PineconeServer]:
    with ExitStack() as stack:
        server = PineconeServer(stack)
        server.url = stack.enter_context(_listening(server, None))
        yield server


@contextmanager
def _listening(server: PineconeServer, index: HostedIndex | None) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"pinecone": server, "index": index})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listener.daemon_threads = True
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    pinecone: PineconeServer
    index: HostedIndex | None
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        key = self.headers.get("Api-Key", "")
        url = urlsplit(self.path)
        self.pinecone.asked.append((key, f"{method} {url.path}", body))
        refusal = self.pinecone.refusal(url.path, body)
        if refusal is not None:
            said = {
                "error": {"code": "REFUSED", "message": "as the test wants"},
                "status": refusal.status,
            }
            self._send(refusal.status, said, refusal.headers)
        elif self.index is None:
            self._send(*_control(self.pinecone, key, method, url.path, body))
        else:
            answer = _data(self.index, url.path, parse_qs(url.query), body)
            self.pinecone.done(url.path)
            self._send(*answer)

    def _send(self, status: int, said: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _control(
    server: PineconeServer, key: str, method: str, path: str, body: str
) -> tuple[int, Any]:
    indexes = server.projects.setdefault(key, {})
    name = path.removeprefix("/indexes").strip("/")
    if method == "POST" and name == "create-for-model":
        asked = json.loads(body)
        embed = asked["embed"]
        text = {"type": "semantic_text", "model": embed["model"]}
        return 201, server.make(key, asked, {embed["field_map"]["text"]: text}).described
    if method == "POST":
        asked = json.loads(body)
        return 201, server.make(key, asked, asked["schema"]["fields"]).described
    if not name:
        return 200, {"indexes": [one.described for one in indexes.values()]}
    if name not in indexes:
        return 404, {"error": {"code": "NOT_FOUND", "message": f"no {name}"}, "status": 404}
    if method == "DELETE":
        del indexes[name]
        return 202, {}
    return 200, indexes[name].described


def _data(index: HostedIndex, path: str, query: dict[str, list[str]], body: str) -> tuple[int, Any]:
    if path.startswith("/records/namespaces/"):
        space, _, action = path.removeprefix("/records/namespaces/").rpartition("/")
        return _records(index, unquote(space), action, body)
    asked = json.loads(body) if body else {}
    space = asked.get("namespace") or query.get("namespace", [""])[0] or "__default__"
    answer = _VECTORS.get(path)
    if answer is None:
        return 404, {"error": {"code": "NOT_FOUND", "message": path}, "status": 404}
    return 200, answer(index.spaces.setdefault(space, {}), index, asked | query)


Records = dict[str, Record]
Asked = dict[str, Any]


def _upserted(records: Records, _: HostedIndex, asked: Asked) -> Any:
    for one in asked["vectors"]:
        records[one["id"]] = Record(dict(enumerate(one["values"])), one.get("metadata", {}))
    return {"upsertedCount": len(asked["vectors"])}


def _updated(records: Records, _: HostedIndex, asked: Asked) -> Any:
    if (old := records.get(asked["id"])) is not None:
        records[asked["id"]] = Record(old.values, {**old.metadata, **asked["setMetadata"]})
    return {}


def _deleted(records: Records, _: HostedIndex, asked: Asked) -> Any:
    for one in asked["ids"]:
        records.pop(one, None)
    return {}


def _listed(records: Records, _: HostedIndex, asked: Asked) -> Any:
    return _page(records, int(asked.get("paginationToken", ["0"])[0]))


def _fetched(records: Records, _: HostedIndex, asked: Asked) -> Any:
    found = {
        one: {"id": one, "values": [0.5], "metadata": records[one].metadata}
        for one in asked.get("ids", [])
        if one in records
    }
    return {"vectors": found, "namespace": ""}


def _queried(records: Records, _: HostedIndex, asked: Asked) -> Any:
    hits = _nearest(records, dict(enumerate(asked["vector"])), asked)
    return {"matches": [{"id": one, "score": score} for one, score in hits]}


def _counted(_: Records, index: HostedIndex, __: Asked) -> Any:
    counts = {name: {"vectorCount": len(held)} for name, held in index.spaces.items() if held}
    total = sum(len(held) for held in index.spaces.values())
    return {"namespaces": counts, "totalVectorCount": total, "indexFullness": 0}


_VECTORS: dict[str, Callable[[Records, HostedIndex, Asked], Any]] = {
    "/vectors/upsert": _upserted,
    "/vectors/update": _updated,
    "/vectors/delete": _deleted,
    "/vectors/list": _listed,
    "/vectors/fetch": _fetched,
    "/query": _queried,
    "/describe_index_stats": _counted,
}


def _records(index: HostedIndex, space: str, action: str, body: str) -> tuple[int, Any]:
    records = index.spaces.setdefault(space, {})
    if action == "upsert":
        for line in body.splitlines():
            one = json.loads(line)
            number = one.pop("_id")
            records[number] = Record(_embedded(one["chunk_text"]), one)
        return 201, {}
    asked = json.loads(body)["query"]
    wanted = {"topK": asked["top_k"], "filter": asked.get("filter")}
    hits = _nearest(records, _embedded(asked["inputs"]["text"]), wanted)
    found = [{"_id": one, "_score": score, "fields": {}} for one, score in hits]
    return 200, {"result": {"hits": found}, "usage": {"read_units": 1}}


def _page(records: dict[str, Record], start: int) -> dict[str, Any]:
    ids = sorted(records)
    said: dict[str, Any] = {"vectors": [{"id": one} for one in ids[start : start + PAGE]]}
    if start + PAGE < len(ids):
        said["pagination"] = {"next": str(start + PAGE)}
    return said


def _nearest(
    records: dict[str, Record], wanted: dict[int, float], asked: dict[str, Any]
) -> list[tuple[str, float]]:
    scores = [
        (one, _cosine(record.values, wanted))
        for one, record in records.items()
        if _matches(record.metadata, asked.get("filter"))
    ]
    best = sorted(scores, key=lambda hit: (-hit[1], hit[0]))
    return [hit for hit in best if hit[1] > 0][: asked["topK"]]


def _matches(metadata: Metadata, wanted: Filter | None) -> bool:
    for condition in (wanted or {}).get("$and", []):
        ((name, test),) = condition.items()
        if "$eq" in test and metadata.get(name) != test["$eq"]:
            return False
        if "$gte" in test and not metadata.get(name, 0) >= test["$gte"]:
            return False
    return True


def _embedded(text: str) -> dict[int, float]:
    words = Counter(text.lower().split())
    return {crc32(word.strip(".,:").encode()) % 4096: float(n) for word, n in words.items()}


def _cosine(one: dict[int, float], other: dict[int, float]) -> float:
    dot = sum(value * other.get(at, 0.0) for at, value in one.items())
    norms = math.hypot(*one.values()) * math.hypot(*other.values())
    return dot / norms if norms else 0.0
