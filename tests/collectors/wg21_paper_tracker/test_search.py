"""What search finds of the papers: one document for each revision, as the tables say now."""

from collections.abc import Iterator
from datetime import date

import pytest

from services.database import Database
from services.vectors.services import Found, search_documents
from tests.support.collecting_papers import CollectingPapers
from tests.support.paper_site import PaperSite, Row, serving

SENDERS = Row(
    "P2300R1", title="Senders", authors="Eric Niebler", previous="P2300R0", date="2024-01-15"
)


@pytest.fixture
def site() -> Iterator[PaperSite]:
    with serving(PaperSite()) as found:
        yield found


@pytest.fixture
def collecting(database: Database, site: PaperSite) -> CollectingPapers:
    return CollectingPapers(database, site)


def found(collecting: CollectingPapers, query: str) -> list[Found]:
    with collecting.database.transaction() as session:
        return list(search_documents(session, query, collector="wg21_paper_tracker"))


def test_each_revision_is_a_document_with_its_facts(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P2300R0", title="Senders"), SENDERS])
    collecting.collect()
    assert {one.key for one in found(collecting, "senders")} == {"p2300r0", "p2300r1"}
    (one,) = found(collecting, "niebler")
    assert (one.title, one.author, one.published_on) == (
        "P2300R1 Senders",
        "Eric Niebler",
        date(2024, 1, 15),
    )
    assert one.url is not None


def test_a_correction_is_found_and_what_it_corrects_is_not(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0", title="Coruotines")])
    collecting.collect()
    site.put(2024, m01=[Row("P1R0", title="Coroutines")])
    collecting.collect()
    assert [one.key for one in found(collecting, "coroutines")] == ["p1r0"]
    assert found(collecting, "coruotines") == []


def test_a_withdrawn_paper_is_not_found_until_it_comes_back(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[SENDERS, Row("P1R0", title="Ranges")])
    collecting.collect()
    site.put(2024, m01=[SENDERS])
    collecting.collect()
    assert found(collecting, "ranges") == []
    site.put(2024, m01=[SENDERS, Row("P1R0", title="Ranges")])
    collecting.collect()
    assert [one.key for one in found(collecting, "ranges")] == ["p1r0"]


def test_a_dry_run_leaves_the_documents_alone(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[SENDERS])
    collecting.rehearse()
    assert found(collecting, "senders") == []
