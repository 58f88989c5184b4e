"""`bdc serve` as machines and people meet it, on a real database and a real Prefect server."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import IntervalSchedule, RRuleSchedule
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from deployments.status.app import StatusService, make_app
from deployments.status.observing import Observer, Snapshot, Watcher
from deployments.status.prefect_api import PrefectApi
from deployments.status.verdict import health_body
from services.batches.services import Batch, finish_batch, start_batch
from services.completeness.comparing import Comparison, Gap
from services.completeness.services import note_comparisons
from services.database import Database, open_database
from services.growth.services import take_sample
from services.health.settings import HealthSettings
from services.http.models import HttpQuota
from services.outbox.services import Message, enqueue
from services.runs.lock import SourceLock
from services.runs.services import (
    Ending,
    SetAside,
    Source,
    finish_run,
    note_activity,
    set_aside,
    start_run,
)
from services.vectors.services import Text, put_documents
from tests.support.local_stack import ANSWER_SECONDS, LocalPrefect, poll
from tests.support.serving import serving

pytestmark = pytest.mark.xdist_group("deployments")
POOL = "status"
ASIO = Source("github_activity_tracker", "boostorg/asio")
HOUR = timedelta(hours=1)
SCHEDULE = """\
groups:
  github:
    default_time: "04:30"
    tasks:
      - collector: github_activity_tracker
        schedule: daily
        parameters: {repository: boostorg/asio}
"""
NOBODY = "http://127.0.0.1:1/api"
TOKEN = "correct horse"


@dataclass
class Platform:
    """A database, a schedule and a pool with one worker, as the service sees them."""

    database: Database
    prefect: PrefectApi
    schedule: Path
    settings: HealthSettings

    def now(self) -> datetime:
        return datetime.now(UTC)

    @contextmanager
    def client(self, **changed: Any) -> Iterator[httpx.Client]:
        """Of a service that looks anew for every request."""
        settings = self.settings.model_copy(update=changed)
        observe = Observer(self.database, self.prefect, self.schedule, POOL, settings, self.now)
        service = StatusService(Watcher(observe, 1.0), settings, self.now, "http://ui")
        with serving(make_app(service), lifespan="off") as client:
            yield client

    def health(self, **changed: Any) -> tuple[int, dict[str, Any]]:
        with self.client(**changed) as client:
            answer = client.get("/health/")
        return answer.status_code, answer.json()

    def get(self, path: str) -> httpx.Response:
        with self.client() as client:
            return client.get(path)

    def collected(self, age: timedelta, status: str = "completed", error: str | None = None) -> int:
        """A run of the scheduled task, and the batch around it."""
        at = self.now() - age
        batch = Batch(uuid4(), "github", at, at.date(), ["x"], settles=True)
        counts = {"fetched": 5, "inserted": 3, "updated": 1, "unchanged": 1, "quarantined": 0}
        category = "auth" if error else None
        ending = Ending(status, "collect", counts, category, error, status != "failed")
        parameters = {"repository": ASIO.source_key, "branches": []}
        with self.database.transaction() as session:
            start_batch(session, batch, now=at)
            run = start_run(session, ASIO, parameters=parameters, flow_run_id=uuid4(), now=at)
            finish_run(session, run, ending, now=at + timedelta(seconds=90))
            finish_batch(session, batch.id, status, now=at + timedelta(seconds=91))
        return run


@pytest.fixture
def platform(database: Database, prefect_api: LocalPrefect, tmp_path: Path) -> Iterator[Platform]:
    """Everything is there, nothing has run."""
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(SCHEDULE, encoding="utf-8")
    prefect_api.ensure_pool(POOL)
    prefect_api.client._client.post(
        f"/work_pools/{POOL}/workers/heartbeat",
        json={"name": "w1", "heartbeat_interval_seconds": 30},
    )
    api = PrefectApi(prefect_api.api_url, auth=None, timeout_seconds=ANSWER_SECONDS)
    yield Platform(database, api, schedule, HealthSettings())
    api.close()


def test_healthy_when_everything_is_fresh(platform: Platform) -> None:
    platform.collected(HOUR)
    code, body = platform.health()
    assert (code, body["status"]) == (200, "healthy"), body
    checks = body["checks"]
    assert checks["database"]["ok"]
    assert isinstance(checks["database"]["latency_ms"], int)
    assert checks["workers"] == {"ok": True, "workers": ["w1"], "responded": 1, "expected": 1}
    assert checks["scheduler"]["ok"]
    assert checks["collector_groups"]["github"]["stale"] is False
    assert [one["freshness"] for one in checks["collectors"]] == ["fresh"]
    assert checks["collector_meta"] == {
        "any_stale": False,
        "enforce_freshness": True,
        "error": None,
        "skipped": None,
    }


@pytest.mark.parametrize("ran", [False, True], ids=["never", "27 hours ago"])
def test_stale_data_is_unhealthy_unless_only_told(platform: Platform, ran: bool) -> None:
    if ran:
        platform.collected(27 * HOUR)
    code, body = platform.health()
    assert (code, body["status"]) == (503, "unhealthy")
    assert body["checks"]["collector_groups"]["github"]["stale"] is True
    assert body["checks"]["collector_meta"]["any_stale"] is True
    code, body = platform.health(enforce_collector_freshness=False)
    assert (code, body["checks"]["collector_meta"]["any_stale"]) == (200, True)


def test_a_run_of_a_part_does_not_make_the_data_fresh(platform: Platform) -> None:
    platform.collected(30 * HOUR)
    with platform.database.transaction() as session:
        now = platform.now() - HOUR
        parameters = {"repository": ASIO.source_key}
        run = start_run(session, ASIO, parameters=parameters, flow_run_id=None, now=now)
        finish_run(session, run, Ending("completed", "collect", {}), now=now)
    (collector,) = platform.health()[1]["checks"]["collectors"]
    assert collector["freshness"] == "stale"


def test_strangers_are_told_nothing_once_there_is_a_token(platform: Platform) -> None:
    with platform.client(check_token=SecretStr(TOKEN)) as client:
        for path in ("/health/", "/metrics", "/"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["status"]) == (401, "unauthorized")
            assert set(answer.json()) == {"status", "detail"}
            assert "WWW-Authenticate" in answer.headers
        wrong = ["Bearer wrong", "Bearer", f"Token {TOKEN}", "Basic !", "Basic", f"Bearer {TOKEN}x"]
        for header in wrong:
            assert client.get("/health/", headers={"Authorization": header}).status_code == 401
        assert client.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert (
            client.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
        )
        assert client.get("/", auth=("anybody", TOKEN)).status_code == 200
        for path in ("/health/live", "/health/ready", "/style.css"):
            assert client.get(path).status_code == 200


def test_a_blank_token_is_none(platform: Platform) -> None:
    assert platform.health(check_token=SecretStr(" "))[0] == 503


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_health_is_only_read(platform: Platform, method: str) -> None:
    with platform.client() as client:
        assert client.request(method, "/health/").status_code == 405


def test_too_few_workers_are_unhealthy(platform: Platform) -> None:
    platform.collected(HOUR)
    code, body = platform.health(min_workers=2)
    assert code == 503
    assert body["checks"]["workers"] == {
        "ok": False,
        "workers": ["w1"],
        "responded": 1,
        "expected": 2,
    }


def test_a_worker_whose_heartbeats_stop_is_gone_within_a_minute(platform: Platform) -> None:
    in_a_minute = datetime.now(UTC) + timedelta(seconds=91)
    assert platform.prefect.online_workers(POOL, in_a_minute) == []
    assert platform.prefect.online_workers("no such pool", in_a_minute) == []


def test_a_prefect_that_does_not_answer_is_a_fixed_code(platform: Platform) -> None:
    platform.collected(HOUR)
    gone = replace(platform, prefect=PrefectApi(NOBODY, auth="a:b", timeout_seconds=1))
    code, body = gone.health()
    assert code == 503
    assert body["checks"]["workers"]["error"] == "workers_check_failed"
    assert body["checks"]["scheduler"] == {"ok": False, "error": "scheduler_check_failed"}
    assert "127.0.0.1" not in json.dumps(body)
    page = gone.get("/").text
    assert "not known" in page
    gone.prefect.close()


def test_without_prefect_that_is_said(platform: Platform) -> None:
    observe = Observer(
        platform.database, None, platform.schedule, POOL, platform.settings, platform.now
    )
    assert observe().errors == {
        "workers": "prefect_api_not_set",
        "scheduler": "prefect_api_not_set",
    }


def test_a_database_that_does_not_answer_is_json_and_gives_nothing_away(
    platform: Platform,
) -> None:
    url = "postgresql://someone:" + "hunter2@127.0.0.1:1/none"
    gone = replace(platform, database=open_database(url, application_name="test"))
    code, body = gone.health()
    assert code == 503
    assert body["checks"]["database"] == {"ok": False, "error": "database_check_failed"}
    assert body["checks"]["collector_groups"] == {}
    assert body["checks"]["collector_meta"]["skipped"] == "database check failed"
    assert not re.search("hunter2|someone|select|Traceback|line ", json.dumps(body))
    assert gone.get("/health/ready").status_code == 503
    assert "bdc_healthy 0.0" in gone.get("/metrics").text
    assert "it does not answer" in gone.get("/").text


@pytest.fixture
def forbidden(platform: Platform, database_url: str) -> Iterator[Callable[[str], Platform]]:
    """The platform, seen by somebody who may not read one of the tables."""
    name = f"watcher_{uuid4().hex[:8]}"
    opened: list[Database] = []

    def watched_without(table: str) -> Platform:
        with psycopg.connect(database_url) as admin:
            admin.execute(f"create role {name} login")
            admin.execute(f"grant select on all tables in schema public to {name}")
            admin.execute(f"revoke select on {table} from {name}")
        url = make_url(database_url).set(username=name).render_as_string(hide_password=False)
        opened.append(open_database(url, application_name="test"))
        return replace(platform, database=opened[-1])

    yield watched_without
    for one in opened:
        one.close()
    with psycopg.connect(database_url) as admin:
        admin.execute(f"drop owned by {name}")
        admin.execute(f"drop role {name}")


def test_batches_that_cannot_be_read_are_unhealthy_unless_freshness_is_only_told(
    platform: Platform, forbidden: Callable[[str], Platform]
) -> None:
    platform.collected(HOUR)
    watched = forbidden("schedule_batch")
    code, body = watched.health()
    assert code == 503
    assert body["checks"]["database"]["ok"]
    assert body["checks"]["collector_groups"] == {}
    assert body["checks"]["collector_meta"]["error"] == "collector_check_failed"
    assert [one["freshness"] for one in body["checks"]["collectors"]] == ["fresh"]
    assert "permission" not in json.dumps(body)
    assert watched.health(enforce_collector_freshness=False)[0] == 200
    assert "how they ended cannot be read" in watched.get("/").text


def test_an_index_that_cannot_be_looked_at_is_told_and_no_more(
    platform: Platform, forbidden: Callable[[str], Platform]
) -> None:
    platform.collected(HOUR)
    watched = forbidden("vector_queue")
    code, body = watched.health()
    assert (code, body["status"]) == (200, "healthy")
    assert body["checks"]["search_index"] == {"error": "search_index_check_failed"}
    assert "permission" not in json.dumps(body)
    assert "bdc_index_waiting" not in watched.get("/metrics").text
    assert "what waits for it cannot be read" in watched.get("/").text


def test_a_schedule_that_cannot_be_read_is_unhealthy_unless_freshness_is_only_told(
    platform: Platform,
) -> None:
    platform.schedule.write_text("groups: [", encoding="utf-8")
    code, body = platform.health()
    assert (code, body["checks"]["collector_meta"]["error"]) == (
        503,
        "collector_schedule_unavailable",
    )
    assert platform.health(enforce_collector_freshness=False)[0] == 200
    page = platform.get("/").text
    assert "the schedule cannot be read" in page
    assert "Nothing has run" in page


def test_a_deployment_that_is_paused_between_two_looks_lacks_no_run(
    platform: Platform, prefect_api: LocalPrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, post = prefect_api.client, httpx.Client.post
    often = IntervalSchedule(interval=timedelta(minutes=1))
    made = client.create_deployment(
        flow_id=client.create_flow_from_name("sample"),
        name="paused",
        tags=["bdc"],
        entrypoint="flows.sample",
        schedules=[DeploymentScheduleCreate(schedule=often, active=True)],
    )
    soon = platform.now() + timedelta(minutes=3)
    asked: list[str] = []

    def pause_first(own: httpx.Client, url: str, **question: Any) -> httpx.Response:
        asked.append(url)
        if asked == ["/deployments/filter", "/flow_runs/filter"]:
            client.pause_deployment(made)
        return post(own, url, **question)

    try:
        poll(lambda: platform.prefect.unscheduled(soon) == [], 60, "its runs")
        monkeypatch.setattr(httpx.Client, "post", pause_first)
        assert platform.prefect.unscheduled(soon) == []
        assert asked.count("/flow_runs/filter") == 1
    finally:
        client.delete_deployment(made)


def test_a_deployment_without_a_next_run_is_named(
    platform: Platform, prefect_api: LocalPrefect
) -> None:
    client = prefect_api.client
    flow = client.create_flow_from_name("sample")
    never: IntervalSchedule | RRuleSchedule = RRuleSchedule(
        rrule="FREQ=DAILY;UNTIL=20200101T000000Z"
    )
    often = IntervalSchedule(interval=timedelta(minutes=1))
    made = [
        client.create_deployment(
            flow_id=flow,
            name=name,
            tags=["bdc"],
            entrypoint="flows.sample",
            schedules=[DeploymentScheduleCreate(schedule=timing, active=True)],
        )
        for name, timing in {"never": never, "often": often}.items()
    ]
    soon = platform.now() + timedelta(minutes=3)
    try:
        assert platform.prefect.unscheduled(platform.now()) == []
        poll(
            lambda: platform.prefect.unscheduled(soon) == ["sample/never"],
            60,
            "runs of the other deployment",
        )
        platform.collected(HOUR)
        settings, at = platform.settings, platform.now
        observe = Observer(
            platform.database, platform.prefect, platform.schedule, POOL, settings, lambda: soon
        )
        body = health_body(observe(), settings, at())
        assert body["status"] == "unhealthy"
        assert body["checks"]["scheduler"] == {"ok": False, "without_next_run": ["sample/never"]}
    finally:
        for deployment in made:
            client.delete_deployment(deployment)


def test_the_page_says_what_runs_what_failed_what_waits_and_what_to_do(
    platform: Platform,
) -> None:
    platform.collected(3 * HOUR)
    failed = platform.collected(2 * HOUR, "failed", "AccessDenied: <b>401</b>")
    other = Source("scripted", "hangs")
    with SourceLock(platform.database, other), platform.database.transaction() as session:
        start = platform.now() - HOUR
        stuck = start_run(session, other, parameters={}, flow_run_id=None, now=start)
        waits = start_run(
            session, Source("scripted", "waits"), parameters={}, flow_run_id=uuid4(), now=start
        )
        until = platform.now() + HOUR
        note_activity(session, waits, "waiting for quota", now=start, waits_until=until)
        set_aside(session, ASIO, "commits", [SetAside("a", {}, "bad")], run_id=failed)
        enqueue(session, "papers", [Message("p1", {})])
        put_documents(session, "papers", [Text("p1", "A paper", "of words")])
        session.commit()
        page = platform.get("/").text
        body = platform.health()[1]
        text = platform.get("/metrics").text
    for said in (
        f"run {stuck} has done nothing since",
        f"run {failed} failed (auth) in collect: AccessDenied: &lt;b&gt;401&lt;/b&gt;",
        f"the process of run {waits} is gone",
        "1 records are set aside",
        "<code>bdc dead-letters list</code>",
        "http://ui/runs/flow-run/",
        "8 rows in 14 days",
    ):
        assert said in page, said
    states = {run["source_key"]: run["state"] for run in body["checks"]["runs"]}
    assert states == {"hangs": "stuck", "waits": "dead"}
    assert body["checks"]["dead_letters"] == {"open": 1}
    assert body["checks"]["outbox"]["waiting"] == 1
    assert body["checks"]["search_index"]["waiting"] == 1
    for line in (
        'bdc_run_state{collector="scripted",source="hangs",state="stuck"} 1.0',
        'bdc_dead_letters{collector="github_activity_tracker",source="boostorg/asio"} 1.0',
        'bdc_runs_last_day{collector="github_activity_tracker",status="failed"} 1.0',
        'bdc_outbox_waiting{kind="papers"} 1.0',
        'bdc_index_waiting{collector="papers"} 1.0',
        "bdc_workers_online 1.0",
    ):
        assert line in text, line


def test_quotas_and_sizes_are_told_on_the_page_and_in_the_metrics(platform: Platform) -> None:
    soon = platform.now() + HOUR
    quota = {"source": "https://api.github.com", "scope": "a" * 64, "seen_at": platform.now()}
    with platform.database.transaction() as session:
        session.add(HttpQuota(**quota, resource="core", remaining=41, resets_at=soon))
        session.add(HttpQuota(**quota, resource="", closed_until=soon))
        over = platform.now() - HOUR
        session.add(HttpQuota(**quota, resource="search", closed_until=over, resets_at=over))
        reopened = {"closed_until": over, "remaining": 9, "resets_at": soon}
        session.add(HttpQuota(**quota, resource="graphql", **reopened))
        take_sample(session, over.date() - timedelta(days=8))
        holed = Comparison("issues", 4, 3, 4, [Gap("7", "missing")])
        note_comparisons(session, Source("tracker", "main"), [holed])
    page, text = platform.get("/").text, platform.get("/metrics").text
    for said in (
        f"https://api.github.com core aaaaaaaa: 41 until {soon:%H:%M:%S} UTC",
        f"https://api.github.com aaaaaaaa: nothing before {soon:%H:%M:%S} UTC",
        f"https://api.github.com graphql aaaaaaaa: 9 until {soon:%H:%M:%S} UTC",
        "more than 7 days ago",
    ):
        assert said in page, said
    labels = 'owner="aaaaaaaa",resource="{}",source="https://api.github.com"'
    for resource, left in {"core": 41.0, "all": 0.0, "graphql": 9.0}.items():
        assert f"bdc_quota_remaining{{{labels.format(resource)}}} {left}" in text
    assert 'resource="search"' not in text
    assert re.search(r"bdc_database_bytes \d", text)
    compared = '{collector="tracker",source="main",stream="issues"}'
    assert f"bdc_completeness_ratio{compared} 0.75" in text
    assert f"bdc_repairs_waiting{compared} 1.0" in text


def test_a_waiting_run_says_until_when(platform: Platform) -> None:
    source = Source("scripted", "waits")
    with SourceLock(platform.database, source):
        with platform.database.transaction() as session:
            start = platform.now() - HOUR
            run = start_run(session, source, parameters={}, flow_run_id=None, now=start)
            until = platform.now() + HOUR
            note_activity(session, run, "waiting for quota", now=start, waits_until=until)
        page = platform.get("/").text
        assert f"waiting until {until:%H:%M:%S} UTC" in page
        (told,) = platform.health()[1]["checks"]["runs"]
        assert (told["state"], told["waits_until"]) == ("waiting", until.isoformat())


def test_answers_hold_no_script_and_nothing_from_elsewhere(platform: Platform) -> None:
    answer = platform.get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?!http://ui)[^"]*//', answer.text)


def test_while_it_serves_it_answers_from_its_last_look(platform: Platform) -> None:
    platform.collected(HOUR)
    looks: list[datetime] = []

    def counted(observe: Callable[[], Snapshot]) -> Callable[[], Snapshot]:
        def look() -> Snapshot:
            looks.append(platform.now())
            return observe()

        return look

    observe = Observer(
        platform.database,
        platform.prefect,
        platform.schedule,
        POOL,
        platform.settings,
        platform.now,
    )
    service = StatusService(Watcher(counted(observe), 3600), platform.settings, platform.now)
    with serving(make_app(service)) as client:
        assert [client.get("/health/").status_code for _ in range(3)] == [200, 200, 200]
    assert len(looks) == 1


def test_a_watcher_that_stopped_looking_is_unhealthy(platform: Platform) -> None:
    platform.collected(HOUR)
    observe = Observer(
        platform.database,
        platform.prefect,
        platform.schedule,
        POOL,
        platform.settings,
        platform.now,
    )

    def in_two_minutes() -> datetime:
        return platform.now() + timedelta(minutes=2)

    service = StatusService(Watcher(observe, 3600), platform.settings, in_two_minutes)
    with serving(make_app(service)) as client:
        answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"]["collector_meta"]["error"] == "observer_stalled"


def test_a_watcher_looks_again_and_again(platform: Platform) -> None:
    observe = Observer(
        platform.database,
        platform.prefect,
        platform.schedule,
        POOL,
        platform.settings,
        platform.now,
    )
    watcher = Watcher(observe, 0.01)
    watcher.start()
    first = watcher.latest().at
    while watcher.latest().at == first:
        pass
    watcher.stop()
    assert watcher.latest().at > first
