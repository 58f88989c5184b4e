"""A file of metadata beside the pages: it fills gaps, and takes nothing away."""

from collections.abc import Iterator
from datetime import date

import pytest

from collectors.wg21_paper_tracker.parsing.metadata import Metadata, read_metadata
from collectors.wg21_paper_tracker.services import Stored, store_metadata
from services.database import Database
from services.errors import RecordRejected
from tests.support.collecting_papers import CollectingPapers
from tests.support.paper_site import NOW, PaperSite, Row, mailing, serving, year_page

BASE = "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/"
HEADER = "filename,paper_id,url,title,author,date,mailing_date,subgroup"


def read(*lines: str, header: str = HEADER, base: str = BASE) -> Metadata:
    return read_metadata([f"{line}\n" for line in (header, *lines)], base)


def line(
    paper: str = "p1r0",
    title: str = "A title",
    author: str = "Ann Lee",
    on: str = "2020-01-15",
    mailing: str = "2020-02",
    subgroup: str = "LEWG",
    url: str = f"{BASE}2020/p1r0.pdf",
) -> str:
    return f'{paper}.pdf,{paper},{url},"{title}","{author}",{on},{mailing},"{subgroup}"'


def test_a_line_is_a_paper() -> None:
    (row,) = read(line(author="Ann Lee, Bob Roe", subgroup="EWG, CWG")).rows
    assert (row.paper.text, row.mailing, row.title) == ("p1r0", "2020-02", "A title")
    assert row.details.authors == ("Ann Lee", "Bob Roe")
    assert row.details.document_date == date(2020, 1, 15)
    assert row.details.subgroups == ("EWG", "CWG")
    assert [(file.url, file.format) for file in row.files] == [(f"{BASE}2020/p1r0.pdf", "pdf")]


def test_columns_come_in_any_order_and_case() -> None:
    found = read(f"P7R0,{BASE}p7r0.html", header="\ufeffPaper_ID, URL ")
    assert [(row.paper.text, row.title, row.mailing) for row in found.rows] == [
        ("p7r0", "P7R0", None)
    ]


def test_a_title_of_many_lines_is_one_line() -> None:
    lines = line(title="A\n  title\tof many").splitlines()
    (row,) = read(*lines).rows
    assert row.title == "A title of many"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (line(paper=""), "there is no paper_id"),
        (line(paper="draft"), "paper_id draft is none"),
        (line(paper="p1r0 and more"), "paper_id p1r0 and more is none"),
        (line(url=""), "there is no url"),
        (line(url="https://elsewhere.example/p1r0.pdf"), "is not at the site of the papers"),
        (line(url="http://[p1r0.pdf"), "is none"),
        (line(url="x" * 3000 + "/p1r0.pdf"), "is none: it has 3009 characters"),
        (line(author="Ann " + "L" * 600), "has an author of 604 characters"),
        (line(on="2020-02-30"), "date 2020-02-30 is none"),
    ],
)
def test_a_line_that_says_nothing_is_skipped_with_its_reason(wrong: str, reason: str) -> None:
    found = read(line(), "", wrong)
    assert (found.lines, len(found.rows)) == (2, 1)
    (skipped,) = found.skipped
    assert skipped.startswith("line 4: ")
    assert reason in skipped


def test_lines_of_one_paper_are_its_files() -> None:
    (row,) = read(line(subgroup=""), line(url=f"{BASE}2020/p1r0.html")).rows
    assert [file.format for file in row.files] == ["pdf", "html"]
    assert row.details.subgroups == ("LEWG",)


def test_a_mailing_that_is_no_month_is_none() -> None:
    found = read(line(mailing="soon"))
    assert (found.mailings, found.rows[0].mailing) == ((), None)


def test_a_file_without_its_columns_is_refused() -> None:
    with pytest.raises(RecordRejected, match="no column url"):
        read("p1r0", header="paper_id")
    with pytest.raises(RecordRejected, match="no column paper_id and no column url"):
        read_metadata([], BASE)


@pytest.fixture
def collecting(database: Database) -> Iterator[CollectingPapers]:
    with serving(PaperSite()) as site:
        yield CollectingPapers(database, site)


def store(collecting: CollectingPapers, *lines: str) -> Stored:
    base = collecting.site.base_url
    metadata = read(*(text.replace(BASE, base) for text in lines), base=base)
    with collecting.database.transaction() as session:
        return store_metadata(session, metadata, now=NOW)


def test_papers_of_a_file_are_stored_and_nobody_is_told(collecting: CollectingPapers) -> None:
    stored = store(collecting, line(), line(paper="n5", mailing="", url=f"{BASE}2020/n5.pdf"))
    assert (stored.new, stored.corrected) == (("p1r0", "n5"), ())
    assert collecting.papers("paper_id, is_from_page, withdrawn_at") == [
        ("n5", False, None),
        ("p1r0", False, None),
    ]
    titles = "select key, title, year from wg21_paper_tracker_mailing"
    assert collecting.rows(titles) == [("2020-02", "2020-02 (from metadata)", 2020)]
    assert collecting.announced() == []


def test_the_same_file_twice_writes_nothing(collecting: CollectingPapers) -> None:
    store(collecting, line())
    before = collecting.row_versions()
    stored = store(collecting, line())
    assert collecting.row_versions() == before
    assert (stored.new, stored.corrected) == ((), ())


def test_a_file_changes_nothing_that_a_page_says(collecting: CollectingPapers) -> None:
    site = collecting.site
    site.put(2020, m02=[Row("P1R0", title="Right", authors="Bob Roe", links=["p1r0.html"])])
    collecting.collect()
    before = collecting.row_versions(
        ["wg21_paper_tracker_paper", "wg21_paper_tracker_author", "wg21_paper_tracker_mailing"]
    )
    store(collecting, line(title="Wrong", author="Cy Poe"))
    assert collecting.row_versions(list(before)) == before
    assert collecting.files() == [
        ("p1r0", "2020/p1r0.html", False),
        ("p1r0", "2020/p1r0.pdf", True),
    ]


def test_a_page_takes_the_place_of_what_a_file_said_and_tells_of_it(
    collecting: CollectingPapers,
) -> None:
    store(collecting, line(title="Wrong", author="Cy Poe, Di Noe", mailing=""))
    collecting.site.put(2020, m02=[Row("P1R0", title="Right", links=["p1r0.pdf"])])
    collecting.collect()
    assert collecting.papers("title, is_from_page") == [("Right", True)]
    assert collecting.authors("p1r0") == ["Ann Lee"]
    assert collecting.announced() == ["p1r0.pdf"]
    titles = "select title from wg21_paper_tracker_mailing"
    assert collecting.rows(titles) == [("2020-02 mailing",)]


def test_blanks_take_nothing_away_from_what_another_file_said(
    collecting: CollectingPapers,
) -> None:
    store(collecting, line())
    store(collecting, line(title="", author="", on="", subgroup="", url=f"{BASE}2020/p1r0.html"))
    assert collecting.papers("title, document_date::text, subgroups") == [
        ("A title", "2020-01-15", ["LEWG"])
    ]
    assert collecting.authors("p1r0") == ["Ann Lee"]
    assert [gone for *_, gone in collecting.files()] == [False, False]


def test_a_paper_that_only_a_file_knows_is_not_withdrawn_by_a_page(
    collecting: CollectingPapers,
) -> None:
    store(collecting, line(paper="p2r0", url=f"{BASE}2020/p2r0.pdf"))
    collecting.site.put(2020, m02=[Row("P1R0")])
    collecting.collect()
    assert collecting.papers("withdrawn_at") == [None, None]


def test_a_paper_that_a_file_and_a_page_list_in_one_mailing_is_listed_once(
    collecting: CollectingPapers,
) -> None:
    site = collecting.site
    site.pages[2021] = year_page(mailing("2020-12", Row("P1R0", links=["p1r0.pdf"])))
    site.mailings["2020-12"] = 2021
    collecting.collect()
    store(collecting, line(mailing="2020-12", url=f"{BASE}2021/p1r0.pdf"))
    assert collecting.listings() == [("p1r0", "2020-12", 2021, False)]
