"""docs/status.md and docs/alerts.md name every metric, code, kind and setting, and no other."""

import re
from datetime import UTC, datetime
from pathlib import Path

from deployments.routes import load_routes
from deployments.status import observing, verdict
from deployments.status.metrics import families
from deployments.status.observing import Snapshot
from deployments.status.verdict import DEPLOYED, KINDS
from services.alerts.settings import AlertSettings
from services.growth.services import Growth
from services.health.facts import Facts
from services.health.settings import HealthSettings
from tests.support.local_stack import ROOT

PAGE = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
ALERTS = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_every_metric_is_on_the_page() -> None:
    facts = Facts([], [], [], [], {}, {}, [], {}, {}, [], Growth(0, None, None, {}))
    snapshot = Snapshot(NOW, 1, facts, (), (), (), (), {}, {})
    there = {family.name for family in families(snapshot, HealthSettings(), NOW)}
    assert set(re.findall(r"`(bdc_\w+)`", PAGE)) == there


def test_every_code_is_on_the_page() -> None:
    codes = {
        observing.DATABASE_FAILED,
        observing.WORKERS_FAILED,
        observing.SCHEDULER_FAILED,
        observing.SCHEDULE_UNAVAILABLE,
        observing.GROUPS_FAILED,
        observing.INDEX_FAILED,
        observing.NO_PREFECT,
        verdict.STALLED,
    }
    table = PAGE.split("| code under `checks` |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+_[a-z_]+)`", table)) == codes


def test_every_setting_is_on_the_page() -> None:
    names = {f"HEALTH_{name.upper()}" for name in HealthSettings.model_fields}
    assert names == set(re.findall(r"HEALTH_[A-Z_]+", PAGE))


def test_every_kind_of_alert_is_on_its_page() -> None:
    table = ALERTS.split("| kind | what is wrong |")[1].split("\n\n")[0]
    first = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert {kind for cell in first for kind in re.findall(r"`([a-z ]+)`", cell)} == {
        *KINDS,
        DEPLOYED,
    }


def test_every_setting_of_alerts_is_on_its_page() -> None:
    names = {f"ALERT_{name.upper()}" for name in AlertSettings.model_fields}
    assert names == set(re.findall(r"ALERT_[A-Z_]+", ALERTS))


def test_the_routes_of_the_page_are_routes(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", ALERTS, re.DOTALL)
    path = tmp_path / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    assert [route.name for route in load_routes(path)] == ["everything", "night", "sources"]
