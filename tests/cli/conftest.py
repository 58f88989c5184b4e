"""The bdc command as a user calls it."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import execute


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


@pytest.fixture
def bdc(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Outcome]]:
    """Runs a command in a folder without settings of its own; it may change the environment."""
    environment_before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "PREFECT_API_URL", "BDC_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environment: str) -> Outcome:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = execute(list(arguments))
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    yield run
    os.environ.clear()
    os.environ.update(environment_before)
