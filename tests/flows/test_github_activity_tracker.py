"""The flow of a real collector, from its parameters to its tables."""

import asyncio
import subprocess
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import State

from flows.github_activity_tracker import github_activity_tracker
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    path = str(tmp_path / "repository")
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "--quiet", path], check=True)
    commit = ["commit", "--quiet", "--allow-empty", "--message", "first"]
    subprocess.run(["git", "-C", path, *author, *commit], check=True)
    return path


def test_a_repository_is_collected_with_the_parameters_of_its_flow(
    records: Records, repository: str
) -> None:
    call = github_activity_tracker(repository, line_counts=False, return_state=True)
    state = asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
    run = records.run()
    assert (state.name, run.status, records.stored()) == (
        "Completed",
        "completed",
        ["ada@example.org"],
    )
    assert run.parameters == {
        "repository": repository,
        "branches": [],
        "line_counts": False,
        "reread": False,
        "streams": [],
        "since": None,
        "until": None,
    }
