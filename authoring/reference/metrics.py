"""The page of metrics: what `/metrics` answers, in the words of its own help lines."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from authoring.reference.markdown import code, document, table
from deployments.status.metrics import families
from deployments.status.observing import Snapshot
from services.growth.services import Growth
from services.health.facts import Facts
from services.health.settings import HealthSettings

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def metrics_page(_: Path) -> str:
    """One line for each metric, by name."""
    rows = [
        (
            code(metric.name),
            metric.type,
            ", ".join(map(code, _labels(metric))),
            metric.documentation,
        )
        for metric in sorted(all_metrics(), key=lambda metric: metric.name)
    ]
    return document(
        "# Metrics",
        "What `bdc serve` answers at `/metrics`, for Prometheus: [how to read it](../status.md#metrics).",
        table(["metric", "type", "labels", "meaning"], rows),
    )


def all_metrics() -> list[Metric]:
    """Every one that there can be: those of a look that has seen everything, and nothing in it."""
    nothing: Any = {}
    known = {field.name: nothing for field in fields(Facts)}
    facts = Facts(**{**known, "growth": Growth(0, None, None, nothing)})
    seen: dict[str, Any] = {field.name: nothing for field in fields(Snapshot)}
    snapshot = Snapshot(**{**seen, "at": _NOW, "latency_ms": 1, "facts": facts})
    return list(families(snapshot, HealthSettings(), _NOW))


def _labels(metric: Metric) -> tuple[str, ...]:
    return tuple(getattr(metric, "_labelnames", ()))
