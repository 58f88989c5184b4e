"""Killed without a word while it speaks, then run again: one comment, one answer."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.cppa_slack_tracker.parsing import saying
from collectors.cppa_slack_tracker.parsing.requests import Request, pulls_in
from collectors.cppa_slack_tracker.services.requests import note_requests
from conformance.children import Child, Job, start_child
from conformance.databases import wait_until_left
from conformance.driver import NAME
from conformance.replay.faults import Fault
from conformance.replay.messages import Answer, Asked
from conformance.replay.server import ReplayServer, replaying
from services.database import Database
from services.outbox.services import backlogs
from tests.support.pull_requests import GITHUB_TOKEN, PullRequests
from tests.support.slack_site import TEAM, TOKEN, SlackTeamSite

ASIO = "boostorg/asio#7"
COMMENTS = "/repos/boostorg/asio/issues/7/comments"


@pytest.fixture
def pulls() -> PullRequests:
    found = PullRequests()
    found.open(ASIO)
    return found


@pytest.fixture
def github(pulls: PullRequests) -> Iterator[ReplayServer]:
    with replaying(pulls) as server:
        yield server


@pytest.fixture
def job(
    github: ReplayServer, site: SlackTeamSite, database: Database, database_url: str, tmp_path: Path
) -> Job:
    """A run of the outbox, with one comment to write."""
    ts = site.post("C1", "https://github.com/boostorg/asio/pull/7", at="1710072000.000100")
    pulls = pulls_in("https://github.com/boostorg/asio/pull/7")
    request = Request("C1", ts, ts, "U1", is_direct=False, pulls=pulls)
    with database.transaction() as session:
        asked = [saying.seen(TEAM, request), saying.comment(TEAM, request, pulls[0])]
        note_requests(session, asked)
    prefix = "CPPA_SLACK_TRACKER_"
    environment = {
        "DATABASE_URL": database_url,
        "BDC_HOME": str(tmp_path),
        f"{prefix}BASE_URL": site.base_url,
        f"{prefix}TOKENS": TOKEN,
        f"{prefix}BOT_CHANNELS": "general",
        f"{prefix}BOT_REPOSITORIES": "boostorg/*",
        f"{prefix}BOT_GITHUB_TOKEN": GITHUB_TOKEN,
        f"{prefix}BOT_GITHUB_URL": github.url,
    }
    return Job("flows.outbox", {}, environment, tmp_path)


@pytest.mark.parametrize("where", ["comment", "answer", "emoji"])
def test_killed_after_it_was_taken_and_before_we_know_nothing_is_said_twice(
    where: str,
    job: Job,
    github: ReplayServer,
    site: SlackTeamSite,
    pulls: PullRequests,
    database: Database,
) -> None:
    """At the comment itself, at the answer in Slack, at the emoji."""
    child = start_child(job)
    server, path = {
        "comment": (github, COMMENTS),
        "answer": (site.server, "/api/chat.postMessage"),
        "emoji": (site.server, "/api/reactions.add"),
    }[where]
    server.script.always(path, _killing(child, "GET"))
    child.begin()
    assert child.report() is None
    server.script.always(path, lambda _, usual: usual)
    wait_until_left(job.environment["DATABASE_URL"], NAME)
    again = start_child(job)
    again.begin()
    report = again.report()
    assert report is not None
    assert report.outcome.status == "completed", report.outcome
    assert len(pulls.comments[ASIO]) == 1
    assert len([one for one in site.said if "text" in one]) == 1
    with database.transaction() as session:
        assert backlogs(session) == []


def _killing(child: Child, but: str) -> Fault:
    """What was asked is done, and nobody hears of it."""

    def fault(asked: Asked, usual: Answer) -> Answer:
        if asked.method != but:
            os.kill(child.pid, signal.SIGKILL)
        return usual

    return fault
