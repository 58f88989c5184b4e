"""A batch at work: each turn is claimed, run and settled, so that it is run once."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from flows.batch_outcomes import SKIPPED, STILL_RUNNING, SUCCEEDED, Outcome
from flows.batch_plan import Plan, Turn
from flows.child_runs import Child, create_child, find_child, is_at_work, run_child
from services.batches import services as ledger
from services.batches.services import Occasion
from services.database import Database
from services.errors import ConfigError
from services.redaction import redact

logger = logging.getLogger(__name__)
BEFORE_THE_TASK = "came before this task"
NEVER_STARTED = "its batch died before it was started"
ELSEWHERE = "another batch is running it"
NOT_OVER = "the run of an earlier batch is still at work"
# What an ending that an earlier batch has settled is called in this one.
STATE_NAMES = {"succeeded": "Completed", "failed": "Failed", "skipped": SKIPPED}


@dataclass(frozen=True)
class BatchAtWork:
    """A batch while it holds its lock; `id` is that of its flow run."""

    id: UUID
    database: Database
    client: SyncPrefectClient
    clock: Callable[[], datetime]

    def run(self, plan: Plan, *, stops: bool) -> list[Outcome]:
        """Every turn, in order; what was settled before is not among the outcomes."""
        self._settle_others(plan)
        outcomes: list[Outcome] = []
        for turn in plan.turns:
            outcomes.append(self._take(turn, outcomes, stops=stops))
        return [outcome for outcome in outcomes if not outcome.earlier]

    def _settle_others(self, plan: Plan) -> None:
        """What gets no turn: releases from before their task, and what dead batches left."""
        with self.database.transaction() as session:
            ledger.pass_over(
                session, plan.passed_over, BEFORE_THE_TASK, batch=self.id, now=self.clock()
            )
        for occasion in plan.left:
            self._close(occasion)

    def _take(self, turn: Turn, outcomes: Sequence[Outcome], *, stops: bool) -> Outcome:
        """Run it, unless something that came before speaks against it."""
        if reason := _reason_to_skip(turn, outcomes, stops=stops):
            return self._skip(turn, reason)
        if busy := next((o for o in _needed(turn, outcomes) if o.is_left), None):
            return _outcome(turn, STILL_RUNNING, f"it needs {busy.collector}, which still runs")
        return self._run_once(turn)

    def _skip(self, turn: Turn, reason: str) -> Outcome:
        """Settled without a run; one that has been settled or started before stays what it is."""
        with self.database.transaction() as session:
            skipped = ledger.skip(
                session, turn.occasion, reason, batch=self.id, redo=turn.redo, now=self.clock()
            )
        if not skipped:
            return self._run_once(turn)
        logger.warning("%s skipped: %s", turn.occasion, reason)
        return _outcome(turn, SKIPPED, f"skipped: {reason}")

    def _run_once(self, turn: Turn) -> Outcome:
        attempt = self._claim(turn, turn.redo)
        return self._not_ours(turn) if attempt is None else self._attempt(turn, attempt)

    def _claim(self, turn: Turn, redo: frozenset[str]) -> int | None:
        """The attempt that is ours: a new one, or what a dead batch had begun."""
        with self.database.transaction() as session:
            claimed = ledger.claim(
                session, turn.occasion, batch=self.id, redo=redo, now=self.clock()
            )
            return claimed or ledger.take_over(session, turn.occasion, batch=self.id)

    def _not_ours(self, turn: Turn) -> Outcome:
        with self.database.transaction() as session:
            found = ledger.get_occasion(session, turn.occasion)
        if found.status == "running":
            return _outcome(turn, STILL_RUNNING, ELSEWHERE)
        state = STATE_NAMES[found.status]
        return _outcome(turn, state, found.reason or "", earlier=True)

    def _attempt(self, turn: Turn, attempt: int) -> Outcome:
        """Run this attempt, or settle it as the run ended that a dead batch had begun."""
        try:
            run = self._run_of(turn, attempt)
        except ConfigError as error:
            return self._settled(turn, Failed(name="ConfigError", message=str(error)))
        if run.state is not None and run.state.is_final():
            return self._ended_before(turn, run.state)
        if is_at_work(run):
            return _outcome(turn, STILL_RUNNING, NOT_OVER)
        # Connections that wait for hours may not outlive a restart of the database.
        self.database.close()
        return self._settled(turn, run_child(self.client, run))

    def _run_of(self, turn: Turn, attempt: int) -> FlowRun:
        """The run of this attempt, which an earlier process may have created."""
        key = _key(turn.occasion, attempt)
        task = turn.task
        child = Child(key, task.collector, task.parameters, turn.release)
        run = find_child(self.client, key) or create_child(self.client, child)
        with self.database.transaction() as session:
            ledger.note_run(session, turn.occasion, run.id)
        return run

    def _ended_before(self, turn: Turn, state: State[Any]) -> Outcome:
        """Settled as it ended; a run that crashed has not had its turn, so it gets another."""
        outcome = self._settled(turn, state)
        attempt = self._claim(turn, turn.redo | ({"failed"} if state.is_crashed() else set()))
        return outcome if attempt is None else self._attempt(turn, attempt)

    def _settled(self, turn: Turn, state: State[Any]) -> Outcome:
        self._settle(turn.occasion, state)
        return _outcome(turn, state.name or "", state.message or "")

    def _settle(self, occasion: Occasion, state: State[Any]) -> None:
        status = "succeeded" if state.name in SUCCEEDED else "failed"
        with self.database.transaction() as session:
            ledger.settle(
                session, occasion, status, state.message or "", batch=self.id, now=self.clock()
            )

    def _close(self, occasion: Occasion) -> None:
        """Settle, by how its run ended, what a newer occasion took the place of."""
        with self.database.transaction() as session:
            attempt = ledger.take_over(session, occasion, batch=self.id)
        if attempt is None:
            return
        run = find_child(self.client, _key(occasion, attempt))
        if run is not None and is_at_work(run):
            return
        state = None if run is None else run.state
        is_over = state is not None and state.is_final()
        self._settle(occasion, state if state and is_over else Failed(message=NEVER_STARTED))


def _reason_to_skip(turn: Turn, outcomes: Sequence[Outcome], *, stops: bool) -> str:
    """Why not to run it; empty when nothing speaks against it."""
    failed = [outcome for outcome in outcomes if outcome.failed]
    if stops and failed:
        return f"{failed[0].collector} failed before it"
    needed = [outcome for outcome in _needed(turn, outcomes) if outcome.failed]
    return f"it needs {needed[0].collector}, which did not succeed" if needed else ""


def _needed(turn: Turn, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """What became of those that it needs: on the same occasion, where they had a turn for it."""
    needed = [outcome for outcome in outcomes if outcome.collector in turn.task.needs]
    same_occasion = [outcome for outcome in needed if outcome.occasion == turn.occasion.name]
    return same_occasion or needed


def _outcome(turn: Turn, state: str, message: str, *, earlier: bool = False) -> Outcome:
    collector, parameters = turn.task.collector, turn.task.parameters
    name = turn.occasion.name
    return Outcome(collector, parameters, state, redact(message), name, earlier=earlier)


def _key(occasion: Occasion, attempt: int) -> str:
    return f"{occasion}/{attempt}"
