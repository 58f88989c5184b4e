"""The hooks: ask for what has changed, store it page by page, then move the cursor."""

from datetime import datetime, timedelta
from typing import ClassVar

from collectors import AbstractCollector
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

from .client import Page, changed_notices
from .parsing import Notice, Rejected
from .services import store_notices
from .settings import NoticeSettings

STREAM = "notices"
# Longer than the source takes to show a change everywhere.
LOOKBACK = timedelta(minutes=10)


class AcmeNotices(AbstractCollector):
    """Collects the notices of one board."""

    name: ClassVar[str] = "acme_notices"

    def __init__(self, *, board: str, settings: NoticeSettings) -> None:
        self._board = board
        self._settings = settings

    @property
    def source_key(self) -> str:
        """The board."""
        return self._board

    def validate_config(self) -> None:
        """The board has a name."""
        if not self._board.strip():
            raise ConfigError("board: a blank name is none")

    def collect(self, run: Run) -> CollectResult:
        """Everything that has changed since the last run began."""
        begun: datetime | None = None
        with changed_notices(self._settings, self._since(run)) as found:
            for page in found:
                begun = begun or page.asked_at
                self._store(run, page)
        self._advance(run, begun)
        return run.result

    def _since(self, run: Run) -> datetime | None:
        cursor = run.read_cursor(STREAM)
        return datetime.fromisoformat(cursor["since"]) - LOOKBACK if cursor else None

    def _store(self, run: Run, page: Page) -> None:
        notices = [one for one in page.records if isinstance(one, Notice)]
        rejected = [one for one in page.records if isinstance(one, Rejected)]
        with run.transaction() as session:
            written = store_notices(session, notices)
            letters = [SetAside(one.key, one.payload, one.reason) for one in rejected]
            run.set_aside(session, STREAM, letters)
        run.add(CollectResult(len(page.records), len(rejected), {"acme_notices": written}))

    def _advance(self, run: Run, begun: datetime | None) -> None:
        """Only once all pages are stored: a later page may hold what an earlier run has not."""
        if begun is not None:
            with run.transaction() as session:
                run.advance_cursor(session, STREAM, {"since": begun.isoformat()})
