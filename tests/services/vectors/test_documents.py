"""Documents: what search finds, and what it finds no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from services.database import Database
from services.upsert import Written
from services.vectors.models import Document
from services.vectors.services import (
    Fact,
    Found,
    Text,
    delete_documents,
    put_documents,
    search_documents,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SENDERS = Text(
    "p2300r10",
    "P2300R10 std::execution",
    "Senders and receivers for asynchronous code.",
    "Eric Niebler, Michał Dominiak",
    "https://example.org/p2300r10.html",
    date(2024, 7, 1),
)
COROUTINES = Text("n4775", "N4775 Coroutines", "Code that suspends.", "Gor Nishanov")
RANGES = Text("p0896r4", "P0896R4 The One Ranges Proposal", "No senders here.", "Eric Niebler")


def put(database: Database, *texts: Text, collector: str = "papers") -> Written:
    with database.transaction() as session:
        return put_documents(session, collector, texts)


def found(database: Database, query: str, **also: object) -> Sequence[Found]:
    with database.transaction() as session:
        return search_documents(session, query, **also)  # type: ignore[arg-type]


def keys(database: Database, query: str, **also: object) -> list[str]:
    return [one.key for one in found(database, query, **also)]


def delete(database: Database, *names: str) -> Written:
    with database.transaction() as session:
        return delete_documents(session, "papers", names, NOW)


@pytest.fixture
def papers(database: Database) -> Database:
    put(database, SENDERS, COROUTINES, RANGES)
    return database


def test_what_is_stored_is_found_with_all_that_is_known_of_it(papers: Database) -> None:
    (one,) = found(papers, "asynchronous")
    assert (one.collector, one.key, one.title) == ("papers", SENDERS.key, SENDERS.title)
    assert (one.author, one.published_on, one.url) == (
        SENDERS.author,
        SENDERS.published_on,
        SENDERS.url,
    )
    assert "**asynchronous**" in one.snippet


def test_the_same_documents_again_write_nothing(papers: Database) -> None:
    assert put(papers, SENDERS, COROUTINES, RANGES) == Written(unchanged=3)


def test_metadata_namespace_and_privacy_are_kept_and_their_change_is_a_change(
    database: Database,
) -> None:
    issue = Text("1", "A bug", "It breaks.", metadata={"state": "open", "labels": ["b", "a"]})
    assert put(database, issue) == Written(inserted=1)
    in_another_order: dict[str, Fact] = {"labels": ["b", "a"], "state": "open"}
    assert put(database, replace(issue, metadata=in_another_order)) == Written(unchanged=1)
    assert put(database, replace(issue, metadata={"state": "closed"})) == Written(updated=1)
    moved = replace(issue, namespace="github-boostorg", private=True)
    assert put(database, moved) == Written(updated=1)
    with database.transaction() as session:
        (stored,) = session.scalars(select(Document))
    assert (stored.namespace, stored.is_private, stored.facts) == (
        "github-boostorg",
        True,
        {"labels": ["b", "a"], "state": "open"},
    )


def test_words_are_found_in_their_other_forms_and_in_titles(papers: Database) -> None:
    assert keys(papers, "coroutine") == ["n4775"]
    assert keys(papers, "suspended") == ["n4775"]


def test_phrases_alternatives_and_exclusions_mean_what_they_do_elsewhere(papers: Database) -> None:
    assert keys(papers, '"senders and receivers"') == ["p2300r10"]
    assert set(keys(papers, "suspends or ranges")) == {"n4775", "p0896r4"}
    assert keys(papers, "senders -ranges") == ["p2300r10"]


def test_a_match_in_more_places_comes_first(papers: Database) -> None:
    put(papers, Text("p9", "Senders", "Senders, senders and more senders."))
    assert keys(papers, "senders")[0] == "p9"
    assert keys(papers, "senders", limit=1) == ["p9"]


def test_what_changed_is_found_by_its_new_words_only(papers: Database) -> None:
    assert put(papers, Text("n4775", "N4775 Coroutines", "Stackless.")) == Written(updated=1)
    assert keys(papers, "suspends") == []
    assert keys(papers, "stackless") == ["n4775"]


def test_what_is_deleted_is_not_found_until_it_comes_back(papers: Database) -> None:
    assert delete(papers, "n4775", "no such paper") == Written(updated=1)
    assert delete(papers, "n4775") == Written()
    assert keys(papers, "coroutines") == []
    assert put(papers, COROUTINES) == Written(updated=1)
    assert keys(papers, "coroutines") == ["n4775"]


def test_collector_author_and_day_narrow_a_search(papers: Database) -> None:
    put(papers, Text("t1", "Senders?", "asked"), collector="chat")
    assert keys(papers, "senders", collector="chat") == ["t1"]
    assert set(keys(papers, "senders", author="niebler")) == {"p2300r10", "p0896r4"}
    assert keys(papers, "senders", author="100%") == []
    assert keys(papers, "senders", since=date(2024, 7, 1)) == ["p2300r10"]
    assert keys(papers, "senders", since=date(2024, 7, 2)) == []


@pytest.mark.parametrize("query", ["", "the", "'; drop table document", '"', "((", "a:*"])
def test_what_no_document_holds_is_no_error(papers: Database, query: str) -> None:
    assert keys(papers, query) == []


def test_a_text_longer_than_an_index_takes_is_found_by_its_beginning(database: Database) -> None:
    words = " ".join(f"word{number}" for number in range(200_000))
    put(database, Text("long", "Long", f"beginning {words}"))
    assert keys(database, "beginning") == ["long"]
