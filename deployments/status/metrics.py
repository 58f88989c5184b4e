"""The snapshot for Prometheus. Counts of the ledger are gauges: retention makes them fall."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deployments.status.observing import Snapshot
from deployments.status.verdict import is_healthy, problems
from services.health.settings import HealthSettings

SOURCE = ("collector", "source")
KINDS = ("fetched", "inserted", "updated", "unchanged", "quarantined")


def exposition(snapshot: Snapshot, settings: HealthSettings, now: datetime) -> bytes:
    """The text that Prometheus reads, version 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FromSnapshot(lambda: families(snapshot, settings, now)))
    return generate_latest(registry)


class _FromSnapshot(Collector):
    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Everything, once a scrape."""
        return self._families()


def families(snapshot: Snapshot, settings: HealthSettings, now: datetime) -> Iterator[Metric]:
    """Each metric with its help and labels; what could not be seen is left out, not 0."""
    healthy = is_healthy(problems(snapshot, settings, now))
    yield GaugeMetricFamily("bdc_healthy", "1 when /health/ answers 200.", value=float(healthy))
    seen = snapshot.at.timestamp()
    yield GaugeMetricFamily(
        "bdc_checked_timestamp_seconds", "When everything was last looked at.", value=seen
    )
    yield from _of_prefect(snapshot)
    yield from _of_freshness(snapshot)
    yield from _of_runs(snapshot, settings)
    yield from _of_backlogs(snapshot)
    yield from _of_index(snapshot)
    yield from _of_completeness(snapshot)
    yield from _of_quotas(snapshot)
    if snapshot.facts is not None:
        size = snapshot.facts.growth.bytes
        yield GaugeMetricFamily("bdc_database_bytes", "What our database takes.", value=size)


def _of_prefect(snapshot: Snapshot) -> Iterator[Metric]:
    if snapshot.workers is not None:
        count = len(snapshot.workers)
        yield GaugeMetricFamily("bdc_workers_online", "Workers of our pool.", value=count)
    if snapshot.unscheduled is not None:
        text = "Active deployments that have no next run."
        count = len(snapshot.unscheduled)
        yield GaugeMetricFamily("bdc_deployments_without_next_run", text, value=count)


def _of_freshness(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("group", "collector", "source", "cadence")
    age = GaugeMetricFamily(
        "bdc_data_age_seconds", "Age of the data; none when there is none yet.", labels=labels
    )
    stale = GaugeMetricFamily(
        "bdc_data_stale", "1 when the data is older than the schedule promises.", labels=labels
    )
    for one in snapshot.freshness or ():
        source = one.source.source_key if one.source else ""
        values = [one.promise.group, one.promise.collector, source, one.promise.cadence]
        if one.data_through is not None:
            age.add_metric(values, (snapshot.at - one.data_through).total_seconds())
        stale.add_metric(values, float(one.is_broken))
    yield age
    yield stale


def _of_runs(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Metric]:
    if snapshot.facts is None:
        return
    ended = GaugeMetricFamily(
        "bdc_runs_last_day", "Runs that ended in the last 24 hours.", labels=("collector", "status")
    )
    for (collector, status), count in snapshot.facts.endings.items():
        ended.add_metric([collector, status], count)
    took = GaugeMetricFamily("bdc_run_duration_seconds", "Of the last run.", labels=SOURCE)
    rows = GaugeMetricFamily("bdc_run_records", "Of the last run.", labels=(*SOURCE, "kind"))
    for run in snapshot.last_runs():
        source = [run.source.collector, run.source.source_key]
        if run.took is not None:
            took.add_metric(source, run.took.total_seconds())
        for kind in KINDS:
            rows.add_metric([*source, kind], run.counts.get(kind, 0))
    running = GaugeMetricFamily(
        "bdc_run_state",
        "1 for each run under way: working, waiting, stuck or dead.",
        labels=(*SOURCE, "state"),
    )
    for activity, state in snapshot.running(timedelta(minutes=settings.stuck_minutes)):
        source = [activity.run.source.collector, activity.run.source.source_key]
        running.add_metric([*source, state], 1)
    yield from (ended, took, rows, running)


def _of_backlogs(snapshot: Snapshot) -> Iterator[Metric]:
    if snapshot.facts is None:
        return
    letters = GaugeMetricFamily("bdc_dead_letters", "Records that are set aside.", labels=SOURCE)
    for source, count in snapshot.facts.dead_letters.items():
        letters.add_metric([source.collector, source.source_key], count)
    waiting = GaugeMetricFamily("bdc_outbox_waiting", "Messages not sent yet.", labels=("kind",))
    oldest = GaugeMetricFamily(
        "bdc_outbox_oldest_seconds", "Age of the oldest of them.", labels=("kind",)
    )
    for backlog in snapshot.facts.outbox:
        waiting.add_metric([backlog.kind], backlog.waiting)
        oldest.add_metric([backlog.kind], (snapshot.at - backlog.oldest).total_seconds())
    yield from (letters, waiting, oldest)


def _of_index(snapshot: Snapshot) -> Iterator[Metric]:
    if snapshot.facts is None or snapshot.facts.index is None:
        return
    labels = ("collector",)
    waiting = GaugeMetricFamily(
        "bdc_index_waiting",
        "Documents whose change the search index has not heard of.",
        labels=labels,
    )
    oldest = GaugeMetricFamily(
        "bdc_index_oldest_seconds", "Age of the oldest of these changes.", labels=labels
    )
    for lag in snapshot.facts.index:
        waiting.add_metric([lag.collector], lag.documents)
        oldest.add_metric([lag.collector], (snapshot.at - lag.oldest).total_seconds())
    yield from (waiting, oldest)


def _of_completeness(snapshot: Snapshot) -> Iterator[Metric]:
    if snapshot.facts is None:
        return
    labels = (*SOURCE, "stream")
    ratio = GaugeMetricFamily(
        "bdc_completeness_ratio", "Of what the source has is here, when compared.", labels=labels
    )
    age = GaugeMetricFamily(
        "bdc_completeness_age_seconds", "Since the stream was compared.", labels=labels
    )
    repairs = GaugeMetricFamily(
        "bdc_repairs_waiting", "Gaps that the next run repairs.", labels=labels
    )
    for one in snapshot.facts.compared:
        stream = [one.collector, one.source_key, one.stream]
        ratio.add_metric(stream, one.completeness)
        age.add_metric(stream, (snapshot.at - one.compared_at).total_seconds())
        repairs.add_metric(stream, one.repairs)
    yield from (ratio, age, repairs)


def _of_quotas(snapshot: Snapshot) -> Iterator[Metric]:
    """One that is closed has nothing left, whatever was counted."""
    labels = ("source", "owner", "resource")
    left = GaugeMetricFamily("bdc_quota_remaining", "Requests left.", labels=labels)
    resets = GaugeMetricFamily(
        "bdc_quota_reset_seconds", "Until it is filled again or opened.", labels=labels
    )
    for one in snapshot.quotas():
        values = [one.source, one.owner, one.resource or "all"]
        if one.closed_until is not None:
            left.add_metric(values, 0)
        elif one.remaining is not None:
            left.add_metric(values, one.remaining)
        ends = [moment for moment in (one.resets_at, one.closed_until) if moment is not None]
        resets.add_metric(values, (max(ends) - snapshot.at).total_seconds())
    if snapshot.facts is not None:
        yield from (left, resets)
