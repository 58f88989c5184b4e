"""The hooks: send what waits, kind by kind."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from collectors import AbstractCollector
from services.errors import CollectorError, CollectorFailureCategory
from services.outbox import services
from services.outbox.draining import LatestOutlet, Outlet, drain
from services.runs.result import CollectResult
from services.runs.run import Run
from services.upsert import Written


class StillWaiting(CollectorError):
    """Messages wait because sending them has failed before, and their next attempt is not due yet."""

    def __init__(self, kind: str, failing: services.Failing) -> None:
        self.category = CollectorFailureCategory(failing.category)
        super().__init__(
            f"{failing.messages} messages of {kind} wait, to be tried again after "
            f"{failing.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC: {failing.error}"
        )


class Outbox(AbstractCollector):
    """Sends through `outlets`; messages of a kind without one wait until there is one."""

    name: ClassVar[str] = "outbox"

    def __init__(
        self, outlets: Sequence[Outlet | LatestOutlet], now: Callable[[], datetime]
    ) -> None:
        self._outlets = {outlet.kind: outlet for outlet in outlets}
        self._now = now

    @property
    def source_key(self) -> str:
        """There is one outbox."""
        return "outbox"

    def validate_config(self) -> None:
        """Nothing: outlets are checked when they are made."""

    def collect(self, run: Run) -> CollectResult:
        """Send everything that may be sent now; one receiver that fails holds up no other.

        Raises:
            CollectorError: sending failed, now or before, and what failed still waits. The first
                failure, where several kinds failed.
        """
        self._say_what_waits(run)
        if run.is_dry:
            return run.result
        failures = list(filter(None, [self._try(run, one) for one in self._outlets.values()]))
        if failures:
            raise failures[0]
        return run.result

    def _try(self, run: Run, outlet: Outlet | LatestOutlet) -> CollectorError | None:
        try:
            self._drain(run, outlet)
        except CollectorError as error:
            run.progress.say(f"messages of {outlet.kind} wait: {error}")
            return error
        return None

    def _say_what_waits(self, run: Run) -> None:
        with run.transaction() as session:
            backlogs = services.backlogs(session)
        for one in backlogs:
            off = "" if one.kind in self._outlets else ", and wait on: sending them is off"
            run.progress.say(f"{one.waiting} messages of {one.kind} wait{off}")

    def _drain(self, run: Run, outlet: Outlet | LatestOutlet) -> None:
        for sent in drain(run.transaction, outlet, self._now):
            run.add(CollectResult(sent, tables={"outbox": Written(updated=sent)}))
        with run.transaction() as session:
            failing = services.failing(session, outlet.kind)
        if failing:
            raise StillWaiting(outlet.kind, failing)
