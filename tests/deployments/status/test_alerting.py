"""From a run that failed to a message at a webhook, through a real Prefect server."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from deployments.routes import ROUTES_FILE, load_alerts
from deployments.status.alerting import Alerting
from deployments.status.announcing import announcement
from deployments.status.observing import Observer, Watcher
from deployments.status.prefect_api import PrefectApi
from services.alerts.settings import AlertSettings
from services.database import Database, open_database
from services.health.settings import HealthSettings
from services.outbox.services import Message, enqueue
from services.runs.lock import SourceLock
from services.runs.services import Ending, SetAside, Source, finish_run, set_aside, start_run
from tests.support.deploying import Deploying, desired, schedule, task
from tests.support.local_stack import ANSWER_SECONDS, poll
from tests.support.receiving import MailServer, Receiver, receiving

pytestmark = pytest.mark.xdist_group("deployments")
POOL = "alerting"
SOURCE = Source("github_activity_tracker", "a/b")
HOUR = timedelta(hours=1)
SCHEDULE = """\
groups:
  papers:
    default_time: "04:30"
    tasks:
      - {collector: github_activity_tracker, schedule: daily, parameters: {repository: a/b}}
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as found:
        yield found


@dataclass
class Watch:
    """What `bdc serve --alerts` does, look by look."""

    database: Database
    prefect: PrefectApi
    schedule: Path
    settings: AlertSettings = field(default_factory=AlertSettings)
    health: HealthSettings = field(default_factory=lambda: HealthSettings(min_workers=0))

    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def observe(self) -> Observer:
        return Observer(self.database, self.prefect, self.schedule, POOL, self.health, self.now)

    @property
    def alerting(self) -> Alerting:
        return Alerting(
            self.database, self.prefect, self.health, self.settings, "http://ui", self.now
        )

    def look(self) -> None:
        self.alerting(self.observe())

    def told(self) -> list[tuple[str, str, str]]:
        """What the database says is told: kind, subject, status."""
        query = "select kind, subject, status from alert where untold is null order by id"
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture
def watch(database: Database, server: Deploying, tmp_path: Path) -> Iterator[Watch]:
    path = tmp_path / "schedule.yaml"
    path.write_text(SCHEDULE, encoding="utf-8")
    api = PrefectApi(server.prefect.api_url, auth=None, timeout_seconds=ANSWER_SECONDS)
    yield Watch(database, api, path)
    api.close()


def run(database: Database, status: str, category: str | None = None) -> None:
    now = datetime.now(UTC)
    error = f"{category}: broken" if category else None
    ending = Ending(status, "collect", {"fetched": 1}, category, error, status == "completed")
    with database.transaction() as session:
        parameters = {"repository": "a/b"}
        number = start_run(session, SOURCE, parameters=parameters, flow_run_id=uuid4(), now=now)
        finish_run(session, number, ending, now=now)


def test_ten_failures_are_one_message_and_so_is_the_recovery(
    watch: Watch, server: Deploying, receiver: Receiver
) -> None:
    addresses = AlertSettings(webhook_url=SecretStr(receiver.url), webhook_may_be_private=True)
    groups = {"papers": [task()]}
    alerts = load_alerts(ROUTES_FILE, addresses, schedule(groups))
    server.apply(desired(groups, alerts=alerts))
    watch.look()
    run(watch.database, "failed", "network")
    watch.look()
    poll(lambda: receiver.messages, 15, "the message")
    for _ in range(9):
        run(watch.database, "failed", "network")
        watch.look()
    run(watch.database, "completed")
    watch.look()
    poll(lambda: len(receiver.messages) >= 2, 15, "the recovery")
    first, last = receiver.messages
    assert first["subject"] == "github_activity_tracker a/b: failed (network)"
    for words in (
        "in collect: network: broken",
        "group papers",
        "fetched=1",
        "Next: `bdc runs show",
        "docs/runbook.md#category-network",
    ):
        assert words in first["body"]
    assert "http://ui/runs/flow-run/" in first["body"]
    assert last["subject"] == "over: github_activity_tracker a/b: failed (network)"
    server.prune(desired(groups))


def test_a_mail_server_is_told_what_its_route_lets_pass(
    watch: Watch, server: Deploying, tmp_path: Path
) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text("routes: [{name: mail, to: smtp-email/bdc-alerts, categories: [auth, config]}]")
    with receiving(MailServer()) as post:
        settings = AlertSettings(
            email_to="night@example.org, day@example.org",
            email_from="bdc@example.org",
            smtp_host="127.0.0.1",
            smtp_port=post.port,
            smtp_security="none",
        )
        alerts = load_alerts(path, settings, schedule({"papers": [task()]}))
        wanted = desired({"papers": [task()]}, alerts=alerts)
        server.apply(wanted)
        assert server.plan(wanted).differs is False
        run(watch.database, "failed", "network")
        watch.look()
        run(watch.database, "failed", "auth")
        watch.look()
        poll(lambda: len(post.mails) >= 2, 15, "a mail to each")
    subjects = {mail["subject"] for mail in post.mails}
    assert subjects == {"github_activity_tracker a/b: auth (auth)"}
    assert {mail["to"] for mail in post.mails} == {"night@example.org", "day@example.org"}
    assert all("Next: `bdc runs show" in mail.as_string() for mail in post.mails)
    server.prune(desired({"papers": [task()]}))


def test_a_killed_run_is_told_at_the_next_look(watch: Watch) -> None:
    with SourceLock(watch.database, SOURCE), watch.database.transaction() as session:
        start_run(session, SOURCE, parameters={}, flow_run_id=None, now=watch.now())
    watch.look()
    assert watch.told() == [("crashed", str(SOURCE), "open")]


def test_a_run_under_way_does_not_end_the_alert_of_the_one_before(watch: Watch) -> None:
    run(watch.database, "failed", "auth")
    watch.look()
    with SourceLock(watch.database, SOURCE):
        with watch.database.transaction() as session:
            start_run(session, SOURCE, parameters={}, flow_run_id=None, now=watch.now())
        watch.look()
        assert watch.told() == [("auth", str(SOURCE), "open")]


def test_what_is_not_worth_a_message_yet_is_not_told(watch: Watch) -> None:
    with watch.database.transaction() as session:
        letters = [SetAside(str(number), {}, "bad") for number in range(3)]
        set_aside(session, SOURCE, "commits", letters, run_id=None)
        enqueue(session, "papers", [Message("p1", {})])
        session.connection().exec_driver_sql(
            "update outbox set attempts = 1, category = 'network', last_error = 'x',"
            " created_at = now() - interval '1 hour'"
        )
    watch.look()
    assert watch.told() == []
    strict = AlertSettings(dead_letters=3, backlog_hours=0.5)
    replace(watch, settings=strict).look()
    assert watch.told() == [
        ("quarantine", str(SOURCE), "open"),
        ("backlog", "outbox papers", "open"),
    ]


def test_old_data_is_told_and_data_that_never_was_is_not(watch: Watch) -> None:
    watch.look()
    assert watch.told() == []
    old = watch.now() - 30 * HOUR
    with watch.database.transaction() as session:
        parameters = {"repository": "a/b"}
        number = start_run(session, SOURCE, parameters=parameters, flow_run_id=None, now=old)
        ending = Ending("completed", "collect", {}, read_all=True)
        finish_run(session, number, ending, now=old)
    watch.look()
    assert watch.told() == [("stale", str(SOURCE), "open")]


def test_without_a_worker_that_is_told(watch: Watch) -> None:
    replace(watch, health=HealthSettings(min_workers=1)).look()
    assert watch.told() == [("workers", "workers", "open")]


def test_what_prefect_does_not_take_waits_for_the_next_look(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    run(watch.database, "failed", "network")
    gone = PrefectApi("http://127.0.0.1:1/api", auth=None, timeout_seconds=1)
    snapshot = watch.observe()
    replace(watch, prefect=gone).alerting(snapshot)
    assert "alerts wait for the next look: ConnectError" in caplog.text
    assert watch.told() == []
    watch.look()
    assert watch.told() == [("failed", str(SOURCE), "open")]
    gone.close()


def test_what_prefect_has_taken_stays_told_though_it_does_not_take_the_next(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(watch.database, "failed", "network")
    watch = replace(watch, health=HealthSettings(min_workers=1))
    post, events = httpx.Client.post, count(1)

    def refuse_the_second(client: httpx.Client, url: str, **asked: Any) -> httpx.Response:
        if url == "/events" and next(events) == 2:
            raise httpx.ConnectError("the server is just being restarted")
        return post(client, url, **asked)

    monkeypatch.setattr(httpx.Client, "post", refuse_the_second)
    watch.look()
    assert len(watch.told()) == 1
    watch.look()
    assert len(watch.told()) == 2
    assert next(events) == 4


def test_a_database_that_is_gone_resolves_nothing(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    run(watch.database, "failed", "network")
    watch.look()
    gone = open_database("postgresql://nobody@127.0.0.1:1/none", application_name="test")
    blind = replace(watch, database=gone).observe()
    watch.alerting(blind)
    assert ("failed", str(SOURCE), "open") in watch.told()
    replace(watch, database=gone).alerting(blind)
    assert "alerts wait for the next look: OperationalError" in caplog.text


def test_a_run_that_waits_to_start_is_late(watch: Watch, server: Deploying) -> None:
    wanted = desired({"papers": [task()]})
    server.apply(wanted)
    found = server.deployment("collector_group/papers")
    server.prefect.client.create_flow_run_from_deployment(found.id)
    soon = watch.now() + timedelta(minutes=20)
    assert watch.prefect.late(watch.now()) == {}
    assert list(watch.prefect.late(soon)) == ["collector_group/papers"]
    watch.alerting(replace(watch.observe(), late={"collector_group/papers": watch.now()}))
    assert watch.told() == [("late", "collector_group/papers", "open")]


def test_the_watcher_tells_of_every_look(watch: Watch) -> None:
    run(watch.database, "failed", "network")
    watcher = Watcher(watch.observe, 0.05, watch.alerting)
    watcher.start()
    poll(watch.told, 10, "the alert")
    watcher.stop()


def test_an_announcement_says_how_it_is_and_reaches_who_is_told_of_alerts(
    watch: Watch, server: Deploying, receiver: Receiver
) -> None:
    addresses = AlertSettings(webhook_url=SecretStr(receiver.url), webhook_may_be_private=True)
    written = schedule(
        {
            "papers": [
                task(),
                task("w/w", schedule="weekly", on="monday"),
                task("m/m", schedule="monthly", on=31),
                task("i/i", schedule="interval", minutes=30),
                task("r/r", schedule="on_release"),
            ]
        }
    )
    server.apply(desired({"papers": [task()]}, alerts=load_alerts(ROUTES_FILE, addresses, written)))
    now = watch.now()
    snapshot = watch.observe()
    strict = HealthSettings(min_workers=1)
    watch.prefect.emit(announcement(snapshot, written, strict, what="v1.2", now=now))
    poll(lambda: receiver.messages, 15, "the announcement")
    (message,) = receiver.messages
    assert message["subject"] == "v1.2 is deployed: UNHEALTHY"
    for line in (
        "database: answers",
        "workers: none online",
        "! workers: 0 of 1 wanted are online: nothing is started",
        "papers: github_activity_tracker, daily at 04:30 UTC",
        "papers: github_activity_tracker, mondays at 04:30 UTC",
        "papers: github_activity_tracker, on day 31 of the month at 04:30 UTC",
        "papers: github_activity_tracker, every 30 minutes",
        "papers: github_activity_tracker, on every release",
    ):
        assert line in message["body"].splitlines(), line


def test_an_announcement_is_not_longer_than_a_chat_shows(watch: Watch) -> None:
    many = schedule({f"g{number}": [task()] for number in range(30)})
    blind = replace(watch.observe(), facts=None, workers=None)
    told = announcement(blind, many, watch.health, what="v1", now=watch.now())
    lines = told["payload"]["body"].splitlines()
    assert lines[-1] == "… and 5 more"
    assert "workers: not known, Prefect's API does not answer" in lines
    nothing = announcement(blind, schedule({}), watch.health, what="v1", now=watch.now())
    assert nothing["payload"]["body"].endswith("nothing is scheduled")
