"""Killed without a word at any step, then run again: every paper is converted, and once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.wg21_paper_tracker.services import ANNOUNCEMENTS
from conformance.children import Child, Job, Report, start_child
from conformance.databases import wait_until_left
from conformance.driver import NAME
from conformance.replay.faults import Fault
from conformance.replay.messages import Answer, Asked
from conformance.replay.server import ReplayServer, replaying
from services.database import Database
from services.outbox.services import Message, backlogs, enqueue
from tests.support.dispatching import TOKEN, Converter

URLS = [f"u{number:03}" for number in range(600)]  # two events
STEPS = [(f"{side} commit", number) for number in range(1, 9) for side in ("before", "after")]


@pytest.fixture
def converter() -> Converter:
    return Converter()


@pytest.fixture
def server(converter: Converter) -> Iterator[ReplayServer]:
    with replaying(converter) as found:
        yield found


@pytest.fixture
def job(server: ReplayServer, database: Database, database_url: str, tmp_path: Path) -> Job:
    """One run of the outbox, with two events to send."""
    with database.transaction() as session:
        enqueue(session, ANNOUNCEMENTS, [Message(url, {"url": url}) for url in URLS])
    environment = {
        "DATABASE_URL": database_url,
        "BDC_HOME": str(tmp_path),
        "WG21_PAPER_TRACKER_DISPATCH_API_URL": server.url,
        "WG21_PAPER_TRACKER_DISPATCH_REPOSITORY": "acme/papers",
        "WG21_PAPER_TRACKER_DISPATCH_TOKEN": TOKEN,
    }
    return Job("flows.outbox", {}, environment, tmp_path)


def run(job: Job) -> Report | None:
    child = start_child(job)
    child.begin()
    return child.report()


def require_converted_once(job: Job, database: Database, converter: Converter) -> None:
    """After one more run, nothing waits and no paper was converted twice."""
    wait_until_left(job.environment["DATABASE_URL"], NAME)
    report = run(job)
    assert report is not None
    assert report.outcome.status == "completed", report.outcome
    assert converter.converted == URLS
    with database.transaction() as session:
        assert backlogs(session) == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]} {step[1]}")
def test_killed_at_a_commit(
    job: Job, step: tuple[str, int], database: Database, converter: Converter
) -> None:
    dying = Job(job.module, job.parameters, job.environment, job.folder, step)
    assert run(dying) is None
    require_converted_once(job, database, converter)


@pytest.mark.parametrize("request_number", [1, 2])
def test_killed_between_the_receiver_having_it_and_our_knowing(
    job: Job,
    request_number: int,
    server: ReplayServer,
    database: Database,
    converter: Converter,
) -> None:
    child = start_child(job)
    server.script.at(request_number, _killing(child))
    child.begin()
    assert child.report() is None
    require_converted_once(job, database, converter)
    keys = [event["client_payload"]["key"] for event in converter.events]
    assert (len(keys), len(set(keys))) == (3, 2)


def _killing(child: Child) -> Fault:
    def fault(_: Asked, usual: Answer) -> Answer:
        os.kill(child.pid, signal.SIGKILL)
        return usual

    return fault
