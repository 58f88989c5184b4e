"""Messages that are sent once, whatever happens on the way."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, text

from services.database import Database
from services.errors import AccessDenied, CollectorError, RateLimited, SourceTimedOut
from services.outbox import services as outbox
from services.outbox.draining import Outlet, Window, drain
from services.outbox.models import OutboxMessage
from services.outbox.services import Batch, FollowUp, Message

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KIND = "papers"
Fault = Callable[[Batch], None]


@dataclass
class Receiver:
    """Knows the keys it has had, as a workflow would, and does what a batch says once."""

    heard: list[Batch] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)

    def receive(self, batch: Batch) -> None:
        if batch.key not in {one.key for one in self.heard}:
            self.done += [payload["url"] for payload in batch.payloads]
        self.heard.append(batch)


@dataclass
class Post:
    """A way to the receiver that fails as told: before it (`refuse`) or behind it (`lose`)."""

    database: Database
    receiver: Receiver = field(default_factory=Receiver)
    faults: list[Fault] = field(default_factory=list)
    refusals: list[CollectorError] = field(default_factory=list)
    now: datetime = NOON

    def enqueue(self, *names: str, kind: str = KIND) -> None:
        with self.database.transaction() as session:
            outbox.enqueue(session, kind, [Message(name, {"url": name}) for name in names])

    def send(self, batch: Batch) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.receiver.receive(batch)
        if self.faults:
            self.faults.pop(0)(batch)

    def drain(self, most: int = 500, most_bytes: int = 60_000) -> list[int]:
        outlet = Outlet(KIND, self.send, most, most_bytes)
        return list(drain(self.database.transaction, outlet, lambda: self.now))

    def fail(self, **limits: int) -> None:
        with pytest.raises(CollectorError):
            self.drain(**limits)

    def messages(self) -> Sequence[OutboxMessage]:
        with self.database.transaction() as session:
            return session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()

    def statuses(self) -> list[str]:
        return [message.status for message in self.messages()]


def lost(batch: Batch) -> None:
    """The answer is lost."""
    raise SourceTimedOut(f"no answer to {batch.key}")


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


def test_what_is_enqueued_is_sent_once(post: Post) -> None:
    post.enqueue("a", "b")
    assert post.drain() == [2]
    assert post.drain() == []
    assert post.receiver.done == ["a", "b"]
    assert [(one.status, one.sent_at) for one in post.messages()] == [("sent", NOON)] * 2


def test_a_key_that_is_enqueued_again_is_the_same_message(post: Post) -> None:
    post.enqueue("a")
    post.drain()
    post.enqueue("a", "b")
    assert post.drain() == [1]
    assert post.receiver.done == ["a", "b"]


def test_what_is_enqueued_again_leaves_its_message_as_it_is(post: Post) -> None:
    post.enqueue("a", "b")
    with post.database.transaction() as session:
        again = [Message("a\0", {"url": "another"}), Message("c", {"url": "c"})]
        written = outbox.enqueue(session, KIND, again)
    assert (written.inserted, written.updated, written.unchanged) == (1, 0, 1)
    post.drain()
    assert post.receiver.done == ["a", "b", "c"]


def test_kinds_do_not_mix(post: Post) -> None:
    post.enqueue("a")
    post.enqueue("a", "c", kind="others")
    post.drain()
    assert post.receiver.done == ["a"]
    with post.database.transaction() as session:
        assert [(one.kind, one.waiting) for one in outbox.backlogs(session)] == [("others", 2)]


def test_what_is_not_stored_is_not_sent(post: Post) -> None:
    with pytest.raises(ZeroDivisionError), post.database.transaction() as session:
        outbox.enqueue(session, KIND, [Message("a", {"url": "a"})])
        raise ZeroDivisionError
    assert post.drain() == []


def test_a_message_that_was_refused_is_sent_later_and_once(post: Post) -> None:
    post.enqueue("a")
    post.refusals = [AccessDenied("401")]
    post.fail()
    (message,) = post.messages()
    assert (message.attempts, message.category, message.status) == (1, "auth", "waiting")
    assert message.last_error == "AccessDenied: 401"
    post.now += timedelta(minutes=1)
    assert post.drain() == [1]
    assert post.receiver.done == ["a"]


def test_a_batch_whose_answer_was_lost_is_sent_again_as_it_was(post: Post) -> None:
    post.enqueue("a", "b")
    post.faults = [lost]
    post.fail()
    post.enqueue("c")
    post.now += timedelta(minutes=1)
    assert post.drain() == [2, 1]
    first, second, third = post.receiver.heard
    assert (first, third.payloads) == (second, [{"url": "c"}])
    assert post.receiver.done == ["a", "b", "c"]


def test_a_crash_after_the_receiver_has_it_sends_the_same_again(post: Post) -> None:
    def crash(batch: Batch) -> None:
        raise SystemExit(batch.key)

    post.enqueue("a")
    post.faults = [crash]
    with pytest.raises(SystemExit):
        post.drain()
    assert post.drain() == [1]
    assert post.receiver.heard[0] == post.receiver.heard[1]
    assert post.receiver.done == ["a"]


def test_a_week_of_silence_loses_nothing(post: Post) -> None:
    for day in range(7):
        post.enqueue(f"day {day}")
        post.now += timedelta(days=1)
    assert post.drain() == [7]


def test_a_batch_holds_no_more_than_the_receiver_takes(post: Post) -> None:
    post.enqueue(*(f"{number:04}" for number in range(1203)))
    assert post.drain() == [500, 500, 203]
    assert len(set(post.receiver.done)) == 1203
    assert [len(one.payloads) for one in post.receiver.heard] == [500, 500, 203]


def test_a_batch_holds_no_more_bytes_than_the_receiver_takes(post: Post) -> None:
    post.enqueue("short", "x" * 60, "y" * 60, "z" * 500)
    assert post.drain(most_bytes=100) == [2, 1, 1]


def test_a_batch_that_fails_steps_aside_for_those_behind_it(post: Post) -> None:
    post.enqueue("a", "b")
    post.refusals = [AccessDenied("no")]
    post.fail(most=1)
    assert post.drain(most=1) == [1]
    assert post.statuses() == ["waiting", "sent"]


def test_pauses_grow_to_six_hours(post: Post) -> None:
    post.enqueue("a")
    pauses = []
    for _ in range(14):
        post.refusals = [AccessDenied("no")]
        post.fail()
        (message,) = post.messages()
        assert message.next_attempt_at is not None
        pauses.append(message.next_attempt_at - post.now)
        post.now = message.next_attempt_at
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses[-1] == timedelta(hours=6)


def test_a_receiver_that_asks_for_a_longer_pause_gets_it(post: Post) -> None:
    post.enqueue("a")
    post.refusals = [RateLimited("slow down", 7200.0)]
    post.fail()
    assert post.messages()[0].next_attempt_at == NOON + timedelta(hours=2)
    post.now += timedelta(hours=1)
    assert post.drain() == []


def test_what_is_failing_is_told_until_it_is_sent(post: Post) -> None:
    def failing() -> outbox.Failing | None:
        with post.database.transaction() as session:
            return outbox.failing(session, KIND)

    post.enqueue("a", "b")
    assert failing() is None
    post.refusals = [SourceTimedOut("late, with token=hunter2hunter2")]
    post.fail()
    found = failing()
    assert found is not None
    assert (found.messages, found.category) == (2, "timeout")
    assert found.next_attempt_at == NOON + timedelta(seconds=30)
    assert "hunter2" not in found.error
    post.now += timedelta(minutes=1)
    post.drain()
    assert failing() is None


def test_a_backlog_says_how_much_waits_how_much_has_failed_and_since_when(post: Post) -> None:
    post.enqueue("a", "b", "c")
    post.enqueue("d", kind="others")
    post.refusals = [AccessDenied("no")]
    post.fail(most=2)
    with post.database.transaction() as session:
        others, papers = outbox.backlogs(session)
    assert (others.kind, others.waiting, others.failing, others.error) == ("others", 1, 0, None)
    assert (papers.kind, papers.waiting, papers.failing) == ("papers", 3, 2)
    assert papers.next_attempt_at == NOON + timedelta(seconds=30)
    assert (papers.oldest, papers.error) == (min(_created(post)), "AccessDenied: no")


def test_a_pause_that_is_ended_has_the_next_drain_try_again(post: Post) -> None:
    post.enqueue("a")
    post.refusals = [AccessDenied("no")]
    post.fail()
    with post.database.transaction() as session:
        assert outbox.end_pauses(session, ["others"], NOON) == 0
        assert outbox.end_pauses(session, [KIND], NOON) == 1
        assert outbox.end_pauses(session, [], NOON) == 0
    assert post.drain() == [1]


def test_two_at_once_send_everything_once(post: Post) -> None:
    post.enqueue(*(f"{number:03}" for number in range(200)))
    start, sent = Barrier(2), [0, 0]

    def work(place: int) -> None:
        start.wait()
        sent[place] = sum(post.drain(most=5))

    threads = [Thread(target=work, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.append(sum(post.drain(most=5)))
    assert sum(sent) == 200
    assert len({batch.key for batch in post.receiver.heard}) == len(post.receiver.heard)
    assert sorted(post.receiver.done) == [f"{number:03}" for number in range(200)]


def test_a_batch_that_somebody_holds_whole_or_in_part_is_left_to_them(post: Post) -> None:
    post.enqueue("a", "b")
    with post.database.transaction() as session:
        batch = outbox.form_batch(session, KIND, most=2, most_bytes=1000)
    assert batch is not None
    with holding(post.database, "a"):
        assert post.drain() == []
    with holding(post.database, "a", "b"):
        assert post.drain() == []
    assert post.drain() == [2]
    with post.database.transaction() as session:
        assert outbox.claim(session, KIND, batch) is None


def test_a_thousand_messages_known_already_write_no_row(post: Post) -> None:
    names = [f"{number}" for number in range(1000)]
    post.enqueue(*names)
    versions = text("select ctid, xmin from outbox order by ctid")
    with post.database.transaction() as session:
        before = session.execute(versions).all()
    post.enqueue(*names)
    with post.database.transaction() as session:
        assert session.execute(versions).all() == before


def _created(post: Post) -> list[datetime]:
    return [message.created_at for message in post.messages()]


@contextmanager
def holding(database: Database, *keys: str) -> Iterator[None]:
    """Somebody else's transaction that holds these messages."""
    with database.transaction() as session:
        held = select(OutboxMessage).where(OutboxMessage.key.in_(keys))
        session.execute(held.with_for_update())
        yield


def test_what_follows_is_enqueued_with_the_note_that_it_was_sent(post: Post) -> None:
    """Not before, and not twice, though the first answer was lost."""

    def send(batch: Batch) -> list[FollowUp]:
        post.send(batch)
        return [FollowUp("thanks", Message(one["url"], one)) for one in batch.payloads]

    outlet = Outlet(KIND, send, 1, 60_000)
    post.enqueue("a")
    post.faults.append(_lose)
    with pytest.raises(SourceTimedOut):
        list(drain(post.database.transaction, outlet, lambda: post.now))
    assert _kinds(post) == [KIND]
    post.now += timedelta(minutes=1)
    list(drain(post.database.transaction, outlet, lambda: post.now))
    list(drain(post.database.transaction, outlet, lambda: post.now))
    assert _kinds(post) == ["thanks"]


def test_a_window_rolls_and_what_has_no_room_waits_without_failing(post: Post) -> None:
    outlet = Outlet(KIND, post.send, 1, 60_000, Window(2, timedelta(hours=1)))
    post.enqueue("a", "b", "c", "d")
    sent = []
    for minutes in (0, 30, 29, 1, 60):
        post.now += timedelta(minutes=minutes)
        sent.append(sum(drain(post.database.transaction, outlet, lambda: post.now)))
    assert sent == [2, 0, 0, 2, 0]
    assert post.receiver.done == ["a", "b", "c", "d"]


def _kinds(post: Post) -> list[str]:
    """Of what waits."""
    with post.database.transaction() as session:
        return [one.kind for one in outbox.backlogs(session)]


def _lose(_: Batch) -> None:
    raise SourceTimedOut("the answer is lost")
