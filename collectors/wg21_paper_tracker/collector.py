"""The hooks: read the index, then each year's page; store a page in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from collectors import AbstractCollector
from collectors.wg21_paper_tracker import services
from collectors.wg21_paper_tracker.client import FetchedPage, PaperSite, http_settings
from collectors.wg21_paper_tracker.parsing.pages import (
    READING,
    read_index,
    read_year_page,
    require_no_files,
)
from collectors.wg21_paper_tracker.parsing.records import RejectedRow, YearPage
from collectors.wg21_paper_tracker.parsing.window import (
    Window,
    problems_of_window,
    problems_of_years,
)
from collectors.wg21_paper_tracker.services import Stored
from collectors.wg21_paper_tracker.settings import Wg21Settings
from services.database import Session
from services.errors import (
    CollectorError,
    CollectorFailureCategory,
    ConfigError,
    LockLost,
    NotFound,
)
from services.failures import classify_failure
from services.http.services import StoredValidators, store_validators
from services.http.settings import Surroundings
from services.http.validators import NoValidators, Validators
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "papers"
PAGES = "year_pages"
"""Cursor: the hash of each year's page that is stored whole, and how it was read."""
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


class Wg21PaperTracker(AbstractCollector):
    """Collects the papers of the committee.

    Without parameters it reads the pages of the current and the previous year, and those that have
    never been stored whole, e.g. since they have always failed. `years` names the pages instead;
    `since` and `until` (`YYYY-MM`) bound the mailings, and choose the pages where `years` does not.
    """

    name: ClassVar[str] = "wg21_paper_tracker"

    def __init__(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        years: Sequence[int] = (),
        settings: Wg21Settings,
        around: Surroundings,
    ) -> None:
        self._window = Window(since, until)
        self._years = tuple(years)
        self._settings = settings
        self._around = around

    @property
    def source_key(self) -> str:
        """Host of the site."""
        return urlsplit(self._settings.base_url).netloc or self._settings.base_url

    @property
    def reads_all(self) -> bool:
        """Not when pages or mailings are chosen."""
        return not (self._years or self._window.is_bounded)

    def validate_config(self) -> None:
        """Bounds are months in order, years can be ones, the site's address is one."""
        problems = [
            *problems_of_window(self._window),
            *problems_of_years(self._years, self._this_year),
        ]
        try:
            http_settings(self._settings)
        except ConfigError as error:
            problems += [f"WG21_PAPER_TRACKER_BASE_URL: {problem}" for problem in error.problems]
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """Bring each page's papers to what it says now.

        A page that cannot be fetched or read fails the run, after the other pages are stored.

        Raises:
            PagesFailed: naming the pages.
        """
        validators = StoredValidators(run.database, self._owner)
        with self._site(run) as site:
            failures = self._read_index(run, site, validators)
            failures |= self._read_years(run, site, self._chosen_years(run), validators)
        return _result(run, failures)

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Read the letters' pages again, whether they have changed or not."""
        years = sorted({int(letter.payload["year"]) for letter in letters})
        with self._site(run) as site:
            return _result(run, self._read_years(run, site, years, None))

    @property
    def _owner(self) -> str:
        """Of the validators; a new way of reading has stored nothing yet."""
        return f"{self.name}/{self.source_key}/reading {READING}"

    @property
    def _this_year(self) -> int:
        return self._around.now().year

    def _site(self, run: Run) -> PaperSite:
        return PaperSite(self._settings, replace(self._around, say=run.progress.say))

    def _read_index(self, run: Run, site: PaperSite, validators: Validators) -> Failures:
        """Without it, the years that are known already can still be read."""
        try:
            page = site.fetch_index(validators)
            if page is not None:
                self._store_index(run, page)
        except (LockLost, ConfigError):
            raise
        except CollectorError as error:
            return {"the index": error}
        return {}

    def _store_index(self, run: Run, page: FetchedPage) -> None:
        with run.transaction() as session:
            tables = services.store_index(session, read_index(page.text))
            self._remember_version(session, page)
        run.add(CollectResult(tables=tables))

    def _chosen_years(self, run: Run) -> list[int]:
        """The newest first: an older page may have to describe what is gone from a newer one."""
        return sorted(self._wanted_years(run), reverse=True)

    def _wanted_years(self, run: Run) -> set[int]:
        if self._years:
            return set(self._years)
        known, current = _known(run), {self._this_year, self._this_year - 1}
        if self._window.is_bounded:
            return self._window.pages(known, current)
        stored = _stored_hashes(run)
        return current | {year for year in known.values() if year not in stored}

    def _read_years(
        self, run: Run, site: PaperSite, years: Iterable[int], validators: Validators | None
    ) -> Failures:
        """Without `validators` pages are read even if they have not changed."""
        failures: Failures = {}
        for year in years:
            try:
                self._read_year(run, site, year, validators)
            except (LockLost, ConfigError):
                raise
            except NotFound as error:
                if not self._may_be_absent(run, year):
                    failures[f"the page of {year}"] = error
            except CollectorError as error:
                failures[f"the page of {year}"] = error
        return failures

    def _may_be_absent(self, run: Run, year: int) -> bool:
        """A new year has no page until its first mailing: nobody has asked for it or linked to it."""
        return year not in self._years and year not in _known(run).values()

    def _read_year(
        self, run: Run, site: PaperSite, year: int, validators: Validators | None
    ) -> None:
        """A page that is not stored whole is asked for whole.

        The same content may come with a new validator, or with none at all.
        """
        known = _stored_hashes(run).get(year) if validators else None
        page = site.fetch_year(year, validators if validators and known else NoValidators())
        if page is None:
            return
        if page.content_hash != known:
            linked = [key for key, its_year in _known(run).items() if its_year == year]
            self._store_year(run, page, read_year_page(year, page.text, page.url, linked))
            return
        with run.transaction() as session:
            self._remember_version(session, page)

    def _store_year(self, run: Run, fetched: FetchedPage, whole: YearPage) -> None:
        """What a window leaves out of the page is not to be taken for stored.

        Other pages that have to describe a paper now are to be read again.
        """
        page = _within(whole, self._window)
        letters = [_letter(page.year, row) for row in page.rejected]
        total = len(page.rows) + len(letters)
        run.progress.expect(total, "papers")
        pages = _pages(run)
        with run.transaction() as session:
            if whole.is_empty:
                services.require_no_papers(session, page.year)
                require_no_files(page.year, fetched.text)
            now = self._around.now()
            stored = services.store_page(session, page, wanted=self._window, now=now)
            run.set_aside(session, STREAM, letters)
            left = {name: at for name, at in pages.items() if int(name) not in stored.stale_pages}
            if not self._window.is_bounded:
                self._remember_version(session, fetched)
                left[str(page.year)] = {"hash": fetched.content_hash, "reading": READING}
            if left != pages:
                run.advance_cursor(session, PAGES, left)
        run.add(CollectResult(total, len(letters), stored.tables))
        _tell(run, page.year, stored)

    def _remember_version(self, session: Session, page: FetchedPage) -> None:
        if page.validator is not None:
            store_validators(session, self._owner, [page.validator])


def _result(run: Run, failures: Failures) -> CollectResult:
    if failures:
        failed = PagesFailed(failures)
        raise failed from failed.worst
    return run.result


def _known(run: Run) -> dict[str, int]:
    with run.transaction() as session:
        return services.known_mailings(session)


def _pages(run: Run) -> Pages:
    return run.read_cursor(PAGES) or {}


def _stored_hashes(run: Run) -> dict[int, str]:
    """Of each page that is stored whole, as pages are read now, by year."""
    stored = _pages(run).items()
    return {int(year): page["hash"] for year, page in stored if page["reading"] == READING}


def _within(page: YearPage, window: Window) -> YearPage:
    """Only what is in the wanted mailings; a row that is in none may be in any."""
    return replace(
        page,
        mailings=tuple(one for one in page.mailings if one.key in window),
        rows=tuple(row for row in page.rows if row.mailing in window),
        rejected=tuple(row for row in page.rejected if not row.mailing or row.mailing in window),
    )


def _letter(year: int, row: RejectedRow) -> SetAside:
    payload = {"year": year, "mailing": row.mailing, "row": row.number, "html": row.html}
    return SetAside(f"{year} {row.key}", payload, row.reason)


def _tell(run: Run, year: int, stored: Stored) -> None:
    """What is different now, in words: what a rehearsal is run for."""
    changes = (("new", stored.new), ("corrected", stored.corrected), ("gone", stored.withdrawn))
    for what, papers in changes:
        if papers:
            more = len(papers) - SHOWN_PAPERS
            rest = f" and {more} more" if more > 0 else ""
            shown = ", ".join(paper.upper() for paper in papers[:SHOWN_PAPERS])
            run.progress.say(f"{year}: {len(papers)} {what}: {shown}{rest}")
