"""What a comparison has found missing, stale or gone: asked for by itself before its stream is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.collector.replaying import ALL_KINDS, replay_letters
from collectors.github_activity_tracker.collector.reviews import NAME as REVIEWS
from collectors.github_activity_tracker.collector.source import Source
from collectors.github_activity_tracker.collector.vanished import mark_gone, places
from services.completeness.comparing import WHOLE
from services.completeness.models import CollectorRepair
from services.completeness.services import open_repairs, settle_repairs
from services.runs.models import CollectorDeadLetter
from services.runs.run import Run


@dataclass(frozen=True, slots=True)
class Repairs:
    """What is to be repaired in a run."""

    found: Sequence[CollectorRepair] = ()

    @classmethod
    def open(cls, run: Run) -> "Repairs":
        """What is queued for the run's source."""
        with run.database.transaction() as session:
            return cls(open_repairs(session, run.source))

    def of(self, stream: str) -> list[CollectorRepair]:
        """What is to be repaired in a stream."""
        return [one for one in self.found if one.stream == stream]

    def is_whole(self, stream: str) -> bool:
        """Whether all of the stream is to be read again."""
        return any(one.item_key == WHOLE for one in self.of(stream))

    def settle(self, run: Run, stream: str) -> None:
        """All of the stream's repairs are done."""
        keys = [one.item_key for one in self.of(stream)]
        if keys:
            with run.transaction() as session:
                settle_repairs(session, run.source, stream, keys)
            run.progress.say(f"{stream}: {len(keys)} gaps repaired")


def begin_repairs(source: Source, repairs: Repairs, stream: str) -> Source:
    """Repair single records; the source as the stream is to be read then, whole if need be.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    if repairs.is_whole(stream):
        return replace(source, reread=True)
    single = repairs.of(stream)
    if stream == REVIEWS:
        numbers = [int(one.item_key) for one in single]
        with source.run.transaction() as session:
            services.note_due(session, services.REVIEWS, source.repository_id, numbers)
    elif single:
        _repair(source, stream, single)
    return source


def _repair(source: Source, stream: str, single: Sequence[CollectorRepair]) -> None:
    kind = ALL_KINDS[stream]
    asked = [one for one in single if one.reason != "gone"]
    replay_letters(source, [_letter(one) for one in asked])
    keys = [int(one.item_key) for one in single if one.reason == "gone"]
    gone = {key: place for key in keys for place in places(source, kind, key)}
    if gone:
        mark_gone(source, kind, gone)


def _letter(repair: CollectorRepair) -> CollectorDeadLetter:
    """As if its record had been set aside: it is asked for as it is now."""
    return CollectorDeadLetter(stream=repair.stream, item_key=repair.item_key, payload={})
