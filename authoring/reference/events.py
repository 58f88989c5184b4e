"""The page of events: what runs, batches, releases and alerts tell Prefect, for automations."""

from collections.abc import Mapping
from pathlib import Path

from authoring.reference.markdown import code, document, table
from deployments.generate import RELEASE_EVENT
from deployments.status import alerting

_RUN = "run_id, flow_run_id, collector, source_key, phase, status, category, error, counts"
_BATCH = "flow_run_id, state, tasks"
_ALERT = "subject, body, text, next, runbook, collector, source_key, group, category, phase, counts, page"
# Name: when it is emitted, and what its payload holds.
EVENTS: Mapping[str, tuple[str, str]] = {
    "collector.run.completed": ("A run has stored everything that it fetched.", _RUN),
    "collector.run.partial": ("A run has set some records aside and stored the others.", _RUN),
    "collector.run.failed": ("A run has failed; `category` says why.", _RUN),
    "collector.run.interrupted": (
        "A run was asked to stop: in the UI, by SIGTERM or Ctrl-C.",
        _RUN,
    ),
    "collector.group.succeeded": ("A batch has ended, and no task of it has failed.", _BATCH),
    "collector.group.failed": ("A batch has ended, and a task of it has failed.", _BATCH),
    RELEASE_EVENT: ("Releases are noticed that no event has told of yet.", "project, tags"),
    "collector.alert.opened": ("Something is wrong that was not.", _ALERT),
    "collector.alert.repeated": ("It still is, after `ALERT_REPEAT_HOURS`.", _ALERT),
    "collector.alert.resolved": ("It is over.", _ALERT),
    alerting.ANNOUNCED: ("A deployment was announced: `bdc deploy announce`.", "subject, body"),
}


def events_page(_: Path) -> str:
    """One line for each event."""
    rows = [(code(name), when, _names(payload)) for name, (when, payload) in EVENTS.items()]
    return document(
        "# Events",
        "In Prefect's event feed, and what its automations may wait for. "
        "A run that was killed emits nothing: it is told as an [alert](../alerts.md).",
        table(["event", "when", "payload"], rows),
        "The resource of a run's event is `collector.<collector>` with the label "
        "`collector.source-key`; of a batch's `collector.group.<group>`; of a release's "
        "`release.<project>`; of an alert's `collector.alert.<number>` with `alert.kind`, "
        "`alert.collector` and `alert.group`.",
    )


def _names(payload: str) -> str:
    return ", ".join(code(name) for name in payload.split(", "))
