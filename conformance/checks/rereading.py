"""What is read again, in another order, or while it changes, ends in the same tables."""

import json
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import text

from conformance.bench import Bench, Check, Line, require_server, spread
from conformance.contents import KEPT_BESIDE, records_in, row_versions, written_since
from conformance.promises import require, require_equal
from conformance.replay.faults import Fault
from conformance.replay.messages import Answer, Asked
from conformance.replay.server import ReplayServer
from conformance.subject import NotApplicable, World

SEED = 7
TEN_YEARS = 10
# At so many requests, and at so many commits; each is a world and three runs.
MOST_CHANGES = 8
Rearranged = Callable[[list[Any]], list[Any]]
Planned = Callable[[World, Callable[[], None]], Callable[[str], None]]


def same_input_twice(bench: Bench) -> None:
    """A second run on the same input writes nothing: no row has another version afterwards.

    Neither does a third, for which the positions were forgotten, so that it reads all of it again.
    """
    with bench.world() as world, bench.line(world) as line:
        line.run_well()
        require_nothing_written(line, "a second run on the same input")
        _forget_positions(line)
        require_nothing_written(line, "reading all of it again", but=KEPT_BESIDE)


def require_nothing_written(line: Line, what: str, but: frozenset[str] = frozenset()) -> None:
    """One more run, and no row of any table is touched, `but` of these."""
    before = row_versions(line.url)
    outcome = line.run()
    is_well = outcome.status != "failed" or outcome.result.stored_nothing
    require(is_well, f"{what} failed: {outcome}")
    written = outcome.result.written
    require_equal((written.inserted, written.updated), (0, 0), f"{what} counts what it wrote")
    touched = set(written_since(before, row_versions(line.url))) - but
    require(not touched, f"{what} wrote to {', '.join(sorted(touched))}")


def _forget_positions(line: Line) -> None:
    """Cursors, and what is known of the versions of pages."""
    with line.transaction() as session:
        session.execute(text("delete from collector_cursor"))
        session.execute(text("delete from http_validator"))


def pages_shuffled(bench: Bench) -> None:
    """Records in another order make the same tables."""
    _rearranged(bench, _shuffled)


def pages_repeated(bench: Bench) -> None:
    """Records that are delivered twice, as when they move between pages, make the same tables."""
    _rearranged(bench, lambda items: items * 2)


def _shuffled(items: list[Any]) -> list[Any]:
    return random.Random(SEED).sample(items, len(items))  # noqa: S311 - not for secrets


def _rearranged(bench: Bench, arrange: Rearranged) -> None:
    with bench.world() as world:
        server = require_server(world)
        wanted = bench.undisturbed(world)
        met: list[int] = []
        server.script.by_chance(SEED, 1.0, _rearranging(arrange, met))
        with bench.line(world) as line:
            line.run_well()
            if not met:
                raise NotApplicable("no answer of the source is a list in JSON")
            line.require_same(wanted, "rearranged")


def _rearranging(arrange: Rearranged, met: list[int]) -> Fault:
    """Every list that an answer is, or holds at its top."""

    def fault(_: Asked, usual: Answer) -> Answer:
        content = _json(usual)
        if isinstance(content, list):
            arranged: Any = arrange(content)
        elif isinstance(content, dict):
            arranged = {k: arrange(v) if isinstance(v, list) else v for k, v in content.items()}
        else:
            return usual
        met.append(1)
        return Answer(usual.status, usual.headers, json.dumps(arranged).encode())

    return fault


def _json(answer: Answer) -> Any:
    if "json" not in answer.headers.get("content-type", ""):
        return None
    return json.loads(answer.body)


def changed_during_run(bench: Bench) -> None:
    """A record that changes while a run reads is, after the next run, stored as it is then.

    Changed at a request, once its answer is made, or at a commit: at each of them, or of more than
    `MOST_CHANGES` at that many, spread evenly.
    """
    with bench.world() as world, bench.line(world) as line:
        commits = _commits(line)
        requests = _requests(world.server)
    for commit in spread(range(1, commits + 1), MOST_CHANGES):
        _change_at(bench, partial(_at_commit, at=commit))
    for request in spread(range(1, requests + 1), MOST_CHANGES):
        _change_at(bench, partial(_at_request, at=request))


def _change_at(bench: Bench, planned: Planned) -> None:
    with bench.world() as world, bench.line(world) as line:
        on_step = planned(world, lambda: _change_both_ends(world))
        line.run_well(on_step)
        line.run_well()
        line.require_same(
            bench.undisturbed(world), "after a change during the run and one more run"
        )


def _change_both_ends(world: World) -> None:
    """The record that was read first and the one that is read last."""
    world.change(0)
    world.change(1)


def _at_commit(_: World, changing: Callable[[], None], *, at: int) -> Callable[[str], None]:
    left = [at]

    def on_step(step: str) -> None:
        left[0] -= step == "after commit"
        if left[0] == 0:
            left[0] = -1
            changing()

    return on_step


def _at_request(world: World, changing: Callable[[], None], *, at: int) -> Callable[[str], None]:
    def fault(_: Asked, usual: Answer) -> Answer:
        changing()
        return usual

    require_server(world).script.at(at, fault)
    return lambda _: None


def _commits(line: Line) -> int:
    """How many a run makes before it ends; the last one closes the ledger."""
    seen: list[str] = []
    line.run_well(seen.append)
    return seen.count("after commit") - 1


def _requests(server: ReplayServer | None) -> int:
    return len(server.traffic.requests) if server else 0


def deleted_at_source(bench: Bench) -> None:
    """A record that is gone from the source is gone from the tables, or its row says so."""
    with bench.world(10) as world, bench.line(world) as line:
        line.run_well()
        before = records_in(line.contents)
        world.delete(4)
        line.run_well()
        after = records_in(line.contents)
        kept = {name: rows & after.get(name, type(rows)()) for name, rows in before.items()}
        changed = sum((before[name] - kept[name]).total() for name in before)
        require(changed > 0, "no row tells that the source has deleted a record")
        require(any(rows for rows in kept.values()), "what was not deleted is gone as well")
        require_nothing_written(line, "a run after the one that saw the deletion")


def future_cursor(bench: Bench) -> None:
    """A position in the future yields nothing, loses nothing, and does not stay there."""
    with bench.world() as world, bench.line(world) as line:
        line.run_well()
        wanted = records_in(line.contents)
        if not _move_cursors_ahead(line):
            raise NotApplicable("the positions of this source hold no time")
        line.run_well()
        require_equal(records_in(line.contents) == wanted, True, "nothing was stored or lost")
        world.change(2)
        line.run_well()
        line.require_same(bench.undisturbed(world), "after a cursor in the future and a change")


def _move_cursors_ahead(line: Line) -> bool:
    """Whether there was a time in any of them."""
    moved = False
    with line.transaction() as session:
        rows = session.execute(text("select stream, value from collector_cursor")).all()
        for stream, value in rows:
            ahead = _ahead(value)
            moved = moved or ahead != value
            session.execute(
                text("update collector_cursor set value = cast(:v as jsonb) where stream = :s"),
                {"v": json.dumps(ahead), "s": stream},
            )
    return moved


def _ahead(value: Any) -> Any:
    """Times in ISO form, ten years later."""
    match value:
        case dict():
            return {name: _ahead(item) for name, item in value.items()}
        case list():
            return [_ahead(item) for item in value]
        case str() if value[:4].isdecimal() and value[4:5] == "-":
            return f"{int(value[:4]) + TEN_YEARS}{value[4:]}"
    return value


CHECKS: Mapping[str, Check] = {
    "same-input-twice": same_input_twice,
    "pages-shuffled": pages_shuffled,
    "pages-repeated": pages_repeated,
    "changed-during-run": changed_during_run,
    "deleted-at-source": deleted_at_source,
    "future-cursor": future_cursor,
}
