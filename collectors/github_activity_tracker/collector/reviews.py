"""Reviews: of the pull requests for which they are due."""

from collections.abc import Generator, Iterable, Sequence

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.details import PULLS_A_QUESTION, fetch_details
from collectors.github_activity_tracker.collector.pulls import KIND
from collectors.github_activity_tracker.collector.source import Source, batched
from collectors.github_activity_tracker.collector.vanished import mark_gone
from collectors.github_activity_tracker.parsing.records import PullDetail, Rejected
from services.runs.result import CollectResult

NAME = "reviews"
QUESTIONS_A_BATCH = 35
# Without a token GitHub answers sixty questions an hour: what they bring is stored at once.
PULLS_WITHOUT_TOKEN = 5
MOST_NUMBERS = 10_000


def collect_reviews(source: Source) -> None:
    """The reviews and sizes of the pull requests that are due.

    Raises:
        CollectorError: as `HttpClient.send`; what was stored is not asked for again.
    """
    while True:
        with source.run.transaction() as session:
            due = services.due_numbers(
                session, services.REVIEWS, source.repository_id, MOST_NUMBERS
            )
        if not due:
            return
        source.run.progress.expect(len(due), "pull requests with their reviews")
        _collect(source, due)
        if len(due) < MOST_NUMBERS:
            return


def _collect(source: Source, numbers: Sequence[int]) -> None:
    size = 1 if source.api.is_anonymous else QUESTIONS_A_BATCH
    with source.batches(_answers(source, numbers), size) as batches:
        for answers in batches:
            _store(source, [pull for answer in answers for pull in answer])


def _answers(source: Source, numbers: Iterable[int]) -> Generator[list[PullDetail], None, None]:
    size = PULLS_WITHOUT_TOKEN if source.api.is_anonymous else PULLS_A_QUESTION
    for asked in batched(numbers, size):
        yield fetch_details(source.api, asked)


def _store(source: Source, pulls: Sequence[PullDetail]) -> None:
    """What is gone is marked before it is due no more: killed in between, it is asked for again."""
    gone: dict[int, str | None] = {pull.number: None for pull in pulls if pull.is_gone}
    if gone:
        mark_gone(source, KIND, gone)
    rejected = [
        Rejected(f"{pull.number}/{bad.key}", bad.reason, bad.payload)
        for pull in pulls
        for bad in pull.rejected
    ]
    numbers = [pull.number for pull in pulls]
    with source.run.transaction() as session:
        stored = services.store_pull_details(session, source.repository_id, pulls, source.now)
        services.note_due(session, services.DOCUMENT, source.repository_id, stored.changed)
        services.settle_due(session, services.REVIEWS, source.repository_id, numbers)
        quarantined = source.set_aside(session, NAME, rejected)
    fetched = sum(len(pull.reviews) for pull in pulls) + quarantined
    source.run.add(CollectResult(fetched, quarantined, stored.tables))
