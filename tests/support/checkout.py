"""Copies of this repository to make rooms in, and commands that run in them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copy2

from tests.support.local_stack import ROOT


def copy_repository(target: Path) -> Path:
    """What is or could be committed: no data, caches or environments of this machine."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            copy2(ROOT / name, target / name)
    return target


def run_in(
    checkout: Path, tool: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A tool of our environment, with the packages of that copy instead of those installed."""
    return subprocess.run(
        [str(Path(sys.executable).with_name(tool)), *arguments],
        cwd=checkout,
        env={**os.environ, **(environment or {}), "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )


def texts_of(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if path.is_file() and "__pycache__" not in path.parts
    }
