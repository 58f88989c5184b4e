"""Records that were set aside, asked for again."""

from collections.abc import Sequence
from typing import Any

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.collector.listed import KINDS
from collectors.github_activity_tracker.collector.pulls import KIND as PULL_KIND
from collectors.github_activity_tracker.collector.reviews import NAME as REVIEWS
from collectors.github_activity_tracker.collector.reviews import collect_reviews
from collectors.github_activity_tracker.collector.source import Kind, Source
from collectors.github_activity_tracker.collector.vanished import is_here, require_repository
from collectors.github_activity_tracker.parsing.records import Rejected, read_record
from services.errors import NotFound
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult

ALL_KINDS = {**KINDS, PULL_KIND.name: PULL_KIND}


def replay_letters(source: Source, letters: Sequence[CollectorDeadLetter]) -> None:
    """What a letter names is asked for as it is now; what is gone or moved meanwhile needs no storing.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    of_reviews = [letter for letter in letters if letter.stream == REVIEWS]
    for letter in letters:
        if letter.stream != REVIEWS:
            _replay(source, ALL_KINDS[letter.stream.partition(" ")[0]], letter)
    if of_reviews:
        numbers = {int(letter.item_key.partition("/")[0]) for letter in of_reviews}
        with source.run.transaction() as session:
            services.note_due(session, services.REVIEWS, source.repository_id, numbers)
        collect_reviews(source)


def _replay(source: Source, kind: Kind, letter: CollectorDeadLetter) -> None:
    payload = _ask(source, kind, letter)
    if payload is None:
        return
    record = read_record(kind.listing.kind, payload, kind.listing.id_field)
    rejected = [record] if isinstance(record, Rejected) else []
    records = [] if rejected else [record]
    with source.run.transaction() as session:
        stored = kind.store(session, source.repository_id, records)
        services.note_due(session, services.DOCUMENT, source.repository_id, stored.changed)
        if kind is PULL_KIND:
            numbers = stored.changed
            services.note_due(session, services.REVIEWS, source.repository_id, numbers)
        source.set_aside(session, kind.name, rejected)
    source.run.add(CollectResult(1, len(rejected), stored.tables))


def _ask(source: Source, kind: Kind, letter: CollectorDeadLetter) -> Any:
    """None of one that is gone; one that does not say which it is can only be read again as it came."""
    if not letter.item_key.isdecimal():
        return letter.payload
    try:
        found = source.api.get(kind.listing.item_path(letter.item_key)).content
    except NotFound:
        found = None
    if found is not None and is_here(source, found):
        return found
    require_repository(source)
    return None
