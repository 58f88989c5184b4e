"""Generated files as they will be, made in a copy of the repository before it is changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from services.errors import ConfigError

SCHEDULE = "deployments/schedule.yaml"
PREFECT_YAML = "prefect.yaml"
PAGES = "docs/reference"
README = "README.md"
RENDER = """
import sys
from cli.main import execute
schedule = ["schedule", "render", "--file", sys.argv[1]]
sys.exit(execute(schedule) or execute(["reference", "render"]))
"""
_IGNORED = shutil.ignore_patterns("__pycache__", ".*cache", "*.pyc")


def generated(root: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """`prefect.yaml`, the reference pages and the README's table as the changes make them, where they differ.

    Rendering them loads every flow, the new one included, and holds the schedule's parameters
    against what they take: a room that does not work is noticed here.

    Raises:
        ConfigError: with what the commands complain of.
    """
    with TemporaryDirectory(prefix="bdc-new-") as folder:
        copy = Path(folder).resolve()
        _copy(root, copy, {*changes, PREFECT_YAML, README, f"{PAGES}/any"})
        for place, text in changes.items():
            (copy / place).parent.mkdir(parents=True, exist_ok=True)
            (copy / place).write_text(text, encoding="utf-8")
        _render(copy)
        made = [
            PREFECT_YAML,
            README,
            *(f"{PAGES}/{page.name}" for page in (copy / PAGES).glob("*.md")),
        ]
        texts = {place: (copy / place).read_text(encoding="utf-8") for place in made}
    return {place: text for place, text in texts.items() if text != _text(root / place)}


def _copy(root: Path, copy: Path, changed: set[str]) -> None:
    """What changes is copied; the rest is the original, which nobody writes to."""
    tops = {Path(place).parts[0] for place in changed}
    for entry in root.iterdir():
        if entry.name not in tops:
            _link(entry, copy / entry.name)
        elif entry.is_dir():
            shutil.copytree(entry, copy / entry.name, ignore=_IGNORED, symlinks=True)
        else:
            shutil.copy2(entry, copy / entry.name)


def _link(entry: Path, place: Path) -> None:
    """No hidden folders: caches, environments, the data of this machine."""
    if not (entry.name.startswith(".") and entry.is_dir()):
        place.symlink_to(entry)


def _render(copy: Path) -> None:
    """Both commands in one process: what takes its time is to load the flows."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, SCHEDULE],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "BDC_HOME": str(copy / ".bdc")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigError(f"with the new room the generated files cannot be made: {_said(done)}")


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Our own complaints, else the last line of a traceback."""
    lines = done.stderr.strip().splitlines() or ["nothing was said"]
    ours = [line.removeprefix("bdc: ") for line in lines if line.startswith("bdc: ")]
    return "; ".join(ours or lines[-1:])


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
