"""`bdc new`: a collector from the template, and one of an older template brought up to date."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from authoring.scaffold.answers import OWNER, Kind, title_of
from authoring.scaffold.generated import PAGES, PREFECT_YAML
from authoring.scaffold.install import install
from authoring.scaffold.plan import Plan, Wish, plan_room
from authoring.scaffold.room import make_room
from authoring.scaffold.upgrade import Upgrade, plan_upgrade
from cli.output import console

ROOT = Path(__file__).parent.parent
CONFLICTS = 1
# What the flow of a kind cannot run without.
FLAGS = {"git": " --repository owner/name", "files": " --folder PATH"}
Flag = Annotated[bool, Parameter(negative="")]


def new(  # noqa: PLR0913 - one for each flag
    slug: str,
    *,
    kind: Kind = "bare",
    group: str | None = None,
    owner: str = OWNER,
    title: str | None = None,
    dry_run: Flag = False,
    no_schedule: Flag = False,
    upgrade: Flag = False,
    root: Path = ROOT,
) -> int:
    """Make a collector: its room, flow, migration, tests, settings, page and schedule entry.

    Example: `bdc new my_source --kind http --dry-run`

    Nothing else needs an edit. The schedule entry is disabled until you enable it.

    Args:
        slug: Its name: lower-case letters, digits and _.
        kind: What its source is like; bare has none yet and counts its runs.
        group: Group of the schedule that it joins; without one, a group of its own.
        owner: Who owns it; `@team`, or words.
        title: What people call it.
        dry_run: Write nothing, print what would be written.
        no_schedule: Leave the schedule alone.
        upgrade: Bring a room that this command made to today's template, with your edits.
        root: Another copy of the repository.
    """
    root = root.absolute()
    if upgrade:
        return _upgrade(root, slug, dry_run=dry_run)
    joined = None if no_schedule else group or slug
    wish = Wish(slug, kind, title or title_of(slug), owner, joined)
    if dry_run:
        _preview(plan_room(root, wish))
    else:
        _list("written", make_room(root, wish))
    _say(next_steps(wish))
    return 0


def next_steps(wish: Wish) -> str:
    """What is left to do, as commands; `docs/new-collector.md` has the reasons."""
    steps = [
        "bdc db upgrade",
        f"bdc run {wish.slug}{FLAGS.get(wish.kind, '')}",
        f'make unit ARGS="tests/collectors/{wish.slug} tests/flows/test_{wish.slug}.py"',
        "make test",
    ]
    if wish.group is not None:
        steps.append(
            "bdc schedule check     # then `enabled: true`, `bdc schedule render`, `bdc deploy plan`"
        )
    return "\n".join(["next:", *(f"  {step}" for step in steps)])


def _preview(plan: Plan) -> None:
    _say("nothing is written; without --dry-run:")
    _list("new", plan.files)
    _list("changed", [*plan.edits, PREFECT_YAML, f"{PAGES}/"])
    if plan.snippet:
        _say(f"deployments/schedule.yaml gets:\n{plan.snippet}")


def _upgrade(root: Path, slug: str, *, dry_run: bool) -> int:
    found = plan_upgrade(root, slug)
    if not found.changes:
        _say(f"{slug} is what the template makes today: nothing to do")
        return 0
    if not dry_run:
        install(root, found.changes)
    _report(found, "would change" if dry_run else "changed")
    return CONFLICTS if found.conflicts else 0


def _report(found: Upgrade, verb: str) -> None:
    _list(verb, found.files)
    _list("kept, though the template has it no more", found.kept)
    _list("in conflict: resolve the markers in", found.conflicts)
    _say("next:\n  git diff\n  make test")


def _list(what: str, places: Iterable[str]) -> None:
    for place in places:
        _say(f"{what} {place}")


def _say(text: str) -> None:
    console.print(text, markup=False)
