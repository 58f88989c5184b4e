"""The collector of papers as the lifecycle calls it, without Prefect around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from collectors.wg21_paper_tracker.collector import Wg21PaperTracker
from collectors.wg21_paper_tracker.settings import Wg21Settings
from services.database import Database
from services.http.settings import Surroundings
from services.runs.progress import NullProgress
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from tests.support.paper_site import NOW, PaperSite

TABLES = (
    *(f"wg21_paper_tracker_{name}" for name in ("mailing", "paper", "listing", "file", "author")),
    "identity_profile",
    "outbox",
    "document",
    "collector_cursor",
    "collector_dead_letter",
    "http_validator",
)


class Heard(NullProgress):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str, until: datetime | None = None) -> None:
        del until
        self.lines.append(text)


@dataclass
class CollectingPapers:
    """One site, one database, and a clock that only sleeping and the test move."""

    database: Database
    site: PaperSite
    now: datetime = NOW
    heard: Heard = field(default_factory=Heard)

    def collector(self, **parameters: Any) -> Wg21PaperTracker:
        """The collector of one run."""
        settings = Wg21Settings.model_construct(base_url=self.site.base_url, patience_seconds=3.0)
        around = Surroundings(self._sleep, lambda: self.now, lambda: 1.0)
        return Wg21PaperTracker(settings=settings, around=around, **parameters)

    def run(self) -> Run:
        """A run that the ledger knows."""
        source = Source("wg21_paper_tracker", self.collector().source_key)
        with self.database.transaction() as session:
            now = datetime.now(UTC)
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
        return Run(source, self.database, run_id, self.heard)

    def collect(self, **parameters: Any) -> CollectResult:
        """Collect now."""
        return self.collector(**parameters).collect(self.run())

    def rehearse(self, **parameters: Any) -> CollectResult:
        """What a dry run does."""
        source = Source("wg21_paper_tracker", self.collector().source_key)
        with self.database.rehearse() as rehearsal:
            run = Run(source, rehearsal, None, self.heard)
            return self.collector(**parameters).collect(run)

    def replay(self) -> CollectResult:
        """Try the open dead letters again."""
        with self.database.transaction() as session:
            letters = dead_letters(session)
        return self.collector().replay(self.run(), letters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self.database.transaction() as session:
            return [tuple(row) for row in session.execute(text(query))]

    def papers(self, columns: str = "paper_id") -> list[Any]:
        """Of all papers, by name; of one column its bare values."""
        found = self.rows(f"select {columns} from wg21_paper_tracker_paper order by paper_id")
        return found if "," in columns else [value for (value,) in found]

    def listings(self) -> list[tuple[Any, ...]]:
        """Which paper is in which mailing on which page, and whether it is gone."""
        return self.rows(
            """
            select p.paper_id, m.key, l.page_year, l.withdrawn_at is not null
            from wg21_paper_tracker_listing l
            join wg21_paper_tracker_paper p on p.id = l.paper_id
            join wg21_paper_tracker_mailing m on m.id = l.mailing_id order by 1, 2, 3
            """
        )

    def files(self) -> list[tuple[Any, ...]]:
        """Paper, end of the URL, and whether it is gone."""
        return self.rows(
            """
            select p.paper_id, substring(f.url from '[^/]*/[^/]*$'), f.withdrawn_at is not null
            from wg21_paper_tracker_file f join wg21_paper_tracker_paper p on p.id = f.paper_id
            order by 1, 2
            """
        )

    def authors(self, paper: str) -> list[str]:
        """In order."""
        found = self.rows(
            f"""
            select a.name from wg21_paper_tracker_author a
            join wg21_paper_tracker_paper p on p.id = a.paper_id
            where p.paper_id = '{paper}' order by a.position
            """
        )
        return [name for (name,) in found]

    def announced(self) -> list[str]:
        """Ends of the URLs in the outbox, sorted."""
        found = self.rows("select payload->>'url' from outbox order by 1")
        return [url.rpartition("/")[2] for (url,) in found]

    def letters(self) -> list[tuple[Any, ...]]:
        """Key and status of each dead letter."""
        return self.rows("select item_key, status from collector_dead_letter order by id")

    def row_versions(self, tables: Sequence[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
        """Where each row lies and who wrote it: the same only if nobody wrote."""
        return {name: self.rows(f"select ctid, xmin from {name} order by ctid") for name in tables}

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
