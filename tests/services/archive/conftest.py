"""A run whose answers are kept, and what becomes of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.replay.messages import Answer as Reply
from conformance.replay.messages import Asked, json_answer
from conformance.replay.server import ReplayServer, replaying
from services.archive.models import ArchiveSegment
from services.archive.place import ArchivePlace
from services.archive.reading import Payloads
from services.archive.recorder import Recorder
from services.archive.services import find_segments
from services.database import Database
from services.http.client import HttpClient
from services.http.messages import Request
from services.http.observing import observed
from services.http.settings import HttpSettings
from services.runs import services as ledger
from services.runs.run import Run
from services.runs.services import Source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = Source("tracker", "acme/widget")


def route(asked: Asked) -> Reply | None:
    """Every page is there, and says where it is and what it was asked."""
    if asked.path.startswith("/moved"):
        return Reply(302, {"location": "/here"})
    if asked.path.startswith("/gone"):
        return json_answer({}, 404)
    if asked.path.startswith("/noise"):
        return json_answer(random.Random(asked.target).randbytes(200_000).hex())
    said = {"target": asked.target, "asked": asked.body.decode()}
    return json_answer(
        said, etag='"1"', link=f'<{asked.base_url}/next?token=hunter2secret>; rel="next"'
    )


@dataclass
class Archiving:
    """A source, an archive, a database, and runs."""

    database: Database
    server: ReplayServer
    place: ArchivePlace
    runs: list[Run] = field(default_factory=list)

    def begin(self, segment_bytes: int = 2**20) -> Run:
        """A run that archives."""
        with self.database.transaction() as session:
            run_id = ledger.start_run(session, SOURCE, parameters={}, flow_run_id=None, now=NOON)
        of_source = (SOURCE.collector, SOURCE.source_key)
        recorder = Recorder(self.place, *of_source, run_id, NOON, segment_bytes)
        return Run(SOURCE, self.database, run_id, archive=recorder)

    def fetch(self, run: Run, *requests: str | Request) -> None:
        """Ask the source in this run."""
        assert isinstance(run.archive, Recorder)
        with observed(run.archive.observe):
            client = HttpClient(HttpSettings(base_url=self.server.url))
        with client:
            for request in requests:
                client.send(Request(request) if isinstance(request, str) else request)

    def commit(self, run: Run) -> None:
        """As the next batch of the run does."""
        with run.transaction():
            """Nothing else."""

    def segments(self) -> list[ArchiveSegment]:
        """What is listed."""
        with self.database.transaction() as session:
            return list(find_segments(session))

    def payloads(self) -> Payloads:
        """All there is."""
        return Payloads(self.place, self.segments())

    def urls(self) -> list[str]:
        """What was asked, without the server."""
        return [exchange.url.removeprefix(self.server.url) for exchange in self.payloads()]


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, or a store that knows no appending."""
    if getattr(request, "param", "folder") == "folder":
        return str(tmp_path / "archive")
    return f"memory://{tmp_path.name}/archive"


@pytest.fixture
def archiving(database: Database, url: str) -> Iterator[Archiving]:
    with replaying(route) as server:
        yield Archiving(database, server, ArchivePlace(url))
