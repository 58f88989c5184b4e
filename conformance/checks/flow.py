"""What only a real Prefect server shows: a dry run leaves no trace, a secret is told to nobody."""

import json
from collections.abc import Mapping
from pathlib import Path

from conformance.bench import Bench, Check, Line
from conformance.contents import raw_rows, row_versions
from conformance.prefect_runs import FlowRun, left_in_prefect, run_flow
from conformance.promises import require, require_equal
from conformance.replay.messages import Answer, Asked, json_answer
from conformance.secrets import files_below, places_with, plant
from conformance.subject import NotApplicable, World

FEW = 10


def dry_run(bench: Bench) -> None:
    """A dry run, the first or a later one, writes nothing: no row, no file, no event, no summary."""
    with bench.world(FEW) as world, bench.line(world) as line:
        run = _rehearse(bench, line)
        require("inserted=0" not in run.message, f"it would store records, but says {run.message}")
        line.run_well()
        _move_on(world)
        _rehearse(bench, line)
        line.run_well()
        line.require_same(bench.undisturbed(world), "after dry runs")


def _rehearse(bench: Bench, line: Line) -> FlowRun:
    rows, files = row_versions(line.url, with_ledger=True), _files(line.home)
    run = run_flow(bench, line, {}, dry_run=True)
    require_equal(run.state, "DryRun", f"a dry run ended with {run.message!r}; state")
    after = row_versions(line.url, with_ledger=True)
    written = [name for name in after if after[name] != rows[name]]
    require(not written, f"a dry run wrote to {', '.join(written)}")
    require_equal(_files(line.home), files, "the files of the workspace")
    _require_nothing_told(bench, run)
    return run


def _move_on(world: World) -> None:
    """The source has something new."""
    try:
        world.change(1)
    except NotApplicable:
        world.fill(2 * FEW)


def _require_nothing_told(bench: Bench, run: FlowRun) -> None:
    """Its flow run and how far it is are Prefect's business; that a run ended would be ours."""
    left = left_in_prefect(bench, run)
    events = [one["event"] for one in left["events"] if one["event"].startswith("collector.")]
    require(not events, f"a dry run told of {', '.join(events)}")
    summaries = [one["key"] for one in left["artifacts"] if one["type"] != "progress"]
    require(not summaries, f"a dry run left {', '.join(summaries)}")


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Path, size and time of each."""
    found = {path: path.stat() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {str(path): (facts.st_size, facts.st_mtime_ns) for path, facts in found.items()}


def secrets(bench: Bench) -> None:
    """Credentials show nowhere: terminal, Prefect, tables, workspace, arguments of programs.

    In a run that goes well, and in one whose source answers with what it was sent.
    """
    with bench.world(FEW) as world, bench.line(world) as line:
        planted, canaries = plant(bench.room.package, line.url)
        _require_silence(bench, line, planted, canaries)
        if world.server is not None:
            world.server.script.by_chance(0, 1.0, _echo)
            _require_silence(bench, line, planted, canaries)


def _require_silence(
    bench: Bench, line: Line, planted: Mapping[str, str], canaries: list[str]
) -> None:
    run = run_flow(bench, line, planted)
    seen = {
        "the terminal": run.output.encode(),
        "arguments of programs": "\n".join(run.programs).encode(),
        "Prefect": json.dumps(left_in_prefect(bench, run)).encode(),
        "the tables": raw_rows(line.url).encode(),
        "the workspace": files_below(line.home),
    }
    places = places_with(canaries, seen)
    require(not places, f"a secret shows in {', '.join(places)}; the run: {run.state}")


def _echo(asked: Asked, usual: Answer) -> Answer:
    """As servers do that explain what they cannot understand."""
    del usual
    sent = asked.headers.get("authorization", "none")
    text = f"cannot read {asked.target} with the header Authorization: {sent}"
    return json_answer({"message": text}, 400)


CHECKS: Mapping[str, Check] = {"dry-run": dry_run, "secrets": secrets}
