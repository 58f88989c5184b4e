"""A room of an older template brought up to date, with its author's edits.

Three texts of each file: as the template made it then, as the author has it, as the template makes
it today.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from authoring.scaffold.plan import upgradable
from authoring.scaffold.record import Record, read_record, record_place, record_text
from authoring.scaffold.render import render_room
from services.errors import ConfigError

NAMES = ("yours", "the template then", "the template now")
# `git merge-file` ends with the number of conflicts, and with this from its first error on.
GIT_FAILED = 128


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What to change: a place → its new text, None for a file that the template has no more.

    `conflicts` hold markers; `kept` are files that the template has no more and the author edited.
    """

    changes: dict[str, str | None] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """What changes, but for the record."""
        return [place for place in self.changes if not place.endswith(".scaffold.json")]


def plan_upgrade(root: Path, slug: str) -> Upgrade:
    """What brings the room to today's template; nothing is written.

    Raises:
        ConfigError: the room was not made by the template, or the template is broken.
    """
    record = read_record(root, slug)
    now = upgradable(render_room(root, record.answers))
    if now == record.base:
        return Upgrade()
    upgrade = Upgrade()
    for place in sorted({*record.base, *now}):
        _merge(upgrade, place, (_text(root / place), record.base.get(place), now.get(place)))
    upgrade.changes[record_place(slug)] = record_text(Record(record.answers, now))
    return upgrade


Texts = tuple[str | None, str | None, str | None]


def _merge(upgrade: Upgrade, place: str, texts: Texts) -> None:
    """One file: what only one side has changed is that side's, and what the author deleted is gone."""
    ours, base, now = texts
    if now in (base, ours) or (ours is None and base is not None):
        return
    if ours == base:
        upgrade.changes[place] = now
    elif now is None:
        upgrade.kept.append(place)
    else:
        _merge_lines(upgrade, place, (ours or "", base or "", now))


def _merge_lines(upgrade: Upgrade, place: str, texts: tuple[str, str, str]) -> None:
    merged, conflicts = _merged(texts)
    upgrade.changes[place] = merged
    if conflicts:
        upgrade.conflicts.append(place)


def _merged(texts: tuple[str, str, str]) -> tuple[str, bool]:
    """The text, with markers where both sides changed the same lines, and whether there are any."""
    with TemporaryDirectory(prefix="bdc-new-") as folder:
        files = [Path(folder) / str(number) for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        labels = [part for name in NAMES for part in ("-L", name)]
        command = ["git", "merge-file", "--stdout", *labels, *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not 0 <= done.returncode < GIT_FAILED:
        raise ConfigError(f"git cannot merge: {done.stderr.strip()}")
    return done.stdout, done.returncode > 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
