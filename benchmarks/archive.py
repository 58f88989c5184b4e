"""Fetching and storing with the raw archive and without it, in one run, alternately.

The source is a server on loopback with pages of a hundred issues, as GitHub's are; ten pages are
one transaction, which stores one row for each issue. The claim: the archive costs little beside
what is done anyhow, and its files are a fraction of what was received.
"""

import random
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.measuring import ROUNDS, median, scratch_database, scratch_postgres
from conformance.replay.messages import Answer, Asked
from conformance.replay.server import replaying
from services.archive.place import ArchivePlace
from services.archive.recorder import NullArchive, Recorder
from services.database import Database
from services.http.client import HttpClient
from services.http.observing import observed
from services.http.settings import HttpSettings
from services.identity.models import Profile
from services.runs.run import Run
from services.runs.services import Source, start_run
from services.upsert import bulk_upsert

PAGES, ITEMS, BATCH = 100, 100, 10
SOURCE = Source("benchmark", "acme/widget")
COLUMNS = ("platform", "external_id", "display_name", "account_type", "observed_at")
WORDS = [uuid4().hex[: 3 + number % 9] for number in range(2000)]


def rows() -> list[dict[str, object]]:
    """With and without."""
    bodies = [_body(number) for number in range(PAGES)]

    def route(asked: Asked) -> Answer:
        body = bodies[int(asked.query["page"])]
        return Answer(200, {"content-type": "application/json"}, body)

    with ExitStack() as stack:
        server = stack.enter_context(scratch_postgres())
        database = stack.enter_context(scratch_database(server, "archive"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bdc-bench-")))
        url = stack.enter_context(replaying(route)).url
        taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for is_on, times in taken.items():
                times.append(_collect(database, url, folder if is_on else None))
        kept = sum(path.stat().st_size for path in folder.rglob("*.zst")) / ROUNDS
    return _table(taken, sum(map(len, bodies)), kept)


def _table(
    taken: dict[bool, list[tuple[float, float]]], received: float, kept: float
) -> list[dict[str, object]]:
    wall = {is_on: median([one for one, _ in times]) for is_on, times in taken.items()}
    used = {is_on: median([one for _, one in times]) for is_on, times in taken.items()}
    return [
        {
            "archive": "on" if is_on else "off",
            "items/s": round(PAGES * ITEMS / wall[is_on]),
            "CPU s": used[is_on],
            "times wall": round(wall[is_on] / wall[False], 2),
            "times CPU": round(used[is_on] / used[False], 2),
            "MB received": round(received / 1e6, 1),
            "MB kept": round(kept / 1e6, 1) if is_on else 0.0,
        }
        for is_on in (False, True)
    ]


def _collect(database: Database, url: str, folder: Path | None) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        run_id = start_run(session, SOURCE, parameters={}, flow_run_id=None, now=now)
    run = Run(SOURCE, database, run_id)
    archive: Any = NullArchive()
    if folder is not None:
        place = ArchivePlace(str(folder))
        archive = Recorder(place, SOURCE.collector, SOURCE.source_key, run_id, now)
    run.archive = archive
    begun, used = time.perf_counter(), time.process_time()
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(observed(archive.observe))
        client = stack.enter_context(HttpClient(HttpSettings(base_url=url)))
        for first in range(0, PAGES, BATCH):
            _store(run, client, range(first, first + BATCH))
    return time.perf_counter() - begun, time.process_time() - used


def _store(run: Run, client: HttpClient, numbers: range) -> None:
    pages = [client.get("issues", {"page": number}).json() for number in numbers]
    rows = [
        (str(run.id), str(item["id"]), item["title"], "user", datetime.now(UTC))
        for page in pages
        for item in page
    ]
    with run.transaction() as session:
        bulk_upsert(session, Profile, COLUMNS, rows, key=COLUMNS[:2])


def _body(page: int) -> bytes:
    drawn = random.Random(page)
    login = ["octocat", "hubot", "monalisa"]
    items = [
        {
            "id": page * ITEMS + number,
            "node_id": f"I_kwDO{drawn.getrandbits(64):x}",
            "url": f"https://api.github.com/repos/acme/widget/issues/{page * ITEMS + number}",
            "title": " ".join(drawn.choices(WORDS, k=8)),
            "body": " ".join(drawn.choices(WORDS, k=200)),
            "user": {"login": drawn.choice(login), "id": drawn.getrandbits(20), "type": "User"},
            "labels": [
                {"id": drawn.getrandbits(10), "name": drawn.choice(WORDS)} for _ in range(3)
            ],
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-02T00:00:00Z",
        }
        for number in range(ITEMS)
    ]
    return orjson.dumps(items)
