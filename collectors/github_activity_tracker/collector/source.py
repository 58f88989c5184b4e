"""The repository at GitHub while a run works on it, and how a page of it becomes rows."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import GitHubApi
from collectors.github_activity_tracker.client.listings import Listing, Page
from collectors.github_activity_tracker.collector.streams import Window
from collectors.github_activity_tracker.parsing.records import Rejected
from collectors.github_activity_tracker.services import Stored
from services.database import Session
from services.errors import CollectorError
from services.http.services import StoredValidators
from services.prefetch import prefetched
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

T = TypeVar("T")
Cursor = dict[str, Any]

# GitHub's clocks may differ, and what it lists may lag behind what it has stored.
LOOKBACK = timedelta(minutes=5)
# As many as a transaction of a second stores: its statements cost the same for one page as for all.
BATCH_PAGES = 35
# The next batch comes while one is stored: with less, each would wait for the other.
PAGES_AHEAD = BATCH_PAGES
GITHUB_BEGAN = datetime(2008, 1, 1, tzinfo=UTC)
FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
READING = 1
"""How payloads are read; another number makes every page come again."""


def owner_of(run: Run, github_id: int) -> str:
    """Who has stored the versions of pages: another way of reading has stored none yet.

    Neither has a repository that took over the name of another.
    """
    source = run.source
    return f"{source.collector}/{source.source_key}/{github_id}/reading {READING}"


@dataclass(frozen=True, slots=True)
class Rescan:
    """How far back a run looks for what was deleted or changed unseen, and how often."""

    days: int
    hours: float

    def is_due(self, last: datetime | None, now: datetime) -> bool:
        """Whether so many hours have passed; a time to come is none."""
        return last is None or last > now or now - last >= timedelta(hours=self.hours)

    def start(self, now: datetime) -> datetime | None:
        """The beginning of a day, so that it is asked for in the same words all day.

        None, for everything, where that lies before GitHub's first day.
        """
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.days >= (midnight - GITHUB_BEGAN).days:
            return None
        return midnight - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Source:
    """One run's view of a repository; `now` is GitHub's clock at the start of the run."""

    run: Run
    api: GitHubApi
    known: services.Known
    now: datetime
    rescan: Rescan
    reread: bool
    window: Window

    @property
    def owner(self) -> str:
        """Of the validators."""
        return owner_of(self.run, self.known.github_id)

    @property
    def repository_id(self) -> int:
        """Our number of the repository."""
        return self.known.id

    @property
    def validators(self) -> StoredValidators:
        """What is known of the versions of pages."""
        return StoredValidators(self.run.database, self.owner)

    def read_cursor(self, stream: str) -> Cursor:
        """The stream's position; none where it is that of another repository of the same name."""
        found = self.run.read_cursor(stream) or {}
        is_ours = found.get("github_id") == self.known.github_id
        return found if is_ours else {}

    def advance_cursor(self, session: Session, stream: str, position: Cursor) -> None:
        """Move the stream's cursor, in the transaction that stores what it moves past."""
        whole = {**position, "github_id": self.known.github_id}
        self.run.advance_cursor(session, stream, whole)

    @property
    def pages_ahead(self) -> int:
        """How many are fetched while others are stored: none where all shares one connection."""
        return 0 if self.run.is_dry else PAGES_AHEAD

    @contextmanager
    def batches(self, answers: Generator[T, None, None], size: int) -> Iterator[Any]:
        """Answers in batches; the next ones are fetched meanwhile."""
        with prefetched(answers, self.pages_ahead) as found:
            yield batched(found, size)

    def time(self, text: str | None) -> datetime | None:
        """A time of a cursor; one that is still to come tells nothing."""
        at = datetime.fromisoformat(text) if text else None
        return at if at is None or at <= self.now else None

    def is_rescan_due(self, last: datetime | None) -> bool:
        """Whether this run looks for what was deleted or changed unseen."""
        return self.reread or self.rescan.is_due(last, self.now)

    def start(self, since: datetime, *, is_rescan: bool) -> datetime | None:
        """From where on a listing is read whose newest stored update is `since`."""
        window = self.rescan.start(self.now) if is_rescan else since
        return None if window is None else min(since - LOOKBACK, window)

    def set_aside(self, session: Session, stream: str, rejected: Sequence[Rejected]) -> int:
        """Keep what is no record; how many of it were not kept in this run already."""
        new = {one.key for one in rejected} - {
            key for name, key in self.run.set_aside_keys if name == stream
        }
        letters = [SetAside(one.key, one.payload, one.reason) for one in rejected]
        self.run.set_aside(session, stream, letters)
        return len(new)


@dataclass(frozen=True, slots=True)
class Kind:
    """A stream of records that GitHub lists: where, and what stores and marks them."""

    name: str
    listing: Listing
    span: str
    store: Callable[[Session, int, Iterable[Any]], Stored]
    mark_gone: Callable[[Session, int, dict[int, str | None], datetime], Stored]


After = Callable[[Session, Stored], None]
"""What else goes into the transaction of a batch: the cursor's move past it, above all."""


def store_pages(source: Source, kind: Kind, pages: Sequence[Page], after: After) -> None:
    """One batch in one transaction, with the documents that it makes due."""
    records = [one for page in pages for one in page.records]
    wanted = [one for one in records if one.updated_at in source.window]
    rejected = [one for page in pages for one in page.rejected]
    with source.run.transaction() as session:
        stored = kind.store(session, source.repository_id, wanted)
        services.note_due(session, services.DOCUMENT, source.repository_id, stored.changed)
        quarantined = source.set_aside(session, kind.name, rejected)
        after(session, stored)
    fetched = len(wanted) + quarantined
    source.run.add(CollectResult(fetched, quarantined, stored.tables))


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items; those made before an error come before it."""
    batch: list[T] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
    except CollectorError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
