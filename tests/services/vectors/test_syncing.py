"""Indexing while others write, fail, refuse, die, and change their minds about the model."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import text

from conformance.databases import wait_until_left
from services.database import Database
from services.errors import AccessDenied, ConfigError, RateLimited, SourceUnavailable
from services.vectors.services import Text
from services.vectors.settings import VectorSettings
from services.vectors.status import Status, index_status
from services.vectors.syncing import Pace, Syncing
from services.vectors.verifying import verify
from tests.support.indexing import PRIVATE, PUBLIC, Indexing, indexing, settings_at
from tests.support.pinecone_server import Refusal

DOCUMENTS = [Text(f"d{n}", f"Title {n}", f"Body number{n} says something.") for n in range(6)]


@pytest.fixture
def local(database: Database) -> Iterator[Indexing]:
    with indexing("pgvector", database) as made:
        yield made


@pytest.fixture
def hosted(database: Database) -> Iterator[Indexing]:
    with indexing("pinecone-integrated", database) as made:
        yield made


def refuse(hosted: Indexing, *refusals: Refusal) -> None:
    assert hosted.pinecone is not None
    hosted.pinecone.refusals += refusals


def test_what_changes_while_it_is_indexed_is_indexed_again(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    changes = iter([lambda: hosted.put(replace(DOCUMENTS[0], text="Changed meanwhile."))])

    def change(path: str) -> None:
        if path.endswith("/upsert"):
            next(changes, lambda: None)()

    assert hosted.pinecone is not None
    hosted.pinecone.done = change
    hosted.sync()
    assert hosted.is_right()
    assert hosted.found("meanwhile")[0] == "d0"


def test_several_at_once_do_each_document_once(local: Indexing) -> None:
    local.put(*(replace(DOCUMENTS[0], key=f"many{n}", text=f"Body {n}") for n in range(60)))
    done: list[int] = []

    def work() -> None:
        syncing = Syncing(local.database.transaction, local.settings, batch=5)
        done.extend(one.put for one in syncing.run())

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    local.sync()
    assert sum(done) == 60
    assert local.is_right()


@pytest.mark.parametrize("request_number", [1, 2, 4])
def test_killed_at_a_request_the_next_run_leaves_what_the_tables_say(
    hosted: Indexing, database_url: str, request_number: int
) -> None:
    hosted.put(*DOCUMENTS)
    hosted.sync()
    hosted.put(*(replace(one, text=f"{one.text} And more.") for one in DOCUMENTS))
    hosted.delete("d5")
    seen: list[str] = []
    assert hosted.pinecone is not None
    command = [sys.executable, "-m", "tests.support.index_program"]
    with subprocess.Popen([*command, database_url, hosted.pinecone.url]) as child:

        def kill(path: str) -> None:
            seen.append(path)
            if len([one for one in seen if "upsert" in one or "delete" in one]) == request_number:
                os.kill(child.pid, signal.SIGKILL)

        hosted.pinecone.done = kill
        assert child.wait() == -signal.SIGKILL
    wait_until_left(database_url, "index program")
    hosted.pinecone.done = lambda _: None
    hosted.put(*(replace(one, text=f"{one.text} Edited once more.") for one in DOCUMENTS[:3]))
    hosted.sync()
    assert hosted.is_right()
    assert hosted.found("d5") == []


def test_one_document_that_is_refused_blocks_no_other(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    refuse(hosted, Refusal("upsert", 400, times=100, text="number3 "))
    assert hosted.sync().put == 5
    (refused,) = hosted.refused
    assert (refused.collector, refused.key, refused.title) == ("papers", "d3", "Title 3")
    assert "400" in str(refused.error)
    (verdict,) = hosted.verify()
    assert len(verdict.not_told) == 1
    refuse_nothing = hosted.pinecone
    assert refuse_nothing is not None
    refuse_nothing.refusals.clear()
    hosted.put(replace(DOCUMENTS[3], text="Mended number3."))
    hosted.sync()
    assert hosted.is_right()


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, RateLimited), (503, SourceUnavailable), (401, AccessDenied), (403, AccessDenied)],
)
def test_a_failure_of_all_stops_the_run_and_loses_nothing(
    hosted: Indexing, status: int, error: type[Exception]
) -> None:
    hosted.put(*DOCUMENTS)
    hosted.syncing()._begin()
    hosted.syncing()._open()
    refuse(hosted, Refusal("upsert", status, times=8, headers={"Retry-After": "0"}))
    with pytest.raises(error):
        hosted.sync()
    assert hosted.waiting() == {"papers": len(DOCUMENTS)}
    assert hosted.refused == []
    assert hosted.pinecone is not None
    hosted.pinecone.refusals.clear()
    hosted.sync()
    assert hosted.is_right()


def test_what_is_private_never_reaches_the_public_instance(database: Database) -> None:
    with indexing("pinecone-integrated", database) as hosted:
        secret = Text("s1", "Secret plans", "Nobody may read this.", private=True)
        hosted.put(secret, DOCUMENTS[0])
        hosted.sync()
        assert hosted.pinecone is not None
        assert "Nobody may read" in hosted.pinecone.sent(PRIVATE)
        assert "Nobody may read" not in hosted.pinecone.sent(PUBLIC)
        assert "number0" not in hosted.pinecone.sent(PRIVATE)
        assert set(hosted.found("Nobody number0")) == {"s1", "d0"}
        hosted.put(replace(secret, private=False))
        done = hosted.sync()
        assert (done.put, done.deleted) == (1, 1)
        assert hosted.is_right()


def test_without_a_private_key_what_is_private_is_not_sent(hosted: Indexing) -> None:
    assert hosted.pinecone is not None
    only_public = {"pinecone_private_api_key": None}
    hosted.settings = hosted.settings.model_copy(update=only_public)
    hosted.put(Text("s1", "Secret plans", "Nobody may read this.", private=True))
    assert hosted.sync().put == 0
    assert "Nobody" not in hosted.pinecone.sent(PUBLIC)
    assert hosted.is_right()


def test_metadata_changes_without_embedding_anything_again(hosted: Indexing) -> None:
    issue = Text("1", "Crash", "It crashes.", metadata={"state": "open", "milestone": "1.2"})
    hosted.put(issue)
    hosted.sync()
    hosted.put(replace(issue, metadata={"state": "closed"}, url="https://example.org/1"))
    done = hosted.sync()
    assert (done.put, done.renewed, done.deleted) == (0, 1, 0)
    assert hosted.pinecone is not None
    for name in ("boost-dashboard", "boost-dashboard-sparse"):
        (record,) = hosted.pinecone.index(PUBLIC, name).spaces["__default__"].values()
        assert (record.metadata["state"], record.metadata["milestone"]) == ("closed", "")
        assert record.metadata["url"] == "https://example.org/1"
    assert hosted.is_right()


def test_another_model_is_built_beside_and_takes_over_when_it_is_complete(
    hosted: Indexing,
) -> None:
    hosted.put(*DOCUMENTS)
    hosted.sync()
    assert hosted.pinecone is not None
    hosted.settings = settings_at(hosted.pinecone.url, vectors_model="pinecone/llama-text-embed-v2")
    refuse(hosted, Refusal("upsert", 503, times=8, headers={"Retry-After": "0"}))
    with pytest.raises(SourceUnavailable):
        hosted.sync()
    assert [one.status for one in hosted.indexes()] == ["serving", "building"]
    assert hosted.found("number3")[0] == "d3"
    hosted.pinecone.refusals.clear()
    hosted.sync()
    (new,) = hosted.indexes()
    assert (new.model, new.status) == ("pinecone/llama-text-embed-v2", "serving")
    assert set(hosted.pinecone.projects[PUBLIC]) == {new.location, f"{new.location}-sparse"}
    assert hosted.is_right()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_an_index_that_is_begun_while_somebody_indexes_is_told_of_everything(
    hosted: Indexing, *, is_replaced: bool
) -> None:
    """Also when the one that served is dropped meanwhile."""
    hosted.put(*DOCUMENTS)
    hosted.sync()
    hosted.put(*(replace(one, text=f"{one.text} And more.") for one in DOCUMENTS))
    syncing = hosted.syncing()
    syncing.batch = 1
    at_work = syncing.run()
    next(at_work)
    assert hosted.syncing().begin_again()
    if is_replaced:
        hosted.sync()
        hosted.put(*(replace(one, text=f"{one.text} And that.") for one in DOCUMENTS))
    list(at_work)
    hosted.sync()
    assert [one.status for one in hosted.indexes()] == ["serving"]
    assert hosted.refused == []
    assert hosted.is_right()


def test_an_index_is_not_dropped_while_somebody_indexes(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    hosted.sync()
    assert hosted.syncing().begin_again()
    at_work = hosted.syncing().run()
    next(at_work)
    hosted.put(replace(DOCUMENTS[0], text="Changed meanwhile."))
    others = iter([hosted.sync])

    def switch(path: str) -> None:
        if path.endswith("/upsert"):
            next(others, lambda: None)()

    assert hosted.pinecone is not None
    hosted.pinecone.done = switch
    list(at_work)
    assert hosted.refused == []
    hosted.sync()
    assert [one.status for one in hosted.indexes()] == ["serving"]
    assert hosted.is_right()


def test_a_change_of_mind_leaves_one_index(local: Indexing) -> None:
    local.put(*DOCUMENTS)
    local.sync()
    wanted = local.settings
    local.settings = VectorSettings(vectors_index="none")
    local.syncing()._begin()
    assert [one.status for one in local.indexes()] == ["serving", "building"]
    local.settings = wanted
    local.sync()
    assert [(one.kind, one.status) for one in local.indexes()] == [("pgvector", "serving")]
    assert local.is_right()


def test_an_index_whose_key_is_gone_serves_on_until_it_is_replaced(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    hosted.sync()
    hosted.settings = VectorSettings(vectors_index="pgvector")
    hosted.sync()
    assert [(one.kind, one.status) for one in hosted.indexes()] == [
        ("pinecone", "retired"),
        ("pgvector", "serving"),
    ]
    assert hosted.is_right()


def test_nobody_indexes_while_somebody_verifies(local: Indexing) -> None:
    local.put(*DOCUMENTS)
    local.sync()
    local.put(replace(DOCUMENTS[0], text="Changed."))
    with local.database.transaction() as session:
        (verdict,) = verify(session, local.settings, repair=True)
        assert (verdict.is_right, verdict.waiting) == (True, 1)
        assert local.sync().documents == 0
    assert local.sync().documents == 1


def test_chunks_that_are_not_those_of_their_text_are_cut_again(local: Indexing) -> None:
    local.put(*DOCUMENTS)
    local.sync()
    with local.database.transaction() as session:
        session.execute(text("update document_chunk set ends = ends - 2 where id = 1"))
        session.execute(text("delete from vector_entry where vector_id in"
                             " (select vector_id from document_chunk where id = 2)"))  # fmt: skip
    (verdict,) = local.verify(repair=True)
    assert (len(verdict.cut_wrong), len(verdict.not_told)) == (1, 1)
    assert local.sync().documents == 2
    assert local.is_right()


def test_documents_from_before_there_were_chunks_are_cut_when_they_are_indexed(
    local: Indexing,
) -> None:
    local.put(*DOCUMENTS)
    with local.database.transaction() as session:
        session.execute(text("delete from document_chunk"))
        session.execute(text("update document set cut_hash = null"))
    assert local.sync().put == len(DOCUMENTS)
    assert local.is_right()


def test_a_part_that_a_document_repeats_is_indexed_once(local: Indexing) -> None:
    section = "## Terms\n\n" + "The same words in each of them. " * 20 + "\n\n"
    local.put(Text("terms", "", section * 3))
    assert local.sync().put == local.count("document_chunk") == 1
    assert local.is_right()


def test_what_there_is_of_an_index_is_told(local: Indexing) -> None:
    with local.database.transaction() as session:
        assert index_status(session) == Status([], [], 0)
    local.put(*DOCUMENTS)
    local.sync()
    local.put(Text("more", "", "Not indexed yet."))
    with local.database.transaction() as session:
        status = index_status(session)
    (one,) = status.indexes
    assert (one.kind, one.status, one.dimension) == ("pgvector", "serving", 256)
    assert one.chunks == len(DOCUMENTS)
    assert [(lag.collector, lag.documents) for lag in status.lags] == [("papers", 1)]
    assert status.refused == 0


def test_one_collector_may_be_indexed_alone(local: Indexing) -> None:
    local.put(DOCUMENTS[0], collector="papers")
    local.put(DOCUMENTS[1], collector="github")
    assert local.sync("papers").documents == 1
    assert local.waiting() == {"github": 1}
    assert [one.status for one in local.indexes()] == ["building"]
    assert local.found("number0") == ["d0"]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"vectors_index": "pinecone"}, "PINECONE_API_KEY is not set"),
        ({"vectors_index": "pgvector", "vectors_model": "pinecone/e5"}, "within Pinecone only"),
        ({"vectors_index": "pgvector", "vectors_model": "nobody/x"}, "nobody provides nobody/x"),
        ({"vectors_index": "pgvector", "vectors_model": "wordllama/big_64"}, "has no big_64"),
        (
            {"vectors_index": "pgvector", "vectors_model": "sentence-transformers/x"},
            "needs the package",
        ),
    ],
)
def test_what_cannot_be_had_is_named(
    database: Database, settings: dict[str, str], complaint: str
) -> None:
    index = Indexing(database, VectorSettings(**settings))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=complaint):
        index.sync()


@pytest.mark.parametrize("wanted", ["auto", "pgvector"])
def test_a_database_without_the_extension_is_searched_by_words_and_says_so(
    database: Database, wanted: str
) -> None:
    with database.transaction() as session:
        session.execute(text("drop extension vector"))
    index = Indexing(database, VectorSettings(vectors_index=wanted))  # type: ignore[arg-type]
    index.put(*DOCUMENTS)
    if wanted == "pgvector":
        with pytest.raises(ConfigError, match="no extension vector"):
            index.sync()
        return
    index.sync()
    answer = index.answer("number3")
    assert [one.key for one in answer.found] == ["d3"]
    assert "no extension vector" in str(answer.note)


def test_a_hosted_index_that_is_down_leaves_the_words(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    assert "nothing is indexed by meaning yet" in str(hosted.answer("number3").note)
    hosted.sync()
    refuse(hosted, Refusal("search", 401, times=9))
    answer = hosted.answer("number3")
    assert [one.key for one in answer.found] == ["d3"]
    assert "searched by words alone: Pinecone" in str(answer.note)


def test_an_index_made_for_another_model_is_not_written_to(hosted: Indexing) -> None:
    assert hosted.pinecone is not None
    hosted.put(*DOCUMENTS)
    fields = {"chunk_text": {"type": "semantic_text", "model": "another"}}
    hosted.pinecone.make(PUBLIC, {"name": "boost-dashboard"}, fields)
    with pytest.raises(ConfigError, match="is there already, for another"):
        hosted.sync()


def test_a_pace_is_kept_on_average() -> None:
    clock = [0.0]
    slept: list[float] = []
    pace = Pace(10.0, lambda: clock[0], slept.append)
    pace.keep(20)
    clock[0] = 0.5
    pace.keep(5)
    Pace(None, lambda: clock[0], slept.append).keep(1000)
    assert slept == [0.0, 1.5]


def test_keys_are_in_no_error_and_in_no_table(hosted: Indexing) -> None:
    hosted.put(*DOCUMENTS)
    refuse(hosted, Refusal("upsert", 400, times=100))
    hosted.sync()
    said = " ".join(f"{one.error!r}" for one in hosted.refused)
    assert PUBLIC not in said
    assert PUBLIC not in repr(hosted.settings)
