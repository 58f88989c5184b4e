"""What every index promises, whichever it is: what the tables say is what it holds and finds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from services.database import Database
from services.vectors.services import Text
from tests.support.indexing import Indexing, indexing

SENDERS = Text(
    "p2300",
    "std::execution",
    "Senders and receivers describe asynchronous work.",
    "Eric Niebler",
    "https://example.org/p2300",
    date(2024, 7, 1),
    metadata={"state": "open", "labels": ["async"]},
)
RANGES = Text("p0896", "The One Ranges Proposal", "Views compose lazily.", "Eric Niebler")
PARTS = [f"# Part {n}\n\n" + f"Sentence {n} speaks of topic{n}. " * 15 for n in range(6)]
LONG = Text("n1", "A long one", "\n\n".join(PARTS))


@pytest.fixture(params=["pgvector", "pinecone-own", "pinecone-integrated", "none"])
def every(request: pytest.FixtureRequest, database: Database) -> Iterator[Indexing]:
    with indexing(request.param, database) as made:
        yield made


@pytest.fixture(params=["pgvector", "pinecone-own", "pinecone-integrated"])
def index(request: pytest.FixtureRequest, database: Database) -> Iterator[Indexing]:
    with indexing(request.param, database) as made:
        yield made


def test_what_is_put_is_found_whatever_the_index(every: Indexing) -> None:
    every.put(SENDERS, RANGES)
    every.sync()
    assert every.found("senders")[0] == "p2300"
    assert every.found("senders", collector="github") == []
    assert every.found("senders", author="revzin") == []
    assert every.found("senders", since=date(2025, 1, 1)) == []
    assert every.found('"no such phrase"') == []
    assert every.is_right()
    assert every.count("vector_queue") == 0


def test_a_phrase_and_what_must_not_be_there_hold_for_what_is_found_by_meaning(
    index: Indexing,
) -> None:
    index.put(SENDERS, replace(SENDERS, key="p3000", text="Asynchronous senders, receivers too."))
    index.sync()
    assert set(index.found("senders and receivers")) == {"p2300", "p3000"}
    assert index.found('"senders and receivers"') == ["p2300"]
    assert index.found("senders -describe") == ["p3000"]


def test_an_edit_sends_what_changed_and_a_second_run_nothing(index: Indexing) -> None:
    index.put(LONG)
    first = index.sync().put
    assert first > 4
    edited = LONG.text.replace("Sentence 3", "Phrase 3")
    index.put(replace(LONG, text=edited))
    done = index.sync()
    assert 0 < done.put < first / 2
    assert done.deleted == done.put
    assert index.is_right()
    index.put(replace(LONG, text=edited))
    assert index.sync().documents == 0


def test_a_shrunk_and_a_deleted_document_leave_nothing_behind(index: Indexing) -> None:
    index.put(LONG, SENDERS)
    index.sync()
    index.put(replace(LONG, text=PARTS[0]))
    index.sync()
    assert index.is_right()
    index.delete("n1", "p2300")
    index.sync()
    assert index.is_right()
    assert index.count("vector_entry") == 0
    assert index.found("senders") == []
    index.put(SENDERS)
    index.sync()
    assert index.found("senders") == ["p2300"]


def test_a_title_is_embedded_with_every_part(index: Indexing) -> None:
    index.put(LONG)
    first = index.sync().put
    index.put(replace(LONG, title="Renamed"))
    done = index.sync()
    assert (done.put, done.deleted) == (first, 0)
    assert index.is_right()


def test_what_is_moved_to_another_namespace_is_gone_from_the_first(index: Indexing) -> None:
    index.put(SENDERS)
    index.sync()
    index.put(replace(SENDERS, namespace="wg21"))
    done = index.sync()
    assert (done.put, done.deleted) == (1, 1)
    assert index.is_right()
    assert index.found("senders") == ["p2300"]


def test_what_the_index_lost_or_was_given_is_found_out_and_put_right(index: Indexing) -> None:
    index.put(LONG, SENDERS)
    index.sync()
    spoil(index)
    (verdict,) = index.verify()
    assert [len(one.missing) for one in verdict.differences] == [1]
    assert [len(one.foreign) for one in verdict.differences] == [1]
    assert not index.is_right()
    index.verify(repair=True)
    assert index.sync().put == 1
    assert index.is_right()


def spoil(index: Indexing) -> None:
    """One chunk goes, and one comes that nobody has put."""
    if index.pinecone is None:
        with index.database.transaction() as session:
            session.connection().exec_driver_sql(
                "update vectors.index_1 set vector_id = 'foreign' where vector_id ="
                " (select min(vector_id) from vectors.index_1)"
            )
        return
    for name in ("boost-dashboard", "boost-dashboard-sparse"):
        records = index.pinecone.index("public-key-for-tests", name).spaces["__default__"]
        records["foreign"] = records.pop(min(records))


def test_an_index_is_built_beside_and_then_takes_over(index: Indexing) -> None:
    index.put(SENDERS, RANGES)
    index.sync()
    (old,) = index.indexes()
    assert index.syncing().begin_again()
    assert not index.syncing().begin_again()
    assert [one.status for one in index.indexes()] == ["serving", "building"]
    assert index.found("senders") == ["p2300"]
    index.put(replace(SENDERS, text="Senders, changed while it is built."))
    index.sync()
    (new,) = index.indexes()
    assert (new.id, new.status) == (old.id + 1, "serving")
    assert new.location != old.location
    assert index.is_right()
    assert index.found("senders")[0] == "p2300"
