"""The status page and a run in Prefect's UI as people see them, in a real browser."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest

from deployments.status.app import StatusService, make_app
from deployments.status.observing import Observer, Watcher
from services.database import Database
from services.health.settings import HealthSettings
from services.runs.lock import SourceLock
from services.runs.services import Ending, SetAside, Source, finish_run, set_aside, start_run
from tests.support.browser import CHROMIUM, Page, browsing
from tests.support.serving import serving

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed"),
]
SCHEDULE = """\
groups:
  github:
    default_time: "04:30"
    tasks:
      - {collector: github_activity_tracker, schedule: daily, parameters: {repository: boostorg/asio}}
      - {collector: wg21_paper_tracker, schedule: weekly, on: monday}
"""
# Every text against the page's ground: https://www.w3.org/TR/WCAG22/#contrast-minimum
FAINT = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(parse(getComputedStyle(document.body).backgroundColor));
  return [...document.querySelectorAll("body *")]
    .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .filter((one) => {
      const text = light(parse(getComputedStyle(one).color));
      return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05) < 4.5;
    })
    .map((one) => one.outerHTML.slice(0, 80));
})()
"""
UNLABELLED = """
[...document.querySelectorAll("section, [role=region]")]
  .filter((one) => !document.getElementById(one.getAttribute("aria-labelledby")))
  .concat([...document.querySelectorAll("th:not([scope]), svg:not([aria-label]), img:not([alt])")])
  .map((one) => one.outerHTML.slice(0, 80))
"""
ELSEWHERE = """
performance.getEntriesByType("resource").map((one) => one.name)
  .filter((name) => !name.startsWith(location.origin) && !name.startsWith("data:"))
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing() as tab:
        yield tab


@pytest.fixture
def address(database: Database, tmp_path: Path) -> Iterator[str]:
    """A service that has something of everything to show."""
    now = datetime.now(UTC)
    asio = Source("github_activity_tracker", "boostorg/asio")
    papers = Source("wg21_paper_tracker", "www.open-std.org")
    with database.transaction() as session:
        for day in range(10):
            at = now - timedelta(days=day, hours=1)
            parameters = {"repository": "boostorg/asio"}
            run = start_run(session, asio, parameters=parameters, flow_run_id=uuid4(), now=at)
            counts = {"fetched": 1000 * day, "inserted": 700 * day, "updated": 3}
            ending = Ending("completed", "sync_pinecone", counts, read_all=True)
            finish_run(session, run, ending, now=at + timedelta(seconds=75))
        run = start_run(session, papers, parameters={}, flow_run_id=uuid4(), now=now)
        words = "NotFound: " + "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2026/" * 3
        finish_run(session, run, Ending("failed", "collect", {}, "network", words), now=now)
        set_aside(session, asio, "commits", [SetAside("a", {}, "bad")], run_id=run)
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(SCHEDULE, encoding="utf-8")
    settings = HealthSettings()
    observe = Observer(database, None, schedule, "bdc", settings, lambda: datetime.now(UTC))
    service = StatusService(
        Watcher(observe, 60), settings, lambda: datetime.now(UTC), "http://127.0.0.1:1"
    )
    with SourceLock(database, Source("outbox", "outbox")):
        with database.transaction() as session:
            at = now - timedelta(hours=1)
            start_run(
                session, Source("outbox", "outbox"), parameters={}, flow_run_id=uuid4(), now=at
            )
        with serving(make_app(service)) as client:
            yield str(client.base_url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_status_page_can_be_read_at_every_width_in_light_and_dark(
    page: Page, address: str, width: int, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    page.look(width, scheme)
    page.open(address)
    assert page.tell("document.documentElement.scrollWidth <= innerWidth")
    assert page.tell(FAINT) == []
    ground = page.tell("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    place = Path(os.environ.get("BDC_SCREENSHOTS", tmp_path))
    page.screenshot(place / f"status-{width}-{scheme}.png")
    assert (place / f"status-{width}-{scheme}.png").stat().st_size > 10_000


def test_the_status_page_is_there_for_keyboards_and_screen_readers(
    page: Page, address: str
) -> None:
    page.look(360)
    page.open(address)
    assert page.tell(UNLABELLED) == []
    assert page.tell("document.querySelectorAll('h1').length") == 1
    assert page.tell("document.documentElement.lang") == "en"
    page.press_tab()
    assert page.tell("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(12):
        page.press_tab()
        reached.add(page.tell("document.activeElement.getAttribute('aria-labelledby')"))
    assert {"running", "sources", "groups"} <= reached


def test_the_status_page_asks_nobody_else_for_anything(page: Page, address: str) -> None:
    page.open(address)
    assert page.tell(ELSEWHERE) == []
    assert page.tell("document.scripts.length") == 0
