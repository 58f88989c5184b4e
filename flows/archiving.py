"""What the source answers while a collector works goes into the raw archive."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flows.phases import describe
from services.archive.place import ArchivePlace
from services.archive.recorder import Recorder
from services.database import DatabaseError
from services.errors import LockLost
from services.http.observing import observed
from services.runs.run import Run

logger = logging.getLogger(__name__)


@contextmanager
def archived(run: Run, place: ArchivePlace | None) -> Iterator[None]:
    """Keep it, to the last answer: what a run failed to understand is worth most.

    Dry runs leave no trace. A hook that is tried again goes on in the same archive.
    """
    if place is None or run.id is None:
        yield
        return
    recorder = run.archive
    if not isinstance(recorder, Recorder):
        source, now = run.source, datetime.now(UTC)
        recorder = Recorder(place, source.collector, source.source_key, run.id, now)
        run.archive = recorder
    try:
        with observed(recorder.observe):
            yield
    except Exception:
        _keep_rest_of_failed(run, recorder)
        raise
    _keep_rest(run, recorder)


def _keep_rest(run: Run, recorder: Recorder) -> None:
    if not recorder.has_rest:
        return
    with run.transaction():
        """Each transaction keeps what was answered before it."""


def _keep_rest_of_failed(run: Run, recorder: Recorder) -> None:
    """What the run failed for must not be hidden by another failure."""
    try:
        _keep_rest(run, recorder)
    except (DatabaseError, OSError, LockLost) as error:
        logger.warning("the last answers could not be archived: %s", describe(error))
