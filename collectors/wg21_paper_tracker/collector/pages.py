"""A page on its way into the tables, and which pages are there: the hash of each, how it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from collectors.wg21_paper_tracker import services
from collectors.wg21_paper_tracker.client import FetchedPage
from collectors.wg21_paper_tracker.parsing.pages import READING, require_no_files
from collectors.wg21_paper_tracker.parsing.records import RejectedRow, YearPage
from collectors.wg21_paper_tracker.parsing.window import Window
from collectors.wg21_paper_tracker.services import Stored
from services.database import Session
from services.errors import CollectorError, CollectorFailureCategory
from services.failures import classify_failure
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside
from services.upsert import Written

STREAM = "papers"
PAGES = "year_pages"
"""Cursor: of each year's page that is stored whole its hash, how it was read, and since when."""
INDEX = "index"
"""Cursor: when the index last said something new."""
SHOWN_PAPERS = 20
# From the most serious on: the run is as bad as its worst page.
SEVERITY = list(CollectorFailureCategory)
Failures = dict[str, CollectorError]
Pages = dict[str, dict[str, Any]]


class PagesFailed(CollectorError):
    """Some pages could not be stored, all others were; the cause is the most serious failure."""

    def __init__(self, failures: Failures) -> None:
        self.worst = min(failures.values(), key=lambda one: SEVERITY.index(classify_failure(one)))
        told = "; ".join(f"{page}: {error}" for page, error in failures.items())
        super().__init__(f"not stored: {told}")


def known_mailings(run: Run) -> dict[str, int]:
    """The year of each mailing that is stored, by its key."""
    with run.transaction() as session:
        return services.known_mailings(session)


def known_pages(run: Run) -> Pages:
    """What is stored whole."""
    return run.read_cursor(PAGES) or {}


def stored_hashes(run: Run) -> dict[int, str]:
    """Of each page that is stored whole, as pages are read now, by year."""
    stored = known_pages(run).items()
    return {int(year): page["hash"] for year, page in stored if page["reading"] == READING}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A page as it was fetched and as it was read: whole, and what of it is in the window."""

    fetched: FetchedPage
    whole: YearPage
    window: Window

    @property
    def page(self) -> YearPage:
        """Only what is in the wanted mailings; a row that is in none may be in any."""
        rejected = (
            one for one in self.whole.rejected if not one.mailing or one.mailing in self.window
        )
        return replace(
            self.whole,
            mailings=tuple(one for one in self.whole.mailings if one.key in self.window),
            rows=tuple(row for row in self.whole.rows if row.mailing in self.window),
            rejected=tuple(rejected),
        )

    def store(self, run: Run, session: Session, now: datetime) -> tuple[Stored, CollectResult]:
        """Bring the tables to what the page says, in the transaction of its cursor.

        Raises:
            RecordRejected: it has no papers where there were some, or is one of files alone.
        """
        page = self.page
        if self.whole.is_empty:
            services.require_no_papers(session, page.year)
            require_no_files(page.year, self.fetched.text)
        letters = [_letter(page.year, row) for row in page.rejected]
        stored = services.store_page(session, page, wanted=self.window, now=now)
        run.set_aside(session, STREAM, letters)
        return stored, CollectResult(len(page.rows) + len(letters), len(letters), stored.tables)


def without_stale(pages: Pages, stored: Stored) -> Pages:
    """Without those that have to be read again: they list what no row describes any more."""
    return {name: at for name, at in pages.items() if int(name) not in stored.stale_pages}


def with_page(pages: Pages, year: int, fetched: FetchedPage) -> Pages:
    """With this one, stored whole; what is stored already is so since it was first."""
    entry = {"hash": fetched.content_hash, "reading": READING}
    known = pages.get(str(year), {})
    if known.items() >= entry.items():
        return pages
    return {**pages, str(year): {**entry, "at": fetched.fetched_at.isoformat()}}


def note_index(
    run: Run, session: Session, fetched: FetchedPage, tables: Mapping[str, Written]
) -> None:
    """Remember when the index said something new, to know what is older."""
    if any(written.inserted or written.updated for written in tables.values()):
        run.advance_cursor(session, INDEX, {"at": fetched.fetched_at.isoformat()})


def is_superseded(run: Run, year: int | None, archived: FetchedPage) -> bool:
    """Whether the tables hold what a later answer said; without a year this is the index.

    Also when nobody knows: pages that were stored before times were noted.
    """
    if year is None:
        known: dict[str, Any] | None = run.read_cursor(INDEX)
    else:
        known = known_pages(run).get(str(year))
    if known is None or known.get("hash") == archived.content_hash:
        return False
    return "at" not in known or archived.fetched_at < datetime.fromisoformat(known["at"])


def settle_letters(run: Run, session: Session, whole: YearPage) -> None:
    """What was set aside of the page before and is no longer, is stored now, or gone."""
    failing = {_letter(whole.year, row).item_key for row in whole.rejected}
    of_page = [key for key in run.open_letters(session, STREAM) if key.startswith(f"{whole.year} ")]
    run.resolve_letters(session, STREAM, set(of_page) - failing)


def result(run: Run, failures: Failures) -> CollectResult:
    """What the run did.

    Raises:
        PagesFailed: some pages were not stored.
    """
    if failures:
        failed = PagesFailed(failures)
        raise failed from failed.worst
    return run.result


def tell(run: Run, year: int, stored: Stored) -> None:
    """What is different now, in words: what a rehearsal is run for."""
    changes = (("new", stored.new), ("corrected", stored.corrected), ("gone", stored.withdrawn))
    for what, papers in changes:
        if papers:
            more = len(papers) - SHOWN_PAPERS
            rest = f" and {more} more" if more > 0 else ""
            shown = ", ".join(paper.upper() for paper in papers[:SHOWN_PAPERS])
            run.progress.say(f"{year}: {len(papers)} {what}: {shown}{rest}")


def _letter(year: int, row: RejectedRow) -> SetAside:
    payload = {"year": year, "mailing": row.mailing, "row": row.number, "html": row.html}
    return SetAside(f"{year} {row.key}", payload, row.reason)
