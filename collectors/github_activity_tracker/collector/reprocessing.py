"""What the archive holds of the streams beside commits, stored once more by the code of today."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.details import (
    read_answer,
    read_detail,
    read_reviews,
)
from collectors.github_activity_tracker.collector.pulls import KIND as PULL_KIND
from collectors.github_activity_tracker.collector.replaying import ALL_KINDS
from collectors.github_activity_tracker.collector.reviews import NAME as REVIEWS
from collectors.github_activity_tracker.collector.source import BATCH_PAGES, Kind, batched
from collectors.github_activity_tracker.parsing.records import (
    PullDetail,
    Rejected,
    read_records,
)
from collectors.github_activity_tracker.services import Known
from services.archive.reading import Payloads
from services.database import Session
from services.errors import SourceUnavailable
from services.http.observing import Exchange
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

_ADDRESS = re.compile(
    r"/(?:repos/[^/]+/[^/]+|repositories/(?P<id>\d+))(?:/(?P<rest>.+))?|/(?P<question>graphql)"
)
_ITEM = re.compile(r"(?P<listing>.+?)(?:/(?P<key>\d+))?(?P<reviews>/reviews)?")
_KINDS = {kind.listing.path: kind for kind in ALL_KINDS.values()}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one answer brought of one stream; `at` is when GitHub gave it, by its own clock."""

    stream: str
    found: Sequence[Any]
    at: datetime


def reprocess_streams(run: Run, known: Known, payloads: Payloads, now: datetime) -> None:
    """Store what was answered, the oldest first; neither what is newer here nor what is gone changes."""
    for stream, answers in groupby(_answers(known, payloads), lambda one: one.stream):
        store = _store_pulls if stream == REVIEWS else partial(_store, ALL_KINDS[stream])
        for batch in batched(answers, BATCH_PAGES):
            store(run, known, batch, now)


def _answers(known: Known, payloads: Iterable[Exchange]) -> Iterator[_Answer]:
    """Without those of another repository that had the name before, or an issue has moved to."""
    is_ours = True
    for exchange in payloads:
        place = _ADDRESS.search(urlsplit(exchange.response.url).path)
        content = _content(exchange)
        if place is None or content is None:
            continue
        moved = place["id"] is not None and int(place["id"]) != known.github_id
        path = place["question"] or place["rest"] or ""
        if not path:
            is_ours = isinstance(content, dict) and content.get("id") == known.github_id
        elif is_ours and not moved:
            for stream, found in _read(path, content):
                yield _Answer(stream, found, exchange.response.source_time)


def _content(exchange: Exchange) -> Any:
    """None for what could not be read when it came: it failed then, and was asked for again."""
    try:
        return exchange.response.json()
    except SourceUnavailable:
        return None


def _read(path: str, content: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    if path == "graphql":
        yield REVIEWS, read_answer(content)
        return
    asked = _ITEM.fullmatch(path)
    kind = _KINDS.get(asked["listing"]) if asked else None
    if asked is None or kind is None:
        return
    if asked["reviews"]:
        yield REVIEWS, [read_reviews(int(asked["key"]), content)]
        return
    payloads = content if isinstance(content, list) else [content]
    listing = kind.listing
    taken = [one for one in payloads if listing.takes(one)]
    yield kind.name, read_records(listing.kind, taken, listing.id_field)
    if kind is PULL_KIND and asked["key"]:
        yield REVIEWS, [read_detail(int(asked["key"]), content)]


def _store(kind: Kind, run: Run, known: Known, answers: Sequence[_Answer], now: datetime) -> None:
    del now
    read = {_key(kind, one): one for answer in answers for one in answer.found}
    records = [one for answer in answers for one in answer.found if not isinstance(one, Rejected)]
    with run.transaction() as session:
        here = services.find_versions(session, known.id, kind.span, _numbers(read))
        wanted = [one for one in records if _is_wanted(here.get(_number(kind, one)), one)]
        stored = kind.store(session, known.id, wanted)
        services.note_due(session, services.DOCUMENT, known.id, stored.changed)
        if kind is PULL_KIND:
            services.note_due(session, services.REVIEWS, known.id, stored.changed)
        quarantined = _settle(run, session, kind.name, read)
    run.add(CollectResult(len(wanted) + quarantined, quarantined, stored.tables))


def _is_wanted(here: services.Version | None, record: Any) -> bool:
    return here is None or (here.deleted_at is None and here.updated_at <= record.updated_at)


def _store_pulls(run: Run, known: Known, answers: Sequence[_Answer], now: datetime) -> None:
    """An answer from before the pull request's last update may be older than what is stored."""
    told: list[tuple[PullDetail, datetime]] = [
        (pull, answer.at) for answer in answers for pull in answer.found
    ]
    with run.transaction() as session:
        updates = services.pull_updates(session, known.id, {pull.number for pull, _ in told})
        pulls = [one for one, at in told if one.number in updates and updates[one.number] <= at]
        gone = services.find_gone_reviews(
            session, known.id, {one.id for pull in pulls for one in pull.reviews}
        )
        kept = [_without(pull, gone) for pull in pulls]
        stored = services.store_pull_details(session, known.id, kept, now, are_whole=False)
        services.note_due(session, services.DOCUMENT, known.id, stored.changed)
        read = {key: one for pull in pulls for key, one in _parts(pull)}
        quarantined = _settle(run, session, REVIEWS, read)
    fetched = sum(len(pull.reviews) for pull in kept) + quarantined
    run.add(CollectResult(fetched, quarantined, stored.tables))


def _without(pull: PullDetail, gone: set[int]) -> PullDetail:
    return replace(pull, reviews=[one for one in pull.reviews if one.id not in gone])


def _parts(pull: PullDetail) -> Iterator[tuple[str, Any]]:
    """What a letter may be about: the pull request itself and each review, by the letter's key."""
    if pull.detail:
        yield f"{pull.number}/{pull.number}", pull.detail
    for review in pull.reviews:
        yield f"{pull.number}/{review.id}", review
    for bad in pull.rejected:
        yield f"{pull.number}/{bad.key}", bad


def _settle(run: Run, session: Session, stream: str, read: dict[str, Any]) -> int:
    """Set aside what is no record, by the last answer, and resolve the letters of all others."""
    failing = {key: one for key, one in read.items() if isinstance(one, Rejected)}
    letters = [SetAside(key, one.payload, one.reason) for key, one in failing.items()]
    run.set_aside(session, stream, letters)
    run.resolve_letters(session, stream, read.keys() - failing.keys())
    return len(failing)


def _key(kind: Kind, one: Any) -> str:
    return one.key if isinstance(one, Rejected) else str(_number(kind, one))


def _number(kind: Kind, record: Any) -> int:
    return int(getattr(record, kind.listing.id_field))


def _numbers(keys: Iterable[str]) -> list[int]:
    return [int(key) for key in keys if key.isdecimal()]
