"""Whatever a site has gone through, the tables are those of somebody who reads it now."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from services.database import Database
from tests.support.collecting_papers import TABLES, CollectingPapers
from tests.support.paper_site import PaperSite, Row, serving

YEARS = (2023, 2024)
DESCRIPTION = "paper_id, title, authors_text, document_date, url, described_in"


@pytest.fixture
def site() -> Iterator[PaperSite]:
    with serving(PaperSite()) as found:
        yield found


@pytest.fixture
def collecting(database: Database, site: PaperSite) -> CollectingPapers:
    return CollectingPapers(database, site)


def made_anew(site: PaperSite, chance: random.Random) -> None:
    """Six papers, in any of four mailings on two pages, described differently in each."""
    for year in YEARS:
        site.put(year, m01=_rows(chance), m05=_rows(chance))


def _rows(chance: random.Random) -> list[Row]:
    return [_row(number, chance) for number in chance.sample(range(6), chance.randint(1, 5))]


def _row(number: int, chance: random.Random) -> Row:
    files = [f"../2023/p{number}r0.{end}" for end in ("pdf", "html", "ps")]
    return Row(
        f"P{number}R0",
        title=chance.choice(["A", "B", "C"]),
        authors=chance.choice(["Ann Lee", "Bob Roe, Ann Lee", "Cy Poe", ""]),
        date=chance.choice(["2024-01-01", "2024-01-02", "?"]),
        links=chance.sample(files, chance.randint(1, 3)),
    )


def _part(chance: random.Random) -> dict[str, Any]:
    """Parameters of a run that reads all, a page, or some mailings."""
    return chance.choice([{}, {"years": [chance.choice(YEARS)]}, {"since": "2023-05"}])


def present(collecting: CollectingPapers) -> dict[str, list[Any]]:
    """What is not marked as gone."""
    query = (
        f"select {DESCRIPTION} from wg21_paper_tracker_paper where withdrawn_at is null order by 1"
    )
    papers = collecting.rows(query)
    return {
        "papers": papers,
        "authors": [collecting.authors(paper[0]) for paper in papers],
        "files": [file for file in collecting.files() if not file[-1]],
        "listings": [listing for listing in collecting.listings() if not listing[-1]],
        "documents": collecting.rows(
            "select key, title, text, author, url from document where deleted_at is null order by 1"
        ),
    }


@pytest.mark.parametrize("seed", range(6))
def test_a_site_that_was_read_often_is_stored_as_one_that_is_read_once(
    site: PaperSite, collecting: CollectingPapers, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        made_anew(site, chance)
        collecting.collect(**_part(chance))
    collecting.collect()
    after_all = present(collecting)
    with collecting.database.transaction() as session:
        session.execute(text(f"truncate {', '.join(TABLES)} cascade"))
    collecting.collect()
    assert after_all == present(collecting)
