"""Grafana's dashboards ask for what there is: metrics, tables, columns, data sources."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.status.metrics import families
from deployments.status.observing import Snapshot
from services.database import Database, read_rows
from services.growth.services import Growth
from services.health.facts import Facts
from services.health.settings import HealthSettings
from tests.support.local_stack import ROOT

GRAFANA = ROOT / "deployments" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Grafana puts a condition on the time in its place.
TIME_FILTER = re.compile(r"\$__timeFilter\((\w+)\)")


def panels(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["panels"]
    return found


def asked(field: str) -> Iterator[str]:
    for path in DASHBOARDS:
        for panel in panels(path):
            yield from (target[field] for target in panel["targets"] if field in target)


def test_every_metric_that_is_asked_for_is_one_of_ours() -> None:
    facts = Facts([], [], [], [], {}, {}, [], {}, {}, [], Growth(0, None, None, {}))
    snapshot = Snapshot(NOW, 1, facts, (), (), (), (), {}, {})
    ours = {family.name for family in families(snapshot, HealthSettings(), NOW)}
    shown = {name for text in asked("expr") for name in re.findall(r"bdc_\w+", text)}
    assert shown == ours


@pytest.mark.parametrize("query", list(asked("rawSql")), ids=lambda text: text.split("\n")[0][:60])
def test_every_query_runs_on_our_tables(database: Database, query: str) -> None:
    assert read_rows(database, TIME_FILTER.sub(r"\1 > now() - interval '7 days'", query)) == []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_do_not_overlap_and_read_from_a_source_that_is_provisioned(path: Path) -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/bdc.yaml").read_text())
    known = {(one["type"], one["uid"]) for one in sources["datasources"]}
    taken: set[tuple[int, int]] = set()
    for panel in panels(path):
        read_from = [panel["datasource"], *(one["datasource"] for one in panel["targets"])]
        assert {(one["type"], one["uid"]) for one in read_from} <= known
        at = panel["gridPos"]
        place = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not place & taken
        assert max(x for x, _ in place) < 24
        taken |= place
    assert len({panel["id"] for panel in panels(path)}) == len(panels(path))


def test_what_the_compose_file_mounts_is_where_grafana_is_told_to_look() -> None:
    compose = yaml.safe_load((ROOT / "deployments/docker/compose.production.yaml").read_text())
    mounts = compose["services"]["grafana"]["volumes"]
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/bdc.yaml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    assert f"../grafana/dashboards:{folder}:ro" in mounts
