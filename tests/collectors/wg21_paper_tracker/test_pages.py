"""What is read from the pages, case by case."""

import re
from datetime import date
from pathlib import Path

import pytest

from collectors.wg21_paper_tracker.parsing.html import decode_page
from collectors.wg21_paper_tracker.parsing.pages import read_index, read_year_page
from collectors.wg21_paper_tracker.parsing.records import Mailing, PaperRow, YearPage
from tests.support.paper_site import Row, made_row, mailing, table_row, year_page

URL = "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2019/"
RECORDINGS = Path(__file__).parent / "recordings"


def read(html: str) -> YearPage:
    return read_year_page(2019, html, URL)


def rows_of(*rows: Row | str) -> tuple[PaperRow, ...]:
    return read(year_page(mailing("2019-01", *rows))).rows


def placed(html: str) -> list[tuple[str, str | None]]:
    """Papers with their mailings."""
    return [(row.paper.text, row.mailing) for row in read(html).rows]


def recorded(name: str) -> YearPage:
    body = (RECORDINGS / f"{name}.html").read_bytes()
    return read_year_page(int(name), decode_page(body), URL.replace("2019", name))


def test_the_index_names_mailings_and_other_links_are_none() -> None:
    html = """
        <a href="../">Up</a> <a href="2019/">2019</a> <a href="2019/p1r0.pdf">P1R0</a>
        <a href="2019/#mailing2018-11">2018-11 post-<b>San Diego</b>
          mailing</a>
        <a href="2019/#mailing2019-13">no month</a> <a name="x">no link</a>
        <a href="2019/#mailing2019-01"></a>
    """
    assert read_index(html) == [
        Mailing("2018-11", "2018-11 post-San Diego mailing", 2019),
        Mailing("2019-01", "2019-01", 2019),
    ]


def test_an_empty_page_has_neither_mailings_nor_papers() -> None:
    assert read_index("") == []
    assert read("") == YearPage(2019, (), ())


@pytest.mark.parametrize(
    "mark",
    [
        '<a name="mailing2019-01">x</a>',
        '<a id="mailing2019-01"></a>',
        '<h2 id="mailing2019-01">x</h2>',
        '<A NAME=" Mailing2019-01 ">x</A>',
    ],
)
def test_a_mailing_begins_at_its_mark_by_id_or_by_name(mark: str) -> None:
    table = f"<table>{table_row('<a href=p1r0.pdf>P1R0</a>', 'T')}</table>"
    assert placed(mark + table) == [("p1r0", "2019-01")]


def test_a_mailing_without_a_table_before_the_next_mark_has_no_papers() -> None:
    page = read(
        '<a name="mailing2019-01">first</a>'
        + mailing("2019-02", table_row("<a href=p1r0.pdf>P1R0</a>", "T"))
    )
    assert [one.key for one in page.mailings] == ["2019-01", "2019-02"]
    assert [row.mailing for row in page.rows] == ["2019-02"]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ('<h2 id="mailing2019-01">2019-01 pre-Kona</h2>', "2019-01 pre-Kona"),
        ('<h2><a name="mailing2019-01"></a>2019-01 pre-Kona</h2>', "2019-01 pre-Kona"),
        ('<a name="mailing2019-01"></a><h3>2019-01 <i>pre</i>-Kona</h3>', "2019-01 pre-Kona"),
        ('<a name="mailing2019-01"><h3>2019-01 pre-Kona</h3>', "2019-01 pre-Kona"),
        ('<div id="mailing2019-01"></div>', "2019-01"),
        ('<table id="mailing2019-01">', "2019-01"),
    ],
)
def test_a_mailing_is_called_what_its_heading_says(heading: str, title: str) -> None:
    page = read(f"{heading}<table><tr><td><a href=p1r0.pdf>P1R0</a><td>T</table>")
    assert page.mailings == (Mailing("2019-01", title, 2019),)


def test_a_row_of_eight_columns_says_everything() -> None:
    row = Row(
        "P1234R2",
        title="A <code>vector</code> of\n &amp;more",
        authors="Ann Lee, Bob Roe",
        date="2019-01-17",
        mailing_date="2019-01",
        previous='<a href="../2018/p1234r1.pdf">P1234R1</a>',
        subgroups="EWG<br>LEWG, SG1",
        disposition="Adopted 2019-07",
        links=["p1234r2.html"],
    )
    (found,) = rows_of(row)
    paper, details = found.paper, found.details
    assert (paper.text, paper.kind, paper.number, paper.revision) == ("p1234r2", "P", 1234, 2)
    assert (details.title, details.authors) == ("A vector of &more", ("Ann Lee", "Bob Roe"))
    assert (details.document_date, details.mailing_date) == (date(2019, 1, 17), "2019-01")
    assert (details.previous_version, details.disposition) == ("p1234r1", "Adopted 2019-07")
    assert details.subgroups == ("EWG", "LEWG", "SG1")
    assert [file.url for file in found.files] == [URL + "p1234r2.html"]


def test_a_row_of_five_columns_ends_with_its_subgroup() -> None:
    cells = ["<a href=n4567.pdf>N4567</a>", "Draft", "Ann Lee", "17 January 2019", "Core"]
    html = f'<a name="mailing2019-01"></a><table>{table_row(*cells)}</table>'
    (found,) = read(html).rows
    assert (found.paper.kind, found.paper.number, found.paper.revision) == ("N", 4567, None)
    assert found.details.subgroups == ("Core",)
    assert found.details.document_date == date(2019, 1, 17)


def test_eight_columns_are_known_without_headings() -> None:
    row = Row("P1R0", mailing_date="2019-01", previous="P1R9", subgroups="SG7", disposition="Dead")
    html = f'<a name="mailing2019-01"></a><table>{row.html}</table>'
    (found,) = read(html).rows
    assert (found.details.subgroups, found.details.disposition) == (("SG7",), "Dead")
    assert found.details.previous_version == "p1r9"


def test_headings_tell_where_columns_are() -> None:
    headings = ["WG21 Number", "PL22.16 Number", "Title", "Author", "Document Date", "Subgroup"]
    cells = ["<a href=n3291.pdf>N3291</a>", "11-0061", "Working Draft", "Ann Lee", "2011-04-05"]
    html = f'<a name="mailing2011-05"></a><table>{table_row(*headings)}{table_row(*cells)}</table>'
    (found,) = read(html).rows
    assert found.details.title == "Working Draft"
    assert found.details.authors == ("Ann Lee",)
    assert found.details.subgroups == ()


@pytest.mark.parametrize("href", ["P1234R0.PDF", "./p1234r0.pdf", f"{URL}p1234r0.pdf#page=2"])
def test_links_may_be_in_capitals_relative_or_absolute(href: str) -> None:
    (found,) = rows_of(Row("P1234R0", links=[href]))
    assert found.paper.text == "p1234r0"
    assert found.files[0].format == "pdf"
    assert found.files[0].url.lower() == f"{URL}p1234r0.pdf".lower()


def test_one_file_has_one_url_whether_linked_with_http_or_https() -> None:
    (found,) = rows_of(Row("P1R0", links=["p1r0.pdf", f"{URL.replace('https', 'http')}p1r0.pdf"]))
    assert [file.url for file in found.files] == [URL + "p1r0.pdf"]


@pytest.mark.parametrize(
    "href",
    [
        "https://isocpp.org/files/papers/p1r0.pdf",
        "//elsewhere.example/p1r0.pdf",
        "ftp://www.open-std.org/p1r0.pdf",
        "https://user@www.open-std.org/p1r0.pdf",
        "http://[p1r0.pdf",
    ],
)
def test_a_link_off_the_site_is_rejected(href: str) -> None:
    page = read(year_page(mailing("2019-01", Row("P1R0", links=[href]), Row("P2R0"))))
    assert [row.paper.text for row in page.rows] == ["p2r0"]
    (rejected,) = page.rejected
    assert (rejected.key, rejected.number) == ("2019-01 P1R0", 2)
    assert href in rejected.reason


def test_of_several_links_those_on_the_site_count() -> None:
    (found,) = rows_of(Row("P1R0", links=["https://wg21.link/p1r0.html", "p1r0.pdf", "#note"]))
    assert [file.url for file in found.files] == [URL + "p1r0.pdf"]


def test_rows_that_span_columns_are_headings() -> None:
    heading = '<tr><td colspan="8">Late papers, such as <a href="p9r0.pdf">P9R0</a></td></tr>'
    assert [row.paper.text for row in rows_of(heading, Row("P1R0"))] == ["p1r0"]


def test_a_paper_in_a_row_with_a_spanning_cell_is_set_aside() -> None:
    row = '<tr><td><a href="p1r0.pdf">P1R0</a></td><td colspan="2">T</td></tr>'
    page = read(year_page(mailing("2019-01", row)))
    assert (page.rows, [one.label for one in page.rejected]) == ((), ["P1R0"])


def test_all_formats_of_a_cell_are_kept_and_the_best_to_convert_preferred() -> None:
    links = ["p1r0.txt", "p1r0.pdf", "p1r0.ps", "p1r0.html", "p1r0.adoc", "p1r0.tar.gz"]
    (found,) = rows_of(Row("P1R0", links=links))
    assert [file.format for file in found.files] == ["txt", "pdf", "ps", "html", "adoc", "tar.gz"]
    assert found.preferred_url == URL + "p1r0.adoc"
    for worst in ("adoc", "html", "ps", "pdf"):
        links = [link for link in links if not link.endswith(worst)]
        (found,) = rows_of(Row("P1R0", links=links))
        assert found.preferred_url == URL + next(
            (f"p1r0.{one}" for one in ("html", "ps", "pdf") if f"p1r0.{one}" in links), "p1r0.txt"
        )


def test_several_rows_of_one_paper_in_a_mailing_are_one() -> None:
    (found,) = rows_of(
        Row("P1R0", links=["p1r0.pdf"], subgroups=""), Row("P1R0", links=["p1r0.pdf", "p1r0.html"])
    )
    assert [file.format for file in found.files] == ["pdf", "html"]
    assert found.details.subgroups == ("LEWG",)


def test_a_paper_in_two_mailings_has_a_row_in_each() -> None:
    html = year_page(mailing("2019-01", Row("P1R0")), mailing("2019-02", Row("P1R0")))
    assert placed(html) == [("p1r0", "2019-01"), ("p1r0", "2019-02")]


@pytest.mark.parametrize(
    ("link", "kind", "number", "revision"),
    [
        ("sd-6.html", "SD", 6, None),
        ("d1234r1.html", "D", 1234, 1),
        ("N0601.asc", "N", 601, None),
        ("p0001r12.md", "P", 1, 12),
    ],
)
def test_kind_number_and_revision_are_in_the_name(
    link: str, kind: str, number: int, revision: int | None
) -> None:
    (found,) = rows_of(Row("X", links=[link]))
    assert (found.paper.kind, found.paper.number, found.paper.revision) == (kind, number, revision)
    assert found.paper.text == link.partition(".")[0].lower()


@pytest.mark.parametrize(
    "link", ["reflection5.html", "p1234.pdf", "p1r0", "paper-1.html", "sd6.pdf"]
)
def test_what_only_looks_like_a_paper_is_none(link: str) -> None:
    page = read(year_page(mailing("2019-01", Row("Agenda", links=[link]))))
    assert page.rows == ()
    assert [one.reason for one in page.rejected] == ["names no paper in its first cell"]


def test_a_paper_without_a_file_is_stored_all_the_same() -> None:
    (found,) = rows_of(table_row("N4951", "ISO only", "Ann Lee", "2019-01-02"))
    assert (found.paper.text, found.files, found.preferred_url) == ("n4951", (), None)


def test_a_cell_that_links_to_two_papers_is_a_row_of_each() -> None:
    found = rows_of(Row("P1R0", links=["p1r0.pdf", "p1r1.pdf"]))
    assert [(row.paper.text, len(row.files)) for row in found] == [("p1r0", 1), ("p1r1", 1)]


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("SG1 Concurrency and Parallelism, LEWG", ["SG1 Concurrency and Parallelism", "LEWG"]),
        ("SG12 UB &amp; Vulnerabilities", ["SG12 UB & Vulnerabilities"]),
        ("SG22 C/C++ Compatibility,WG21", ["SG22 C/C++ Compatibility", "WG21"]),
        ("Core/Library", ["Core", "Library"]),
        ("LWG &amp; SG6 Numerics", ["LWG", "SG6 Numerics"]),
        ("Evolution and Core; Direction Group", ["Evolution", "Core", "Direction Group"]),
        ("EWG<br>EWG", ["EWG"]),
        ("All of WG21", ["All of WG21"]),
        (" - ", []),
    ],
)
def test_subgroups_are_told_apart_by_how_groups_are_called(cell: str, groups: list[str]) -> None:
    (found,) = rows_of(Row("P1R0", subgroups=cell))
    assert list(found.details.subgroups) == groups


def test_a_paper_without_a_title_is_called_by_its_name() -> None:
    found = rows_of(Row("P1R0", title=" "), "<tr><td><a href='P2R0.PDF'>P2R0</a></td></tr>")
    assert [row.title for row in found] == ["P1R0", "P2R0"]


def test_a_title_of_any_length_is_kept() -> None:
    (found,) = rows_of(Row("P1R0", title="long " * 1000, subgroups="S" * 5000))
    assert len(found.title) == 4999
    assert len(found.details.subgroups[0]) == 5000


def test_dates_are_read_however_they_are_written() -> None:
    written = ["2019-01-05", "2019/1/5", "5 January 2019", "5 Jan 2019", "Jan. 5, 2019"]
    found = rows_of(*(Row(f"P{n}R0", date=text) for n, text in enumerate(written)))
    assert {row.details.document_date for row in found} == {date(2019, 1, 5)}


@pytest.mark.parametrize("text", ["2019-02-30", "TBD", "", "19-1"])
def test_an_impossible_date_costs_the_date_not_the_paper(text: str) -> None:
    (found,) = rows_of(Row("P1R0", date=text))
    assert found.details.document_date is None


def test_what_stands_before_any_mark_is_placed_by_its_mailing_date() -> None:
    rows = [Row("P1R0", mailing_date="2019-03").html, Row("P2R0").html]
    page = read(f"<table>{''.join(rows)}</table>")
    assert [(row.paper.text, row.mailing) for row in page.rows] == [("p1r0", "2019-03")]
    assert [(one.key, one.number) for one in page.rejected] == [("no mailing P2R0", 2)]


def test_a_mark_that_is_no_month_ends_the_mailing_before_it() -> None:
    page = read(year_page(mailing("2019-01", Row("P1R0")), mailing("2019-13", Row("P2R0"))))
    assert [row.paper.text for row in page.rows] == ["p1r0"]
    assert "2019-13" in page.rejected[0].reason


class TestMalformed:
    """HTML that no parser should have to see gives the right rows, or names those it cannot read."""

    def test_cells_and_rows_that_nobody_closed(self) -> None:
        html = """<a name=mailing2019-01></a><table>
            <tr><td><a href=p1r0.pdf>P1R0<td>One<td>Ann Lee<td>2019-01-02
            <tr><td><a href="p2r0.pdf">P2R0</td><td>Two</td><td>Bob Roe
            <tr><td><a href=p3r0.pdf>P3R0</a></td></td><td>Three</td>"""
        assert [(row.paper.text, row.title) for row in read(html).rows] == [
            ("p1r0", "One"),
            ("p2r0", "Two"),
            ("p3r0", "Three"),
        ]

    def test_a_table_that_nobody_closed_keeps_its_papers_in_their_mailing(self) -> None:
        html = (
            '<a name="mailing2019-01"></a><table><tr><td><a href="p1r0.pdf">P1R0</a></td>'
            '<td>T1</td></tr><h2><a name="mailing2019-02">m</a></h2>'
            '<table><tr><td><a href="p2r0.pdf">P2R0</a></td><td>T2</td></tr></table>'
        )
        assert placed(html) == [("p1r0", "2019-01"), ("p2r0", "2019-02")]

    def test_a_cell_that_nobody_closed_does_not_swallow_the_next_mailing(self) -> None:
        html = (
            '<a name="mailing2019-01"></a><table><tr><td><a href="p1r0.pdf">P1R0</a></td>'
            '<td>T1 <i>end</i><h2><a name="mailing2019-02">m</a></h2>'
            '<table><tr><td><a href="p2r0.pdf">P2R0</a></td><td>T2</td></tr></table>'
        )
        assert placed(html) == [("p1r0", "2019-01"), ("p2r0", "2019-02")]
        assert [row.title for row in read(html).rows] == ["T1 end", "T2"]

    def test_a_table_inside_a_cell_is_text_of_the_cell(self) -> None:
        inner = "<table><tr><td><a href=p9r0.pdf>P9R0</a><td>in</tr></table>"
        (found,) = rows_of(Row("P1R0", title=f"before {inner} after"))
        assert found.paper.text == "p1r0"
        assert found.title == "before P9R0 in after"

    def test_a_table_inside_the_first_cell_links_to_nothing_of_the_row(self) -> None:
        inner = "<table><tr><td><a href=p9r0.pdf>P9R0</a></tr></table>"
        row = Row("P1R0").html.replace("</a>", f"</a>{inner}", 1)
        assert [found.paper.text for found in rows_of(row)] == ["p1r0"]

    def test_a_row_of_one_cell_without_a_link_is_none(self) -> None:
        page = read(year_page(mailing("2019-01", table_row("P1R0"), table_row("N1", "T"))))
        assert [row.paper.text for row in page.rows] == ["n1"]
        assert page.rejected == ()

    def test_a_page_laid_out_in_a_table_is_read(self) -> None:
        html = f"<table><tr><td>menu</td><td>{mailing('2019-01', Row('P1R0'))}</td></tr></table>"
        assert placed(html) == [("p1r0", "2019-01")]

    def test_a_row_without_its_tag_is_read(self) -> None:
        html = """<a name="mailing2019-01"></a><table>
            <tr><td><a href=p1r0.pdf>P1R0</a></td><td>One</td></tr>
            <td><a href=p2r0.pdf>P2R0</a></td><td>Two</td></tr></table>"""
        assert [row.title for row in read(html).rows] == ["One", "Two"]

    def test_a_cell_without_its_tag_is_read(self) -> None:
        row = Row("P1R0", date="2019-01-05", subgroups="EWG").html
        for tag in ("<td>A title", "<td>Ann", "<td>2019", '<td><a href="p1r0.html">'):
            html = row.replace(tag, tag.removeprefix("<td>"))
            assert html != row
            assert rows_of(html) == rows_of(row)

    def test_a_heading_without_its_tag_is_read(self) -> None:
        html = year_page(mailing("2019-01", Row("P1R0", disposition="Adopted")))
        assert read(html.replace("<th>Author", "Author")) == read(html)

    @pytest.mark.parametrize("text", ["&nbsp;", ",", ">", "<b></b>"])
    def test_what_says_nothing_between_cells_is_no_cell(self, text: str) -> None:
        row = Row("P1R0", disposition="Adopted")
        assert rows_of(row.html.replace("</td>", f"</td>{text}")) == rows_of(row)

    def test_a_row_that_lacks_a_cell_in_its_middle_is_set_aside(self) -> None:
        lacking = Row("P1R0", mailing_date="2019-01").html.replace("<td></td>", "", 1)
        short = table_row("<a href=p2r0.pdf>P2R0</a>", "T", "Ann Lee", "2019-01-05", "2019-01")
        page = read(year_page(mailing("2019-01", lacking, short)))
        assert [row.paper.text for row in page.rows] == ["p2r0"]
        (rejected,) = page.rejected
        assert (rejected.key, rejected.reason) == (
            "2019-01 P1R0",
            "lacks a cell: LEWG is no previous version",
        )

    def test_a_mailing_whose_mark_is_missing_is_known_by_the_date_of_its_rows(self) -> None:
        marked = mailing("2019-01", Row("P1R0", mailing_date="2019-01"))
        unmarked = mailing("2019-03", Row("P2R0", mailing_date="2019-03"), Row("P3R0")).replace(
            'name="mailing2019-03"', ""
        )
        late = mailing("2019-05", Row("P4R0", mailing_date="2019-04"))
        html = year_page(marked, unmarked, late)
        page = read_year_page(2019, html, URL, ["2019-01", "2019-03", "2019-05"])
        assert [(row.paper.text, row.mailing) for row in page.rows] == [
            ("p1r0", "2019-01"),
            ("p2r0", "2019-03"),
            ("p3r0", "2019-01"),
            ("p4r0", "2019-05"),
        ]

    def test_whichever_tag_is_missing_a_row_is_right_or_set_aside(self) -> None:
        page = year_page(*(mailing(f"2019-0{n}", *map(made_row, (n, 9 * n))) for n in (1, 2)))
        rows = set(read(page).rows)
        structure = re.finditer(r"</?(?:t[dhr]|table|h2|body|html)>|</a>", page)
        tags = [tag for tag in structure if not page.startswith("</td>", tag.end())]
        assert len(tags) > 100
        for tag in tags:
            found = read(page[: tag.start()] + page[tag.end() :])
            assert set(found.rows) <= rows, tag
            missing = {row.paper.text for row in rows - set(found.rows)}
            assert len(missing) <= 2 * len(found.rejected), tag

    def test_rows_that_run_together_are_set_aside_by_name(self) -> None:
        cells = Row("P1R0").html.replace("</tr>", "") + Row("P2R0").html.replace("<tr>", "")
        page = read(year_page(mailing("2019-01", cells, Row("P3R0"))))
        assert [row.paper.text for row in page.rows] == ["p3r0"]
        assert [(one.mailing, one.label) for one in page.rejected] == [("2019-01", "P1R0")]
        assert "rows run together" in page.rejected[0].reason

    def test_a_row_whose_number_is_missing_is_set_aside_by_its_place(self) -> None:
        page = read(year_page(mailing("2019-01", table_row("", "T", "Ann Lee", "2019-01-02"))))
        assert [one.key for one in page.rejected] == ["2019-01 row 2"]
        assert "Ann Lee" in page.rejected[0].html

    def test_what_follows_the_end_of_the_page_is_read(self) -> None:
        html = "<html><body></body></html>" + mailing("2019-01", Row("P1R0"))
        assert placed(html) == [("p1r0", "2019-01")]

    def test_a_page_nested_hundreds_of_levels_deep_is_read(self) -> None:
        assert placed("<div>" * 400 + mailing("2019-01", Row("P1R0"))) == [("p1r0", "2019-01")]

    def test_comments_nul_and_declarations_are_no_content(self) -> None:
        html = '<?xml version="1.0" encoding="utf-16"?>' + mailing(
            "2019-01", Row("P1R0", title="a\0b<!-- c -->d"), "<!-- <tr><td>x</td></tr> -->"
        )
        assert [row.title for row in read(html).rows] == ["abd"]

    def test_each_line_is_read_in_the_encoding_that_it_is_in(self) -> None:
        rows = [Row("P1R0", authors="Thomas Köppe").html, Row("P2R0", authors="Núñez").html]
        lines = [rows[0].encode("utf-8"), rows[1].encode("latin-1"), Row("P3R0").html.encode()]
        body = b'<meta charset=utf-16><a name="mailing2019-01"></a><table>' + b"\n".join(lines)
        found = read(decode_page(body)).rows
        assert [row.details.authors for row in found[:2]] == [("Thomas Köppe",), ("Núñez",)]


def test_a_page_of_two_thousand_rows_gives_two_thousand_papers() -> None:
    page = read(year_page(mailing("2019-01", *map(made_row, range(2000)))))
    assert len({row.paper.text for row in page.rows}) == 2000
    assert page.rejected == ()


def test_a_recorded_page_of_the_nineties() -> None:
    page = recorded("1998")
    assert [(row.paper.text, row.mailing, row.details.authors) for row in page.rows] == [
        ("n1116", "1998-01", ("Beman Dawes", "Greg Colvin")),
        ("n1117", "1998-01", ("Andrew Koenig",)),
        ("n1118", "1998-03", ("Koenig", "Stroustrup", "Plauger")),
        ("n1119", "1998-03", ()),
    ]
    assert [row.details.document_date for row in page.rows] == [
        date(1998, 1, 12),
        date(1998, 1, 5),
        None,
        date(1998, 3, 9),
    ]
    assert page.rejected == ()


def test_a_recorded_page_with_two_numbers_in_each_row() -> None:
    page = recorded("2011")
    assert [(row.paper.text, row.title, row.details.subgroups) for row in page.rows] == [
        ("n3290", "Programming Languages — C++ FDIS", ()),
        ("n3291", "Programming Languages — C++ Draft", ("Core", "Library")),
    ]
    assert page.rows[1].details.previous_version == "n3242"
    assert [file.format for file in page.rows[1].files] == ["pdf", "html"]


def test_a_recorded_page_of_today() -> None:
    page = recorded("2023")
    found = {(row.paper.text, row.mailing): row for row in page.rows}
    assert len(found) == 8
    assert found["p2300r6", "2023-01"].details.authors == (
        "Michał Dominiak",
        "Georgy Evtushenko",
        "Lewis Baker",
        "Lucian Radu Teodorescu",
        "Lee Howes",
        "Kirk Shoop",
        "Michael Garland",
        "Eric Niebler",
        "Bryce Adelstein Lelbach",
    )
    assert found["n4933", "2023-01"].details.subgroups == ("WG21",)
    assert found["p2300r6", "2023-01"].details.subgroups == (
        "SG1 Concurrency and Parallelism",
        "LEWG Library Evolution",
        "LWG Library",
    )
    assert found["sd-6", "2023-02"].paper.kind == "SD"
    assert found["d2786r1", "2023-02"].details.previous_version == "p2786r0"
    assert found["p2757r1", "2023-02"].details.disposition == "Adopted 2023-06"
    assert {("p2757r0", "2023-01"), ("p2757r0", "2023-02")} <= set(found)
    assert [one.key for one in page.rejected] == ["2023-02 P2999R0", "2023-02 row 11"]
