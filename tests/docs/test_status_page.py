"""docs/status.md names every metric and every code that there is, and no other."""

import re
from datetime import UTC, datetime

from deployments.status import observing, verdict
from deployments.status.metrics import families
from deployments.status.observing import Snapshot
from services.health.facts import Facts
from services.health.settings import HealthSettings
from tests.support.local_stack import ROOT

PAGE = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_every_metric_is_on_the_page() -> None:
    facts = Facts([], [], [], {}, {}, [], {}, {})
    snapshot = Snapshot(NOW, 1, facts, (), (), (), (), {})
    there = {family.name for family in families(snapshot, HealthSettings(), NOW)}
    assert set(re.findall(r"`(bdc_\w+)`", PAGE)) == there


def test_every_code_is_on_the_page() -> None:
    codes = {
        observing.DATABASE_FAILED,
        observing.WORKERS_FAILED,
        observing.SCHEDULER_FAILED,
        observing.SCHEDULE_UNAVAILABLE,
        observing.NO_PREFECT,
        verdict.STALLED,
    }
    table = PAGE.split("| code under `checks` |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+_[a-z_]+)`", table)) == codes


def test_every_setting_is_on_the_page() -> None:
    names = {f"HEALTH_{name.upper()}" for name in HealthSettings.model_fields}
    assert names == set(re.findall(r"HEALTH_[A-Z_]+", PAGE))
