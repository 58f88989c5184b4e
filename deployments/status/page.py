"""The status page: a snapshot in words, numbers and links, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from deployments.status.observing import Snapshot
from deployments.status.promises import Freshness
from deployments.status.runbook import runbook
from deployments.status.sizes import growth_in_words
from deployments.status.verdict import is_healthy, problems
from services.health.facts import DAYS_OF_ROWS, LastRun, QuotaLeft
from services.health.settings import HealthSettings
from services.runs.services import Source

HERE = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
UNITS = (("d", 86400), ("h", 3600), ("min", 60))
# Below these, `41 s` reads better than `1 min`.
SHOWN_FROM = 2
BAR_WIDTH, BAR_HEIGHT = 6, 20


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the rows' history: its place and height in the picture, in pixels."""

    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """A source with its newest run, and what the schedule promises of it."""

    source: Source
    group: str
    cadence: str
    freshness: str
    is_broken: bool
    data_through: datetime | None
    age: str
    run: LastRun | None
    link: str | None
    dead_letters: int
    bars: Sequence[Bar]
    rows_in_words: str


@dataclass(frozen=True, slots=True)
class Running:
    """A run under way."""

    run: LastRun
    state: str
    doing: str
    quiet_for: str
    waits_until: datetime | None
    link: str | None


def status_page(
    snapshot: Snapshot, settings: HealthSettings, *, ui_url: str | None, now: datetime
) -> str:
    """The whole page; `ui_url` is where the Prefect UI is."""
    found = problems(snapshot, settings, now)
    return _ENVIRONMENT.get_template("status.html").render(
        snapshot=snapshot,
        healthy=is_healthy(found),
        problems=[(one, runbook(one, settings)) for one in found],
        rows=_rows(snapshot, ui_url),
        running=_running(snapshot, settings, ui_url),
        quotas=[quota_in_words(one) for one in snapshot.quotas()],
        growth=growth_in_words(snapshot.facts.growth) if snapshot.facts else None,
        ui_url=ui_url,
        days=DAYS_OF_ROWS,
        width=DAYS_OF_ROWS * BAR_WIDTH,
        height=BAR_HEIGHT,
    )


def span(length: timedelta | None) -> str:
    """A length of time in its largest sensible unit."""
    if length is None:
        return ""
    seconds = length.total_seconds()
    for unit, size in UNITS:
        if seconds >= SHOWN_FROM * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"


def quota_in_words(quota: QuotaLeft) -> str:
    """Whose it is, what is left, and until when that counts."""
    of = " ".join(filter(None, (quota.source, quota.resource, quota.owner)))
    moment = quota.closed_until or quota.resets_at
    until = f"{moment:%H:%M:%S} UTC" if moment else ""
    if quota.closed_until is not None:
        return f"{of}: nothing before {until}"
    return f"{of}: {quota.remaining} until {until}"


def with_code(text: str) -> Markup:
    """What stands between backticks as code, the rest as it is."""
    parts = (escape(part) for part in text.split("`"))
    marked = (
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
    return Markup("").join(marked)


_ENVIRONMENT.filters.update(span=span, with_code=with_code)


def _rows(snapshot: Snapshot, ui_url: str | None) -> list[Row]:
    """First what the schedule names, in its order, then what else has run."""
    runs = {run.source: run for run in snapshot.last_runs()}
    promised = [_row(snapshot, one, runs, ui_url) for one in snapshot.freshness or ()]
    named = {row.source for row in promised}
    others = [run for source, run in runs.items() if source not in named]
    return [*promised, *(_unpromised(snapshot, run, ui_url) for run in others)]


def _row(
    snapshot: Snapshot, one: Freshness, runs: Mapping[Source, LastRun], ui_url: str | None
) -> Row:
    source = one.source or Source(one.promise.collector, "")
    run = runs.get(source)
    age = "" if one.data_through is None else span(snapshot.at - one.data_through)
    return Row(
        source,
        one.promise.group,
        one.promise.how_often,
        one.verdict,
        one.is_broken,
        one.data_through,
        age,
        run,
        run_link(ui_url, run.flow_run_id if run else None),
        _letters(snapshot, source),
        *_history(snapshot, source.collector),
    )


def _unpromised(snapshot: Snapshot, run: LastRun, ui_url: str | None) -> Row:
    return Row(
        run.source,
        "",
        "on demand",
        "no promise",
        False,
        None,
        "",
        run,
        run_link(ui_url, run.flow_run_id),
        _letters(snapshot, run.source),
        *_history(snapshot, run.source.collector),
    )


def _letters(snapshot: Snapshot, source: Source) -> int:
    return snapshot.facts.dead_letters.get(source, 0) if snapshot.facts else 0


def _history(snapshot: Snapshot, collector: str) -> tuple[list[Bar], str]:
    by_day = snapshot.facts.rows_by_day.get(collector, {}) if snapshot.facts else {}
    counts = [by_day.get(day, 0) for day in _days(snapshot.at.date())]
    most = max(counts)
    if not most:
        return [], f"no rows in {DAYS_OF_ROWS} days"
    heights = [BAR_HEIGHT * count / most for count in counts]
    bars = [
        Bar(place * BAR_WIDTH, round(BAR_HEIGHT - height, 1), round(height, 1))
        for place, height in enumerate(heights)
    ]
    return bars, f"{sum(counts):,} rows in {DAYS_OF_ROWS} days, {counts[-1]:,} today"


def _days(today: date) -> list[date]:
    return [today - timedelta(days=back) for back in reversed(range(DAYS_OF_ROWS))]


def _running(snapshot: Snapshot, settings: HealthSettings, ui_url: str | None) -> list[Running]:
    found = snapshot.running(timedelta(minutes=settings.stuck_minutes))
    return [
        Running(
            one.run,
            state,
            one.doing,
            span(snapshot.at - one.at),
            one.waits_until if state == "waiting" else None,
            run_link(ui_url, one.run.flow_run_id),
        )
        for one, state in found
    ]


def run_link(ui_url: str | None, flow_run_id: UUID | None) -> str | None:
    """The page of a flow run in the Prefect UI."""
    known = ui_url and flow_run_id
    return f"{ui_url}/runs/flow-run/{flow_run_id}" if known else None
