"""Sending what waits to a repository on loopback: exactly once for a receiver that knows the keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from collectors.outbox.client import Dispatch, dispatcher
from collectors.outbox.collector import Outbox, StillWaiting
from conformance.replay.faults import delivered, status
from conformance.replay.messages import Delivery
from conformance.replay.server import ReplayServer, replaying
from services.database import Database
from services.errors import AccessDenied, CollectorError, CollectorFailureCategory
from services.http.settings import Surroundings
from services.outbox.draining import Outlet
from services.outbox.services import Message, backlogs, enqueue
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, start_run
from tests.support.collecting_papers import Heard
from tests.support.dispatching import TOKEN, Converter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KIND = "papers"
PATH = "/repos/acme/papers/dispatches"


@dataclass
class Sending:
    """An outbox, a repository, and a clock that only the test moves."""

    database: Database
    converter: Converter
    server: ReplayServer
    now: datetime = NOON
    heard: Heard = field(default_factory=Heard)

    def enqueue(self, *urls: str) -> None:
        with self.database.transaction() as session:
            enqueue(session, KIND, [Message(url, {"paper": "p1r0", "url": url}) for url in urls])

    def outlets(self) -> list[Outlet]:
        token = SecretStr(TOKEN)
        dispatch = Dispatch(self.server.url, "acme/papers", token, "convert", "papers")
        around = Surroundings(self._sleep, lambda: self.now, lambda: 1.0)
        return [Outlet(KIND, dispatcher(dispatch, around), 500, 60_000)]

    def send(self, *, is_off: bool = False) -> CollectResult:
        source = Source("outbox", "outbox")
        with self.database.transaction() as session:
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=self.now)
        outlets = [] if is_off else self.outlets()
        outbox = Outbox(outlets, lambda: self.now)
        outbox.validate_config()
        return outbox.collect(Run(outbox_source(outbox), self.database, run_id, self.heard))

    def rehearse(self) -> CollectResult:
        outbox = Outbox(self.outlets(), lambda: self.now)
        with self.database.rehearse() as rehearsal:
            return outbox.collect(Run(outbox_source(outbox), rehearsal, None, self.heard))

    def waiting(self) -> int:
        with self.database.transaction() as session:
            return sum(one.waiting for one in backlogs(session))

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def outbox_source(outbox: Outbox) -> Source:
    return Source(outbox.name, outbox.source_key)


@pytest.fixture
def sending(database: Database) -> Iterator[Sending]:
    converter = Converter()
    with replaying(converter) as server:
        yield Sending(database, converter, server)


def test_an_event_names_the_papers_and_its_key(sending: Sending) -> None:
    sending.enqueue("u1", "u2")
    result = sending.send()
    (event,) = sending.converter.events
    assert event["event_type"] == "convert"
    assert event["client_payload"]["papers"] == ["u1", "u2"]
    assert len(event["client_payload"]) <= 10
    (asked,) = sending.server.traffic.requests
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert sending.server.traffic.tokens == [TOKEN]
    assert (result.fetched, result.written.updated) == (2, 2)


def test_a_long_backfill_goes_in_events_of_five_hundred(sending: Sending) -> None:
    sending.enqueue(*(f"u{number}" for number in range(1100)))
    sending.send()
    sizes = [len(event["client_payload"]["papers"]) for event in sending.converter.events]
    assert (sizes, len(set(sending.converter.converted))) == ([500, 500, 100], 1100)


@pytest.mark.parametrize("code", [401, 404, 422, 500, 503])
def test_a_refused_event_is_sent_later_once(sending: Sending, code: int) -> None:
    sending.enqueue("u1")
    sending.server.script.on(PATH, status(code))
    # The refusal takes the place of the answer to an event that has arrived.
    sending.converter.events.clear()
    with pytest.raises(CollectorError):
        sending.send()
    sending.now += timedelta(minutes=1)
    sending.send()
    assert sending.converter.converted == ["u1"]
    assert sending.waiting() == 0


@pytest.mark.parametrize("delivery", [Delivery.RESET, Delivery.SHORT])
def test_an_event_whose_answer_is_lost_has_its_papers_converted_once(
    sending: Sending, delivery: Delivery
) -> None:
    sending.enqueue("u1", "u2")
    sending.converter.lost = 1
    sending.server.script.on(PATH, delivered(delivery))
    with pytest.raises(CollectorError):
        sending.send()
    sending.enqueue("u3")
    sending.now += timedelta(minutes=1)
    sending.send()
    first, second, third = (event["client_payload"] for event in sending.converter.events)
    assert first == second
    assert third["papers"] == ["u3"]
    assert sending.converter.converted == ["u1", "u2", "u3"]


def test_an_event_is_not_repeated_within_a_call(sending: Sending) -> None:
    sending.enqueue("u1")
    sending.converter.lost = 3
    with pytest.raises(CollectorError):
        sending.send()
    assert len(sending.converter.events) == 1


def test_what_is_told_while_dispatch_is_off_is_sent_when_it_is_on(sending: Sending) -> None:
    for day in range(7):
        sending.enqueue(f"u{day}")
        sending.now += timedelta(days=1)
        assert sending.send(is_off=True).fetched == 0
    assert "7 messages of papers wait, and wait on: sending them is off" in sending.heard.lines
    sending.send()
    sending.send()
    assert sending.converter.converted == [f"u{day}" for day in range(7)]


def test_a_run_fails_as_long_as_something_waits_after_a_failure(sending: Sending) -> None:
    sending.enqueue("u1")
    sending.server.script.on(PATH, status(401), status(401))
    with pytest.raises(AccessDenied):
        sending.send()
    with pytest.raises(StillWaiting, match=r"1 messages of papers wait, .* 12:00:30 UTC") as failed:
        sending.send()
    assert failed.value.category == CollectorFailureCategory.AUTH
    assert sending.server.traffic.count(PATH) == 1


def test_a_dry_run_sends_nothing_and_says_what_waits(sending: Sending) -> None:
    sending.enqueue("u1")
    sending.rehearse()
    assert sending.converter.events == []
    assert sending.heard.lines == ["1 messages of papers wait"]
    assert sending.waiting() == 1
