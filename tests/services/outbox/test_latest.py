"""What only the latest matters of: told anew whenever it changes, never lost, never told in vain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from collectors.outbox.collector import Outbox, StillWaiting
from services.database import Database
from services.errors import AccessDenied, CollectorError
from services.outbox import services as outbox
from services.outbox.draining import LatestOutlet, drain
from services.outbox.latest import enqueue_all_again, enqueue_latest
from services.outbox.retention import forget_payloads
from services.runs.run import Run
from services.runs.services import Source, start_run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KIND = "pages"


@dataclass
class Post:
    """A receiver that is told, and what happens while it is."""

    database: Database
    told: list[list[str]] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    refusals: list[CollectorError] = field(default_factory=list)
    now: datetime = NOON

    def enqueue(self, *subjects: str) -> None:
        with self.database.transaction() as session:
            enqueue_latest(session, KIND, subjects)

    def send(self, subjects: Sequence[str]) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.told.append(list(subjects))
        if self.meanwhile:
            self.meanwhile.pop(0)()

    @property
    def outlet(self) -> LatestOutlet:
        return LatestOutlet(KIND, self.send, 2)

    def drain(self) -> list[int]:
        return list(drain(self.database.transaction, self.outlet, lambda: self.now))

    def run_outbox(self) -> int:
        source = Source("outbox", "outbox")
        with self.database.transaction() as session:
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=self.now)
        run = Run(source, self.database, run_id)
        return Outbox([self.outlet], lambda: self.now).collect(run).fetched


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


def test_a_subject_is_told_once_however_often_it_was_enqueued(post: Post) -> None:
    post.enqueue("b", "a", "b")
    post.enqueue("a", "c")
    post.enqueue()
    assert post.drain() == [2, 1]
    assert post.told == [["a", "b"], ["c"]]
    assert post.drain() == []


def test_a_subject_that_changes_is_told_again(post: Post) -> None:
    post.enqueue("a")
    post.drain()
    post.enqueue("a")
    assert post.drain() == [1]


def test_what_changes_while_it_is_told_is_told_once_more(post: Post) -> None:
    post.enqueue("a", "b")
    post.meanwhile = [lambda: post.enqueue("a")]
    assert post.drain() == [1, 1]
    assert post.told == [["a", "b"], ["a"]]


def test_a_crash_after_the_receiver_was_told_tells_it_again(post: Post) -> None:
    def crash() -> None:
        raise SystemExit

    post.enqueue("a")
    post.meanwhile = [crash]
    with pytest.raises(SystemExit):
        post.drain()
    assert post.drain() == [1]


def test_what_is_not_stored_is_not_told(post: Post) -> None:
    with pytest.raises(ZeroDivisionError), post.database.transaction() as session:
        enqueue_latest(session, KIND, ["a"])
        raise ZeroDivisionError
    assert post.drain() == []


def test_a_failure_waits_longer_each_time_and_is_told_of(post: Post) -> None:
    post.enqueue("a")
    post.refusals = [AccessDenied("401 for token=hunter2hunter2"), AccessDenied("401")]
    for pause in (30, 60):
        with pytest.raises(AccessDenied):
            post.run_outbox()
        with post.database.transaction() as session:
            failing = outbox.failing(session, KIND)
        assert failing is not None
        assert (failing.category, "hunter2" in failing.error) == ("auth", False)
        assert failing.next_attempt_at == post.now + timedelta(seconds=pause)
        with pytest.raises(StillWaiting):
            post.run_outbox()
        post.enqueue("a")
        post.now += timedelta(seconds=pause)
    assert post.run_outbox() == 1
    with post.database.transaction() as session:
        assert outbox.failing(session, KIND) is None
    post.enqueue("a")
    assert post.run_outbox() == 1


def test_everything_can_be_told_anew_also_after_it_was_forgotten(post: Post) -> None:
    post.enqueue("a", "b", "c")
    post.drain()
    with post.database.transaction() as session:
        forget_payloads(session, post.now + timedelta(days=1), 10)
        assert enqueue_all_again(session, "another") == 0
        assert enqueue_all_again(session, KIND) == 3
    assert post.drain() == [2, 1]


def test_one_row_is_kept_for_each_subject(post: Post) -> None:
    for _ in range(3):
        post.enqueue("a", "b")
        post.drain()
    with post.database.transaction() as session:
        assert session.scalar(text("select count(*) from outbox")) == 2
