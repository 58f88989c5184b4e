"""The hooks: read the index, then each year's page; store a page in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlsplit

from collectors import AbstractCollector
from collectors.wg21_paper_tracker import services
from collectors.wg21_paper_tracker.client import (
    FetchedPage,
    PaperSite,
    archived_page,
    http_settings,
)
from collectors.wg21_paper_tracker.collector.pages import (
    PAGES,
    Delivery,
    Failures,
    is_superseded,
    known_mailings,
    known_pages,
    note_index,
    result,
    settle_letters,
    stored_hashes,
    tell,
    with_page,
    without_stale,
)
from collectors.wg21_paper_tracker.parsing.pages import READING, read_index, read_year_page
from collectors.wg21_paper_tracker.parsing.records import YearPage
from collectors.wg21_paper_tracker.parsing.window import (
    Window,
    problems_of_window,
    problems_of_years,
)
from collectors.wg21_paper_tracker.settings import Wg21Settings
from services.archive.reading import Payloads
from services.database import Session
from services.errors import CollectorError, ConfigError, LockLost, NotFound
from services.http.services import StoredValidators, store_validators
from services.http.settings import Surroundings
from services.http.validators import NoValidators, Validators
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run


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
        return result(run, failures)

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Read the letters' pages again, whether they have changed or not."""
        years = sorted({int(letter.payload["year"]) for letter in letters})
        with self._site(run) as site:
            return result(run, self._read_years(run, site, years, None))

    def reprocess(self, run: Run, payloads: Payloads) -> CollectResult:
        """Read the last answer that each page gave, however the tables came to be.

        A page that is newer in the tables is left alone. No window applies: an answer is a whole
        page. A second time is for pages that have to describe now what a newer one has lost.
        """
        failures, stale = self._read_again(run, payloads, None)
        if stale:
            failures |= self._read_again(run, payloads, stale)[0]
        return result(run, failures)

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
            note_index(run, session, page, tables)
        run.add(CollectResult(tables=tables))

    def _chosen_years(self, run: Run) -> list[int]:
        """The newest first: an older page may have to describe what is gone from a newer one."""
        return sorted(self._wanted_years(run), reverse=True)

    def _wanted_years(self, run: Run) -> set[int]:
        if self._years:
            return set(self._years)
        listed, current = known_mailings(run), {self._this_year, self._this_year - 1}
        if self._window.is_bounded:
            return self._window.pages(listed, current)
        stored = stored_hashes(run)
        return current | {year for year in listed.values() if year not in stored}

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
        return year not in self._years and year not in known_mailings(run).values()

    def _read_year(
        self, run: Run, site: PaperSite, year: int, validators: Validators | None
    ) -> None:
        """A page that is not stored whole is asked for whole.

        The same content may come with a new validator, or with none at all.
        """
        stored = stored_hashes(run).get(year) if validators else None
        page = site.fetch_year(year, validators if validators and stored else NoValidators())
        if page is None:
            return
        if page.content_hash != stored:
            linked = [key for key, its_year in known_mailings(run).items() if its_year == year]
            self._store_year(run, page, read_year_page(year, page.text, page.url, linked))
            return
        with run.transaction() as session:
            self._remember_version(session, page)

    def _store_year(self, run: Run, fetched: FetchedPage, whole: YearPage) -> None:
        """What a window leaves out of the page is not to be taken for stored.

        Other pages that have to describe a paper now are to be read again.
        """
        delivery, pages = Delivery(fetched, whole, self._window), known_pages(run)
        self._expect(run, delivery)
        with run.transaction() as session:
            stored, count = delivery.store(run, session, self._around.now())
            left = without_stale(pages, stored)
            if not self._window.is_bounded:
                self._remember_version(session, fetched)
                left = with_page(left, whole.year, fetched)
            if left != pages:
                run.advance_cursor(session, PAGES, left)
        run.add(count)
        tell(run, whole.year, stored)

    def _expect(self, run: Run, delivery: Delivery) -> None:
        page = delivery.page
        run.progress.expect(len(page.rows) + len(page.rejected), "papers")

    def _read_again(
        self, run: Run, payloads: Payloads, years: set[int] | None
    ) -> tuple[Failures, set[int]]:
        """Without `years` all pages; what failed, and which years are to be read once more."""
        failures: Failures = {}
        stale: set[int] = set()
        for exchange in payloads.newest():
            year, page = archived_page(exchange)
            if is_superseded(run, year, page) or (years is not None and year not in years):
                continue
            try:
                stale |= self._store_again(run, year, page)
            except (LockLost, ConfigError):
                raise
            except CollectorError as error:
                failures[f"the page of {year}" if year else "the index"] = error
        return failures, stale

    def _store_again(self, run: Run, year: int | None, fetched: FetchedPage) -> set[int]:
        """As when it was fetched, but for cursors and validators: they tell of fetching."""
        if year is None:
            with run.transaction() as session:
                tables = services.store_index(session, read_index(fetched.text))
            run.add(CollectResult(tables=tables))
            return set()
        linked = [key for key, its_year in known_mailings(run).items() if its_year == year]
        whole = read_year_page(year, fetched.text, fetched.url, linked)
        delivery, pages = Delivery(fetched, whole, Window()), known_pages(run)
        self._expect(run, delivery)
        with run.transaction() as session:
            stored, count = delivery.store(run, session, self._around.now())
            settle_letters(run, session, whole)
            if stored.stale_pages:
                run.advance_cursor(session, PAGES, without_stale(pages, stored))
        run.add(count)
        tell(run, year, stored)
        return set(stored.stale_pages)

    def _remember_version(self, session: Session, page: FetchedPage) -> None:
        if page.validator is not None:
            store_validators(session, self._owner, [page.validator])
