"""From the pages of the site to mailings and papers.

The index links to each mailing on its year's page (`2023/#mailing2023-01`). A year's page marks
where a mailing begins (`id` or `name` of any element), and tables follow, a row a paper. Columns
are found by their headings; without these there are five (number, title, authors, date, subgroup)
or, from eight on: number, title, authors, date, mailing date, previous version, subgroup,
disposition.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from collectors.wg21_paper_tracker.parsing.columns import (
    Unreadable,
    default_columns,
    named_columns,
    read_details,
    require_heading,
    require_names,
    require_one_row,
    require_places,
)
from collectors.wg21_paper_tracker.parsing.fields import (
    collapse,
    first_file_name,
    located_file,
    mailing_key,
    paper_id,
    paper_link,
)
from collectors.wg21_paper_tracker.parsing.html import (
    Element,
    cells_of,
    links_of,
    loose_cells,
    mailing_mark,
    parse_html,
    text_of,
)
from collectors.wg21_paper_tracker.parsing.records import (
    Details,
    Mailing,
    PaperFile,
    PaperId,
    PaperRow,
    RejectedRow,
    YearPage,
    distinct_files,
    merged,
)
from services.errors import RecordRejected

# Raise it when pages are read differently: all of them are then read again.
READING = 2

_INDEX_LINK = re.compile(r"(\d{4})/#mailing(\d{4}-\d{2})", re.ASCII)
_MATTERS = etree.XPath("//tr | //*[@id or @name] | //*[self::td or self::th][not(parent::tr)]")
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tr", "td", "th"})
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Number, title, authors, date: what every layout begins with.
FEWEST_COLUMNS = 4
_LONGEST_KEPT_HTML = 4000


def read_index(text: str) -> list[Mailing]:
    """The mailings that the index of all papers links to; other links are none."""
    root = parse_html(text)
    links = [] if root is None else list(root.iter("a"))
    found = ((_INDEX_LINK.fullmatch(link.get("href", "").strip()), link) for link in links)
    mailings = [
        Mailing(match[2], collapse(text_of(link)) or match[2], int(match[1]))
        for match, link in found
        if match and mailing_key(match[2])
    ]
    return list({mailing.key: mailing for mailing in reversed(mailings)}.values())[::-1]


def read_year_page(year: int, text: str, url: str, linked: Collection[str] = ()) -> YearPage:
    """What the page of a year, found at `url`, says; the index links to the mailings `linked` on it.

    Papers of one whose mark is missing are known by their mailing date.
    """
    reader = _Reader(year, url, frozenset(linked))
    root = parse_html(text)
    if root is not None:
        reader.read(root)
    mailings = tuple(reader.mailings.values())
    return YearPage(year, mailings, tuple(merged(reader.rows)), tuple(reader.rejected))


def require_no_files(year: int, text: str) -> None:
    """Refuse a page without a row of a paper that speaks of papers' files nevertheless.

    Raises:
        RecordRejected: its layout is another one, or it is broken in such a way that it is not read.
    """
    if found := first_file_name(text):
        raise RecordRejected(
            f"no row on the page of {year} is a paper, but it names {found}: has it a new layout?"
        )


@dataclass
class _Reader:
    """Goes through a page in the order it is written, and knows where it is."""

    year: int
    url: str
    unmarked: frozenset[str]
    mailings: dict[str, Mailing] = field(default_factory=dict)
    rows: list[PaperRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    mark: str | None = None
    number: int = 0
    columns: dict[Element | None, dict[str, int]] = field(default_factory=dict)
    last: tuple[Element, str | None] | None = None

    def read(self, root: Element) -> None:
        elements = _elements(root)
        self.unmarked -= {mailing_mark(element) for element in elements}
        for element in elements:
            self._notice_mailing(element)
            if element.tag == "tr":
                self._read_row(element, cells_of(element))
            elif element.tag in {"td", "th"} and (cells := loose_cells(element)):
                self._read_row(element, cells)

    def _notice_mailing(self, element: Element) -> None:
        mark = mailing_mark(element)
        if mark is None:
            return
        self.mark = mark
        if mailing_key(mark) and mark not in self.mailings:
            title = _mailing_title(element) or mark
            self.mailings[mark] = Mailing(mark, title, self.year)

    def _read_row(self, row: Element, cells: Sequence[Element]) -> None:
        self.number += 1
        if not cells or self._is_within_last(row):
            return
        table = next(row.iterancestors("table"), None)
        if columns := named_columns(cells):
            self.columns[table] = columns
            return
        try:
            papers = list(self._papers(cells, self.columns.get(table)))
        except Unreadable as reason:
            self._reject(cells, str(reason))
            return
        if papers:
            self.rows += papers
            self.last = (row, self.mark)

    def _is_within_last(self, row: Element) -> bool:
        """Whether it belongs to a table inside a paper's cell, and is no row of its own."""
        if self.last is None or self.last[1] != self.mark:
            return False
        return any(outer is self.last[0] for outer in row.iterancestors("tr", "td"))

    def _papers(
        self, cells: Sequence[Element], columns: Mapping[str, int] | None
    ) -> Iterator[PaperRow]:
        """The papers of a row, all but always one; none where it is no paper's row."""
        files = self._files(cells[0])
        if any("colspan" in cell.attrib for cell in cells):
            require_heading(cells, links_to_papers=bool(files))
            return
        if not files and (paper := _paper_without_file(cells)):
            files[paper] = []
        if not files:
            self._require_no_paper(cells)
            return
        require_one_row(cells, columns)
        known = columns or default_columns(cells)
        require_places(cells, known)
        details = read_details(cells, known)
        require_names(details.authors)
        mailing = self._mailing(details)
        for paper, found in files.items():
            yield PaperRow(paper, mailing, details, distinct_files(found))

    def _require_no_paper(self, cells: Sequence[Element]) -> None:
        """A row of a mailing that has what papers have is one, though nobody can tell which."""
        has_all = len(cells) >= FEWEST_COLUMNS and bool(text_of(cells[1]))
        if has_all and mailing_key(self.mark or "") and all(cell.tag == "td" for cell in cells):
            raise Unreadable("names no paper in its first cell")

    def _files(self, cell: Element) -> dict[PaperId, list[PaperFile]]:
        """Every format that the cell links to; an error when all of them are elsewhere."""
        files: dict[PaperId, list[PaperFile]] = {}
        elsewhere: list[str] = []
        for href in links_of(cell):
            paper, file = self._file(href)
            if paper and file:
                files.setdefault(paper, []).append(file)
            elif paper:
                elsewhere.append(href)
        if elsewhere and not files:
            raise Unreadable(f"links to {elsewhere[0]}, which is not at the site of the papers")
        return files

    def _file(self, href: str) -> tuple[PaperId | None, PaperFile | None]:
        try:
            link = paper_link(href)
            return (link[0], located_file(self.url, href, link[1])) if link else (None, None)
        except ValueError as error:  # urlsplit's, e.g. of "http://[p1r0.pdf"
            raise Unreadable(f"links to {href[:200]!r}, which is no address: {error}") from error

    def _mailing(self, details: Details) -> str:
        is_unmarked = details.mailing_date in self.unmarked
        mailing = (not is_unmarked and mailing_key(self.mark or "")) or details.mailing_date
        if mailing is None:
            raise Unreadable(f"is in no mailing: the mark before it is {self.mark!r}")
        if mailing not in self.mailings:
            self.mailings[mailing] = Mailing(mailing, mailing, self.year)
        return mailing

    def _reject(self, cells: Sequence[Element], reason: str) -> None:
        label = collapse(text_of(cells[0]))[:100]
        parts = (etree.tostring(cell, encoding="unicode", with_tail=False) for cell in cells)
        html = "".join(parts)
        place = mailing_key(self.mark or "")
        kept = html[:_LONGEST_KEPT_HTML]
        self.rejected.append(RejectedRow(place, self.number, label, reason, kept))


def _elements(root: Element) -> list[Element]:
    return cast("list[Element]", _MATTERS(root))


def _mailing_title(mark: Element) -> str:
    """The text of the mark itself, or of the heading around, after or inside it."""
    around = mark.getparent()
    around_it = [around, mark.getnext(), *mark.iter(*_HEADINGS)]
    headings = [one for one in around_it if one is not None and one.tag in _HEADINGS]
    return next((title for one in (mark, *headings) if (title := _own_text(one))), "")


def _own_text(element: Element) -> str:
    """Its text, though it be the mark of a mailing itself or hold one; nothing for a table's."""
    if element.tag in _TABLE_PARTS or element.find(".//table") is not None:
        return ""
    return collapse("".join(map(str, element.itertext())))


def _paper_without_file(cells: Sequence[Element]) -> PaperId | None:
    """The paper whose number begins a row of data, though nothing is linked to."""
    if len(cells) < 2 or any(cell.tag != "td" for cell in cells):
        return None
    text = text_of(cells[0])
    found = paper_id(text)
    return found if found and text.lower().startswith(found.text) else None
