"""Indexing as a run: what it counts, what it sets aside, and what it does for every other room."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from collectors import AbstractCollector
from collectors.cppa_pinecone_sync.collector import CppaPineconeSync
from flows.cppa_pinecone_sync import build
from services.database import Database
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, open_dead_letters, start_run
from services.settings import PlatformSettings
from services.upsert import Written
from services.vectors.running import SOURCE
from services.vectors.services import Text
from tests.support.collecting_papers import Heard
from tests.support.indexing import PUBLIC, Indexing, indexing
from tests.support.pinecone_server import Refusal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAPERS = [Text(f"p{n}", f"Paper {n}", f"About subject{n}.") for n in range(3)]


class Papers(AbstractCollector):
    """A room that has nothing to do with indexing."""

    name: ClassVar[str] = "papers"
    source_key = "papers"

    def validate_config(self) -> None:
        """Nothing."""

    def collect(self, run: Run) -> CollectResult:
        return run.result


@pytest.fixture
def hosted(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexing]:
    with indexing("pinecone-integrated", database) as made:
        assert made.pinecone is not None
        monkeypatch.setenv("VECTORS_INDEX", "pinecone")
        monkeypatch.setenv("PINECONE_API_KEY", PUBLIC)
        monkeypatch.setenv("PINECONE_BASE_URL", made.pinecone.url)
        made.settings = made.settings.model_copy(update={"pinecone_private_api_key": None})
        yield made


def begin(database: Database, source: Source, heard: Heard | None = None) -> Run:
    with database.transaction() as session:
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=NOON)
    return Run(source, database, run_id, heard or Heard())


def test_everything_that_waits_is_indexed_and_counted(hosted: Indexing) -> None:
    hosted.put(*PAPERS)
    hosted.put(PAPERS[0], collector="github")
    collector = CppaPineconeSync()
    collector.validate_config()
    run = begin(hosted.database, SOURCE)
    assert collector.collect(run) == CollectResult(4, tables={"vector_entry": Written(inserted=4)})
    collector.sync_pinecone(run)
    assert hosted.is_right()
    assert (collector.name, collector.source_key) == ("cppa_pinecone_sync", "documents")


def test_a_rehearsal_says_what_waits_and_sends_nothing(hosted: Indexing) -> None:
    hosted.put(*PAPERS)
    heard = Heard()
    with hosted.database.rehearse() as rehearsal:
        CppaPineconeSync().collect(Run(SOURCE, rehearsal, None, heard))
    assert "3 documents of papers wait" in heard.lines
    assert hosted.pinecone is not None
    assert hosted.pinecone.asked == []


def test_a_room_indexes_its_own_documents_and_skips_when_it_has_none(hosted: Indexing) -> None:
    hosted.put(*PAPERS)
    hosted.put(PAPERS[0], collector="github")
    run = begin(hosted.database, Source("papers", "papers"))
    result = Papers().sync_pinecone(run)
    assert result is not None
    assert result.fetched == 3
    assert hosted.waiting() == {"github": 1}
    assert Papers().sync_pinecone(run) is None


def test_what_is_refused_waits_in_the_dead_letters_until_it_is_replayed(hosted: Indexing) -> None:
    hosted.put(*PAPERS)
    assert hosted.pinecone is not None
    hosted.pinecone.refusals.append(Refusal("upsert", 400, times=99, text="subject1"))
    run = begin(hosted.database, Source("papers", "papers"))
    result = Papers().sync_pinecone(run)
    assert result is not None
    assert (result.fetched, result.quarantined) == (3, 1)
    with hosted.database.transaction() as session:
        (letter,) = open_dead_letters(session, SOURCE)
    assert (letter.item_key, letter.payload["title"]) == ("papers:p1", "Paper 1")
    again = build(PlatformSettings(), repository="of the other room")
    refused = begin(hosted.database, SOURCE)
    again.replay(refused, [letter])
    assert refused.set_aside_keys == {("documents", "papers:p1")}
    hosted.pinecone.refusals.clear()
    replayed = begin(hosted.database, SOURCE)
    again.replay(replayed, [letter])
    assert replayed.set_aside_keys == set()
    assert hosted.is_right()


def test_a_refused_document_that_is_mended_settles_its_letter(hosted: Indexing) -> None:
    hosted.put(*PAPERS)
    assert hosted.pinecone is not None
    hosted.pinecone.refusals.append(Refusal("upsert", 400, times=99, text="subject1"))
    CppaPineconeSync().collect(begin(hosted.database, SOURCE))
    hosted.put(Text("p1", "Paper 1", "About something else."))
    CppaPineconeSync("papers").collect(begin(hosted.database, SOURCE))
    with hosted.database.transaction() as session:
        (letter,) = dead_letters(session, status=None)
    assert letter.status == "resolved"
