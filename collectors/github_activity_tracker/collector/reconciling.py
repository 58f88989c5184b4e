"""What GitHub has against what is stored: counts, a sample, and where they differ the gaps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import PER_PAGE
from collectors.github_activity_tracker.client.counting import (
    Entry,
    count_commits,
    list_in_order,
)
from collectors.github_activity_tracker.client.details import PULLS_A_QUESTION, fetch_details
from collectors.github_activity_tracker.client.listings import (
    COMMENTS,
    ISSUES,
    PULLS,
    REVIEW_COMMENTS,
    Listing,
    count_listed,
    pages_of,
)
from collectors.github_activity_tracker.collector.reviews import PULLS_WITHOUT_TOKEN
from collectors.github_activity_tracker.collector.source import Source, batched
from services.completeness.comparing import WHOLE, Comparison, Gap, pages_that_differ, spread
from services.errors import NotFound, RequestRefused

LISTINGS = {"issues": ISSUES, "comments": COMMENTS, "review_comments": REVIEW_COMMENTS}


@dataclass(frozen=True, slots=True)
class _Found:
    """A gap; of issues also whether it is a pull request."""

    gap: Gap
    is_pull: bool


@dataclass
class _Shelf:
    """A listing and the rows that it shows; each page is asked for once."""

    source: Source
    stream: str
    listing: Listing
    total: int
    reached: Mapping[str, datetime | None]
    pages: dict[int, Sequence[Entry]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last page."""
        return pages_of(self.total)

    def page(self, number: int) -> Sequence[Entry]:
        """One page, the oldest record first."""
        if number not in self.pages:
            self.pages[number] = list_in_order(self.source.api, self.listing, number)
        return self.pages[number]

    def excess(self, number: int) -> int:
        """How many more are stored than listed, up to the end of a page."""
        if number == self.last:
            return self._stored(None) - self.total
        entries = self.page(number)
        until = entries[-1].opened_at if entries else None
        return self._stored(until) - PER_PAGE * number

    def compare(self, number: int, *, differs: bool) -> Iterator[_Found]:
        """The gaps of a page."""
        entries = self.page(number)
        with self.source.run.transaction() as session:
            keys = [entry.key for entry in entries]
            here = services.versions(session, self.source.repository_id, self.stream, keys)
        for entry in entries:
            if self._was_due(entry):
                yield from _missing_or_stale(entry, here.get(entry.key))
        if differs:
            yield from self._gone(number, set(keys))

    def _gone(self, number: int, listed: set[int]) -> Iterator[_Found]:
        """What is stored between the page before it and its end, and is not listed."""
        before = self.page(number - 1)[-1:] if number > 1 else ()
        end = self.page(number)[-1:] if number < self.last else ()
        with self.source.run.transaction() as session:
            here = services.made_between(
                session,
                self.source.repository_id,
                self.stream,
                before[0].opened_at if before else None,
                end[0].opened_at if end else None,
            )
        for key, is_pull in here.items():
            if key not in listed:
                yield _Found(Gap(str(key), "gone"), is_pull)

    def _was_due(self, entry: Entry) -> bool:
        """Whether the last run should have seen it as it is; the next run sees what came later."""
        reached = self.reached["pull_requests" if entry.is_pull else self.stream]
        return reached is not None and entry.updated_at <= reached

    def _stored(self, until: datetime | None) -> int:
        with self.source.run.transaction() as session:
            return services.count_made(session, self.source.repository_id, self.stream, until)


def reached_by(source: Source, stream: str) -> datetime | None:
    """Up to which update a stream was collected."""
    return source.time(source.read_cursor(stream).get("since"))


def compare_streams(source: Source, sample: int) -> list[Comparison]:
    """Each stream that was collected; what GitHub does not offer is left out.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    ways: tuple[Callable[[Source, int], Iterator[Comparison]], ...] = (
        _compare_commits,
        _compare_issues,
        _compare_reviews,
        _compare_comments,
    )
    return [one for way in ways for one in way(source, sample)]


def _compare_issues(source: Source, sample: int) -> Iterator[Comparison]:
    """Issues and pull requests are listed together; pull requests are counted alone as well."""
    if reached_by(source, "issues") is None or reached_by(source, "pull_requests") is None:
        return
    shelf, found, sampled = _walk(source, "issues", sample)
    pulls = count_listed(source.api, PULLS, None)
    with source.run.transaction() as session:
        stored = services.count_pulls(session, source.repository_id)
        every = services.count_made(session, source.repository_id, "issues", None)
    counts = {"issues": (shelf.total - pulls, every - stored), "pull_requests": (pulls, stored)}
    for stream, (at_source, here) in counts.items():
        is_pull = stream == "pull_requests"
        gaps = [one.gap for one in found if one.is_pull == is_pull]
        seen = sum(entry.is_pull == is_pull for entry in sampled)
        yield Comparison(stream, at_source, here, seen, gaps)


def _compare_comments(source: Source, sample: int) -> Iterator[Comparison]:
    for stream in ("comments", "review_comments"):
        if reached_by(source, stream) is not None:
            shelf, found, sampled = _walk(source, stream, sample)
            gaps = [one.gap for one in found]
            yield Comparison(
                stream, shelf.total, shelf.excess(shelf.last) + shelf.total, len(sampled), gaps
            )


def _walk(source: Source, stream: str, sample: int) -> tuple[_Shelf, list[_Found], list[Entry]]:
    """The listing, its gaps, and the records that were compared one by one."""
    listing = LISTINGS[stream]
    reached = {name: reached_by(source, name) for name in (stream, "pull_requests")}
    shelf = _Shelf(source, stream, listing, count_listed(source.api, listing, None), reached)
    differing = set(pages_that_differ(shelf.last, shelf.excess))
    looked_at = spread(-(-sample // PER_PAGE), shelf.last, source.now.toordinal())
    chosen = sorted(differing.union(looked_at))
    found = [gap for n in chosen for gap in shelf.compare(n, differs=n in differing)]
    return shelf, found, [entry for n in chosen for entry in shelf.page(n)]


def _missing_or_stale(entry: Entry, stored: datetime | None) -> Iterator[_Found]:
    if stored is None:
        yield _Found(Gap(str(entry.key), "missing"), entry.is_pull)
    elif stored < entry.updated_at:
        yield _Found(Gap(str(entry.key), "stale"), entry.is_pull)


def _compare_reviews(source: Source, sample: int) -> Iterator[Comparison]:
    """GitHub counts reviews nowhere: those of some pull requests, each compared whole."""
    with source.run.transaction() as session:
        settled = services.settled_pulls(session, source.repository_id)
    most = min(sample, PULLS_WITHOUT_TOKEN) if source.api.is_anonymous else sample
    places = spread(most, len(settled), source.now.toordinal()) if settled and most else []
    chosen = [settled[place - 1] for place in places]
    with source.run.transaction() as session:
        here = services.stored_reviews(session, source.repository_id, chosen)
    there = {
        number: ids
        for part in batched(chosen, PULLS_A_QUESTION)
        for number, ids in _reviews(source, part)
    }
    gaps = [
        Gap(str(number), "missing" if ids - here[number] else "gone")
        for number, ids in there.items()
        if ids != here[number]
    ]
    at_source = sum(len(ids) for ids in there.values())
    yield Comparison(
        "reviews", at_source, sum(len(here[number]) for number in there), len(there), gaps
    )


def _reviews(source: Source, numbers: Sequence[int]) -> Iterator[tuple[int, set[int]]]:
    """Of those pull requests that have not changed since they were collected."""
    reached = reached_by(source, "pull_requests")
    for pull in fetch_details(source.api, numbers):
        if pull.detail is not None and reached is not None and pull.detail.updated_at <= reached:
            yield pull.number, {review.id for review in pull.reviews}


def _compare_commits(source: Source, sample: int) -> Iterator[Comparison]:
    """Counted from where the followed branch stood; several branches share commits: not counted."""
    del sample
    with source.run.transaction() as session:
        heads = services.followed_heads(session, source.repository_id)
        stored = services.count_commits_here(session, source.repository_id)
    if len(heads) != 1:
        return
    try:
        at_source = count_commits(source.api, heads[0])
    except (NotFound, RequestRefused):  # rewritten away, or no commit in it yet
        return
    gaps = [] if stored >= at_source else [Gap(WHOLE, "missing")]
    yield Comparison("commits", at_source, stored, 0, gaps)
