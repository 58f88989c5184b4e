"""What became of the tasks of a batch, and what the batch as a whole says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect import State
from prefect.states import Completed, Failed

from services.redaction import redact

# What the lifecycle calls a run that did its work, whole or with some records set aside.
SUCCEEDED = ("Completed", "Partial")
SKIPPED = "Skipped"
STILL_RUNNING = "StillRunning"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task of a batch.

    An `earlier` one was settled before this batch: it counts for what comes after it, but is none
    of this batch's doings.
    """

    collector: str
    parameters: Mapping[str, Any]
    state: str
    message: str
    occasion: str = ""
    earlier: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it did its work."""
        return self.state in SUCCEEDED

    @property
    def is_left(self) -> bool:
        """Whether it is under way elsewhere, and left to the next batch."""
        return self.state == STILL_RUNNING

    @property
    def failed(self) -> bool:
        """Whether somebody should look at it."""
        return not (self.succeeded or self.is_left)

    @property
    def row(self) -> dict[str, str]:
        """A line of the batch's summary."""
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return {
            "collector": self.collector,
            "parameters": redact(parameters),
            "occasion": self.occasion,
            "state": self.state,
            "message": self.message,
        }


class BatchFailed(Exception):
    """Some task of a batch did not succeed."""

    def __init__(self, message: str, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes
        super().__init__(message)

    @property
    def exit_code(self) -> int:
        """That of the last failure: 2 for what the operator must mend, else 1."""
        last = [outcome for outcome in self.outcomes if outcome.failed][-1]
        return 2 if last.state == "ConfigError" else 1


def state_of(outcomes: list[Outcome]) -> State[Any]:
    """Failed when a task failed or was skipped; the message names each of them."""
    bad = [outcome for outcome in outcomes if outcome.failed]
    if bad:
        message = f"{len(bad)} of {len(outcomes)} did not succeed: {_named(bad)}"
        return Failed(message=message, data=BatchFailed(message, outcomes))
    if not outcomes:
        return Completed(name="NothingDue", message="nothing is due")
    left = [outcome for outcome in outcomes if outcome.is_left]
    message = f"{len(outcomes) - len(left)} completed"
    message += f"; left to the next batch: {_named(left)}" if left else ""
    is_partial = left or any(outcome.state == "Partial" for outcome in outcomes)
    return Completed(name="Partial" if is_partial else None, message=message, data=outcomes)


def status_of(outcomes: Sequence[Outcome]) -> str:
    """The same for the batch's row, where leaving something is what the next batch must know."""
    if any(outcome.is_left for outcome in outcomes):
        return "incomplete"
    if any(outcome.failed for outcome in outcomes):
        return "failed"
    return "partial" if any(outcome.state == "Partial" for outcome in outcomes) else "completed"


def _named(outcomes: Sequence[Outcome]) -> str:
    return "; ".join(f"{outcome.collector}: {outcome.message}" for outcome in outcomes)
