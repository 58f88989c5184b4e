"""From what is wrong to messages: alerts are kept in the database and told as Prefect events.

Automations turn the events into notifications; see `deployments.routes`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from deployments.status.observing import Snapshot
from deployments.status.page import run_link
from deployments.status.prefect_api import PrefectApi
from deployments.status.runbook import runbook
from deployments.status.verdict import Problem, known_kinds, problems
from services.alerts.services import News, Trouble, keep_alerts, mark_told, untold
from services.alerts.settings import AlertSettings
from services.database import Database, DatabaseError
from services.health.settings import HealthSettings

logger = logging.getLogger(__name__)
RESOURCE = "collector.alert."
EVENTS = ("collector.alert.opened", "collector.alert.repeated", "collector.alert.resolved")
ANNOUNCED = "collector.alert.announced"
HEADLINES = {"opened": "", "repeated": "still: ", "resolved": "over: "}


@dataclass
class Alerting:
    """Called with every look; what cannot be kept or told now is so at a later one."""

    database: Database
    prefect: PrefectApi
    health: HealthSettings
    settings: AlertSettings
    ui_url: str | None
    now: Callable[[], datetime]

    def __call__(self, snapshot: Snapshot) -> None:
        """Keep the alerts, then tell what is untold."""
        try:
            with self.database.transaction() as session:
                keep_alerts(
                    session,
                    self._troubles(snapshot),
                    known_kinds=known_kinds(snapshot),
                    repeat_after=timedelta(hours=self.settings.repeat_hours),
                    now=snapshot.at,
                )
            self._tell()
        except (DatabaseError, httpx.HTTPError) as error:
            logger.warning("alerts wait for the next look: %s", type(error).__name__)

    def _troubles(self, snapshot: Snapshot) -> list[Trouble]:
        found = problems(snapshot, self.health, snapshot.at)
        wanted = [one for one in found if self._is_worth_a_message(one, snapshot.at)]
        return [Trouble(one.kind, one.subject, self._details(one)) for one in wanted]

    def _is_worth_a_message(self, problem: Problem, now: datetime) -> bool:
        """Not what has never been, which would be told on the first day; nor the first bad record."""
        match problem.kind:
            case "stale":
                return problem.since is not None
            case "quarantine":
                return problem.count >= self.settings.dead_letters
            case "backlog":
                longest = timedelta(hours=self.settings.backlog_hours)
                return problem.since is not None and now - problem.since >= longest
            case _:
                return True

    def _details(self, problem: Problem) -> dict[str, Any]:
        run = problem.run
        return {
            "text": problem.text,
            "next": problem.step,
            "runbook": runbook(problem, self.health),
            "collector": problem.source.collector if problem.source else "",
            "source_key": problem.source.source_key if problem.source else "",
            "group": problem.group,
            "category": run.category if run else None,
            "phase": run.phase if run else None,
            "counts": dict(run.counts) if run else {},
            "page": run_link(self.ui_url, run.flow_run_id) if run else None,
        }

    def _tell(self) -> None:
        """Message by message: what the server has taken stays told when it does not take the next."""
        while self._tell_next():
            pass

    def _tell_next(self) -> bool:
        with self.database.transaction() as session:
            news = next(untold(session), None)
            if news is not None:
                self.prefect.emit(event_of(news, self.now()))
                mark_told(session, news)
        return news is not None


def event_of(news: News, now: datetime) -> dict[str, Any]:
    """The event of Prefect's; told twice, after a death in between, it is the same one."""
    identity = f"{news.id} {news.what} {news.told_at.isoformat()}"
    details = news.details
    return {
        "id": str(uuid5(NAMESPACE_URL, f"bdc alert {identity}")),
        "occurred": now.isoformat(),
        "event": f"collector.alert.{news.what}",
        "resource": {
            "prefect.resource.id": f"{RESOURCE}{news.id}",
            "prefect.resource.name": f"{news.kind} {news.subject}",
            "alert.kind": news.kind,
            "alert.category": details.get("category") or "none",
            "alert.collector": details.get("collector") or "none",
            "alert.group": details.get("group") or "none",
        },
        "payload": {**details, "subject": _subject(news), "body": _body(news)},
    }


def _subject(news: News) -> str:
    category = news.details.get("category")
    return (
        f"{HEADLINES[news.what]}{news.subject}: {news.kind}{f' ({category})' if category else ''}"
    )


def _body(news: News) -> str:
    """A few lines; what is over needs no next step."""
    details = news.details
    since = f"since {news.opened_at:%Y-%m-%d %H:%M} UTC"
    if news.what == "resolved":
        return f"It was: {details['text']}, {since}."
    counts = " ".join(f"{name}={number}" for name, number in details["counts"].items())
    lines = [
        f"{details['text']} ({since})",
        f"group {details['group']}" if details["group"] else "",
        counts,
        f"Next: {details['next']}",
        details.get("runbook", ""),
        details["page"] or "",
    ]
    return "\n".join(filter(None, lines))
