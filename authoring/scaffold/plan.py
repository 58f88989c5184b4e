"""Everything that a new room consists of, before any of it is written."""

from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from authoring.scaffold.answers import Answers, Kind, text_problems
from authoring.scaffold.generated import SCHEDULE
from authoring.scaffold.names import name_problems
from authoring.scaffold.record import Record, record_place, record_text
from authoring.scaffold.render import TEMPLATE, Rendered, render_room
from authoring.scaffold.schedule_entry import insert_task
from authoring.scaffold.shared import OWNERS, VARIABLES, with_owner, with_variables
from services.catalogue import list_collectors
from services.errors import ConfigError

# Whose history is the database's: a template of today must not rewrite it.
MIGRATIONS = "migrations/"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; `group` is None when the room is not to stand in the schedule."""

    slug: str
    kind: Kind
    title: str
    owner: str
    group: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """New files and edited ones by their places; `snippet` is what goes into the schedule."""

    files: dict[str, str]
    edits: dict[str, str]
    snippet: str


def plan_room(root: Path, wish: Wish) -> Plan:
    """What there is to write; nothing is written.

    Raises:
        ConfigError: `root` is no checkout of the repository; or naming everything that is wrong
            with the name and the texts, or every file that exists already; or that the schedule
            is wrong, or has no such group.
    """
    if not (root / TEMPLATE).is_dir():
        raise ConfigError(f"{root} has no {TEMPLATE}/: run this in a checkout of the repository")
    problems = name_problems(wish.slug, root) + text_problems(wish.title, wish.owner)
    if problems:
        raise ConfigError(problems)
    answers = Answers(wish.slug, wish.kind, wish.title, wish.owner, *next_revision(root))
    rendered = render_room(root, answers)
    files = {**rendered.files, record_place(wish.slug): record_text(_record(answers, rendered))}
    if there := sorted({found for place in files for found in _in_the_way(root / place)}):
        raise ConfigError([f"{path.relative_to(root)} exists already" for path in there])
    edits = _edits(root, rendered)
    if wish.group is None:
        return Plan(files, edits, "")
    entry, known = rendered.snippets["schedule.yaml"], _rooms(root)
    placed = insert_task(root / SCHEDULE, wish.group, wish.slug, entry, known)
    return Plan(files, {**edits, SCHEDULE: placed.text}, placed.snippet)


def _record(answers: Answers, rendered: Rendered) -> Record:
    return Record(answers, upgradable(rendered))


def _in_the_way(path: Path) -> list[Path]:
    """The file itself, or one that stands where one of its folders has to be."""
    return [one for one in (path, *path.parents) if one.exists() and not one.is_dir()]


def upgradable(rendered: Rendered) -> dict[str, str]:
    """The files that follow the template when it changes."""
    return {
        place: text for place, text in rendered.files.items() if not place.startswith(MIGRATIONS)
    }


def next_revision(root: Path) -> tuple[str, str]:
    """The number of the next migration, and the one that it comes after.

    Raises:
        ConfigError: the history has several ends, or none.
    """
    history = ScriptDirectory(str(root / "migrations"))
    heads = history.get_heads()
    if len(heads) != 1:
        raise ConfigError(f"the migrations have not one end, but: {', '.join(sorted(heads))}")
    numbers = [int(one.revision) for one in history.walk_revisions() if one.revision.isdecimal()]
    return f"{max(numbers, default=0) + 1:04d}", heads[0]


def _edits(root: Path, rendered: Rendered) -> dict[str, str]:
    """The shared files with the room's lines, without the schedule."""
    owners, snippets = root / OWNERS, rendered.snippets
    present = owners.read_text(encoding="utf-8") if owners.exists() else None
    variables = (root / VARIABLES).read_text(encoding="utf-8")
    wanted = {
        VARIABLES: with_variables(variables, snippets.get("env", "")),
        OWNERS: with_owner(present, snippets["codeowners"]),
    }
    before = {VARIABLES: variables, OWNERS: present}
    return {place: text for place, text in wanted.items() if text != before[place]}


def _rooms(root: Path) -> list[str]:
    return [entry.name for entry in list_collectors(root / "collectors")]
