"""`bdc vectors` and `bdc search`: what is indexed, whether that is right, and found by meaning."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from cli.main import execute
from services.database import Database
from services.runs import services as ledger
from services.runs.services import SetAside, start_run
from services.vectors.running import SOURCE
from services.vectors.services import Text
from services.vectors.settings import VectorSettings
from tests.support.indexing import Indexing

LEAKS = Text("1", "Crash in the pool", "The allocator never releases its memory.")
TRAINS = Text("2", "Timetable", "The train to Hamburg leaves late in the evening.")


@pytest.fixture
def index(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Indexing:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("VECTORS_INDEX", "pgvector")
    made = Indexing(database, VectorSettings(vectors_index="pgvector"))
    made.put(LEAKS, TRAINS)
    return made


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    execute([*arguments])
    return " ".join(capsys.readouterr().out.split())


def test_what_there_is_and_what_waits_is_told(
    index: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Nothing is indexed yet" in said(capsys, "vectors", "status")
    assert "There is no index" in said(capsys, "vectors", "verify")
    index.sync()
    with index.database.transaction() as session:
        now = datetime.now(UTC)
        run_id = start_run(session, SOURCE, parameters={}, flow_run_id=None, now=now)
        ledger.set_aside(session, SOURCE, "documents", [SetAside("a:1", {}, "no")], run_id=run_id)
    shown = said(capsys, "vectors", "status")
    assert "pgvector wordllama/l2_supercat_256 256 serving 2" in shown
    assert "Nothing waits. 1 documents are refused" in shown
    index.put(Text("3", "New", "Not indexed yet."))
    told = json.loads(said(capsys, "vectors", "status", "--json"))
    assert [one["documents"] for one in told["waiting"]] == [1]


def test_what_differs_is_told_and_then_put_right(
    index: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    index.sync()
    assert execute(["vectors", "verify"]) == 0
    with index.database.transaction() as session:
        session.execute(text("delete from vectors.index_1"))
    assert execute(["vectors", "verify", "--dry-run", "--json"]) == 1
    capsys.readouterr()
    (verdict,) = json.loads(said(capsys, "vectors", "verify", "--dry-run", "--json"))
    assert (verdict["missing"], verdict["is_right"]) == (2, False)
    assert "to be indexed again" in said(capsys, "vectors", "verify")
    index.sync()
    assert execute(["vectors", "verify"]) == 0


def test_an_index_is_rebuilt_beside(index: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    index.sync()
    assert "An index is begun" in said(capsys, "vectors", "rebuild")
    assert "being built already" in said(capsys, "vectors", "rebuild")
    index.sync()
    assert [one.status for one in index.indexes()] == ["serving"]


def test_what_means_the_same_is_found_in_other_words(
    index: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(["search", "freeing heap allocations"])
    before = capsys.readouterr()
    assert "Nothing was found" in before.out
    assert "searched by words alone" in before.err
    index.sync()
    found = said(capsys, "search", "freeing heap allocations")
    assert "Crash in the pool" in found
    assert "never releases its memory" in found
    assert "Timetable" not in found
    assert "Nothing was found" in said(capsys, "search", "heap -crash")
