"""The site of papers, made to order: what the conformance kit asks a room for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance.replay.server import ReplayServer
from conformance.subject import Spoiling
from tests.support.paper_site import PaperSite, Row, made_row, serving, table_row

FIRST_YEAR = 1992
PAPERS_A_YEAR = 1000
LONE_SURROGATE = "before\udc3dafter"


@dataclass
class Papers:
    """Papers on the pages of as many years as they fill; a run is told to read these."""

    site: PaperSite = field(default_factory=PaperSite)
    rows: list[Row | str | None] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The site's address, and little patience."""
        return {
            "WG21_PAPER_TRACKER_BASE_URL": self.site.base_url,
            "WG21_PAPER_TRACKER_PATIENCE_SECONDS": "0.5",
        }

    @property
    def impatience(self) -> dict[str, str]:
        """So long it waits for an answer of a source that gives none."""
        return {"WG21_PAPER_TRACKER_READ_SECONDS": "1"}

    @property
    def parameters(self) -> dict[str, Any]:
        """The years that have papers."""
        return {"years": sorted(self.site.pages)}

    @property
    def server(self) -> ReplayServer:
        """The site."""
        return self.site.server

    def fill(self, count: int) -> None:
        """The first papers, as they were at first."""
        self.rows = [made_row(number) for number in range(count)]
        self.site.pages, self.site.mailings = {}, {}
        for first in range(0, max(count, 1), PAPERS_A_YEAR):
            self._write(first)

    def change(self, index: int) -> None:
        """Another title."""
        row = self._row(index)
        self._put(index, replace(row, title=f"{row.title}, corrected"))

    def delete(self, index: int) -> None:
        """The row goes."""
        self._put(index, None)

    def spoil(self, index: int, how: Spoiling) -> None:
        """Its number is what is missing, and its title what holds strange characters."""
        row = self._row(index)
        match how:
            case "missing":
                self._put(index, table_row("", *[row.title, row.authors, row.date], *[""] * 4))
            case "wrong_type":
                self._put(index, replace(row, links=["https://elsewhere.example/p1r0.pdf"]))
            case "extra":
                self._put(index, row.html.replace("<tr>", '<tr class="new" data-colour="red">'))
            case "nul":
                self._put(index, replace(row, title="before\0after"))
            case "surrogate":
                self._put(index, replace(row, title=LONE_SURROGATE))

    def _row(self, index: int) -> Row:
        row = self.rows[index]
        assert isinstance(row, Row)
        return row

    def _put(self, index: int, row: Row | str | None) -> None:
        self.rows[index] = row
        self._write(index)

    def _write(self, index: int) -> None:
        """The page that the paper is on."""
        first = index - index % PAPERS_A_YEAR
        rows = [row for row in self.rows[first : first + PAPERS_A_YEAR] if row is not None]
        half = len(rows) // 2
        year = FIRST_YEAR + first // PAPERS_A_YEAR
        self.site.put(year, m02=rows[:half], m10=rows[half:])


class Subject:
    """This room for the kit."""

    collector = "wg21_paper_tracker"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Papers]:
        """A site without papers."""
        del folder
        with serving(PaperSite()) as site:
            yield Papers(site)


SUBJECT = Subject()
