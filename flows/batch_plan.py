"""What a batch has to do: its tasks, each with the days and releases that it is to run for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from deployments.calendar import OpenDays, is_due, task_key
from deployments.schedule import ReleaseTask, Task
from flows.batch_request import Request
from services.batches.services import Occasion, covered, left_running, statuses
from services.database import Session
from services.releases.models import Release
from services.releases.services import known_releases

ONCE: frozenset[str] = frozenset()
UNTIL_IT_SUCCEEDS = frozenset({"failed", "skipped"})
ALWAYS = frozenset({"succeeded", "failed", "skipped"})
DONE = frozenset({"succeeded", "passed over"})


@dataclass(frozen=True, slots=True)
class Turn:
    """A task and what it is to run for; `redo` are the endings after which it runs once more."""

    task: Task
    occasion: Occasion
    redo: frozenset[str]
    release: str | None = None


@dataclass(frozen=True, slots=True)
class TaskReleases:
    """What a release task is to run for, and what came before it."""

    passed_over: list[Release]
    wanted: list[Release]


@dataclass(frozen=True, slots=True)
class Plan:
    """The turns of a batch, in order, and what else it has to settle.

    `passed_over` are releases from before their task. `left` are occasions that dead batches left
    running and that get no turn: a newer one takes their place, or their task is gone.
    """

    turns: list[Turn]
    passed_over: list[Occasion]
    left: list[Occasion]


def plan_batch(session: Session, request: Request) -> Plan:
    """What to do, by what the ledger of batches says was done."""
    known = known_releases(session)
    left = left_running(session, request.name) if request.catches_up else []
    days = OpenDays(request.own_day, request.through, covered(session, request.name).tasks)
    turns: list[Turn] = []
    passed_over: list[Occasion] = []
    for task in request.tasks:
        if not isinstance(task, ReleaseTask):
            turns += _dated_turns(request, task, days, left)
            continue
        found = releases_for(known, statuses(session, request.name, task_key(task)))
        turns += _release_turns(request, task, found.wanted)
        passed_over += [_occasion(request, task, name_of(one)) for one in found.passed_over]
    taken = {str(turn.occasion) for turn in turns}
    return Plan(turns, passed_over, [one for one in left if str(one) not in taken])


def releases_for(known: Sequence[Release], statuses: Mapping[str, str]) -> TaskReleases:
    """Which releases a task is to run for, by what became of those that it had its turn for.

    `known` is sorted by project, the oldest version first. Of a project that the task has never
    met it begins with the newest release.
    """
    found = TaskReleases([], [])
    for _, releases in groupby(known, lambda release: release.project):
        each = list(releases)
        is_new = statuses.keys().isdisjoint(map(name_of, each))
        found.passed_over.extend(each[:-1] if is_new else [])
        still_open = each[-1:] if is_new else each
        found.wanted.extend(one for one in still_open if statuses.get(name_of(one)) not in DONE)
    return found


def name_of(release: Release) -> str:
    """What the occasion is called: two projects may use the same tag."""
    return f"{release.project} {release.tag}"


def _release_turns(request: Request, task: Task, releases: Sequence[Release]) -> Iterator[Turn]:
    for one in releases:
        occasion = _occasion(request, task, name_of(one))
        yield Turn(task, occasion, UNTIL_IT_SUCCEEDS, release=one.tag)


def _dated_turns(
    request: Request, task: Task, days: OpenDays, left: Sequence[Occasion]
) -> Iterator[Turn]:
    """One at most: its latest open day, else what a dead batch left of an earlier one."""
    if not request.catches_up:
        if is_due(task, request.own_day):
            yield Turn(task, _occasion(request, task, request.own_day.isoformat()), ALWAYS)
        return
    names = [found.name for found in left if found.task == task_key(task)]
    if (day := days.due_day(task)) is not None:
        names.append(day.isoformat())
    for name in names[-1:]:
        yield Turn(task, _occasion(request, task, name), ONCE)


def _occasion(request: Request, task: Task, name: str) -> Occasion:
    return Occasion(request.name, task_key(task), name, task.collector, task.parameters)
