"""One trial: what undisturbed runs store, what is stored after what struck and one clean run."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chaos.drawing import LATENCY_SECONDS, Drawn
from chaos.faults import ARRIVAL_SECONDS, JUMP, LIES, Scene, clock_environment, write_clock
from chaos.runs import (
    COMPLETED,
    REST_SECONDS,
    ask_for,
    ask_for_group,
    clear_up,
    run_cleanly,
    wait_for_rest,
)
from chaos.sources import Source, chance_of
from chaos.stand import Stand
from conformance.bench import Line
from conformance.contents import Contents, read_contents, records_in
from conformance.promises import BrokenPromise
from conformance.replay.messages import Answer, Asked

# Of the platform's own work, which a disturbed day has more of.
LEDGERS = frozenset({"schedule_batch", "schedule_occasion"})
LETTERS = "collector_dead_letter"
UNLOCK_SECONDS = 30.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended, in numbers of rows, some of which stand in `rows` as text.

    `letters` are dead letters that undisturbed runs would not have left.
    """

    drawn: Drawn
    lost: int = 0
    duplicated: int = 0
    phantom: int = 0
    letters: int = 0
    rows: Sequence[str] = ()
    recovered_in: float = 0.0
    complaints: Sequence[str] = ()

    @property
    def is_right(self) -> bool:
        """Whether nothing is lost, there twice or invented, and the clean run was clean."""
        return not (self.lost or self.duplicated or self.phantom or self.complaints)


def try_out(stand: Stand, drawn: Drawn) -> Verdict:
    """The trial; everything is put right again afterwards."""
    (verdict,) = try_each(stand, [drawn])
    return verdict


def try_each(stand: Stand, alike: Sequence[Drawn]) -> Iterator[Verdict]:
    """Trials of the same rooms with the same histories, one after the other."""
    wanted = _undisturbed(stand, alike[0])
    for drawn in alike:
        yield _tried(stand, drawn, wanted)


def _tried(stand: Stand, drawn: Drawn, wanted: Contents) -> Verdict:
    stand.come_back()
    _go_on(drawn)
    _disturb(stand, drawn)
    began, complaints = time.monotonic(), []
    if work := wait_for_rest(stand):
        complaints.append(f"nothing has moved for {REST_SECONDS:.0f} s: {', '.join(work)}")
        clear_up(stand)
    complaints += _clean(stand, drawn.sources)
    recovered = time.monotonic() - began
    verdict = _compared(drawn, wanted, read_contents(stand.tables_url))
    if verdict.letters and not drawn.has(LIES):
        complaints.append(f"{verdict.letters} dead letters, and no source has lied")
    return replace(verdict, recovered_in=recovered, complaints=complaints)


def _undisturbed(stand: Stand, drawn: Drawn) -> Contents:
    """What the tables should hold; what was collected before is kept, to begin from."""
    stand.renew()
    for source in drawn.sources:
        drawn.histories[source.room.name].begin(source.world)
        _run_quietly(stand, source)
    stand.keep()
    _go_on(drawn)
    for source in drawn.sources:
        if (end := run_cleanly(stand, source)) != COMPLETED:
            raise BrokenPromise(f"undisturbed, a run of {source.room.name} ends as {end}")
    return read_contents(stand.tables_url)


def _go_on(drawn: Drawn) -> None:
    for source in drawn.sources:
        drawn.histories[source.room.name].go_on(source.world)


def _run_quietly(stand: Stand, source: Source) -> None:
    """Without Prefect: it is the state before that matters, not the way there."""
    line = Line(source.room, source.world, stand.tables_url, stand.home)
    report = line.run_child()
    if report is None or report.outcome.status != "completed":
        raise BrokenPromise(
            f"undisturbed, a run of {source.room.name} is {report and report.outcome}"
        )


def _disturb(stand: Stand, drawn: Drawn) -> None:
    """Start the runs, let everything strike in its time, and end it all."""
    scene = Scene(stand, drawn.sources, chance_of(drawn.seed))
    for source in drawn.sources:
        _slow_down(source)
    with scene.undo:
        asked = _requests(drawn)
        _start(scene, drawn)
        if drawn.at_work:
            _wait_for_requests(drawn, asked)
        began, last = time.monotonic(), 0.0
        for blow in drawn.blows:
            _wait_until(began + blow.at)
            blow.fault.strike(scene)
            last = max(last, time.monotonic() + blow.lasts)
        _wait_until(last)
    for source in drawn.sources:
        source.heal()


def _start(scene: Scene, drawn: Drawn) -> None:
    if drawn.as_group:
        ask_for_group(scene.stand)
    elif drawn.has(JUMP):
        write_clock(scene, timedelta())
        ask_for(scene.stand, drawn.sources, clock_environment(scene))
    else:
        ask_for(scene.stand, drawn.sources, {})


def _requests(drawn: Drawn) -> int:
    return sum(source.requests for source in drawn.sources)


def _wait_for_requests(drawn: Drawn, asked: int) -> None:
    """Until a source is asked for more."""
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while _requests(drawn) <= asked:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no run is at work within {ARRIVAL_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def _slow_down(source: Source) -> None:
    """As far away as real ones: there is a middle for faults to strike in."""
    if source.world.server is not None:
        source.world.server.script.by_chance(0, 1.0, _late)


def _late(_: Asked, usual: Answer) -> Answer:
    time.sleep(LATENCY_SECONDS)
    return usual


def _clean(stand: Stand, sources: Sequence[Source]) -> list[str]:
    _wait_until_unlocked(stand)
    said = {one.room.name: run_cleanly(stand, one) for one in sources}
    return [
        f"the clean run of {name} ended as {end}" for name, end in said.items() if end != COMPLETED
    ]


def _wait_until_unlocked(stand: Stand) -> None:
    """PostgreSQL notices that a client is dead when it next hears of it."""
    deadline = time.monotonic() + UNLOCK_SECONDS
    while time.monotonic() < deadline:
        with stand.session() as reader:
            held = reader.execute(
                "select count(*) from pg_locks where locktype = 'advisory'"
                " and database = (select oid from pg_database where datname = current_database())"
            ).fetchone()
        if held == (0,):
            return
        time.sleep(LOOK_SECONDS)


def _compared(drawn: Drawn, wanted: Contents, found: Contents) -> Verdict:
    records, true = (_counted(one) for one in (found, wanted))
    missing, extra = true - records, records - true
    twice = sum(count for row, count in extra.items() if row in true)
    letters = found.get(LETTERS, Counter()) - wanted.get(LETTERS, Counter())
    return Verdict(
        drawn,
        lost=sum(missing.values()),
        duplicated=twice,
        phantom=sum(extra.values()) - twice,
        letters=sum(letters.values()),
        rows=[f"missing {row}" for row in missing] + [f"too much {row}" for row in extra],
    )


def _counted(contents: Contents) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (table, row): count
            for table, rows in records_in(contents).items()
            if table not in LEDGERS
            for row, count in rows.items()
        }
    )


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
