"""Killed without a word at any moment, then run again: as if nothing had happened."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from conformance.databases import wait_until_left
from services.database import Database
from services.runs.lock import SourceLock
from services.runs.services import latest_runs
from tests.support.collecting import Collecting, content
from tests.support.git_repositories import generate_repository

ROOT = Path(__file__).parents[3]
KILLS_A_ROUND = 7
PROGRAM = "collect program"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "source.git"
    generate_repository(path, 5_000)
    return path


def start(collecting: Collecting) -> "subprocess.Popen[str]":
    """The program, as soon as it has begun to collect."""
    url = collecting.database.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.collect_program",
            url,
            collecting.repository,
            str(collecting.workspace),
        ],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "collecting\n"
    return process


def kill_after(process: "subprocess.Popen[str]", seconds: float) -> None:
    with process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_moments_it_ends_like_an_undisturbed_run(
    database: Database, database_url: str, repository: Path, tmp_path: Path, seed: int
) -> None:
    """Seven moments a round, spread over the time that a whole run takes."""
    chance = random.Random(seed)
    disturbed = Collecting(database, str(repository), tmp_path / "disturbed")
    for turn in range(KILLS_A_ROUND):
        kill_after(start(disturbed), chance.uniform(0, 2.0) * (turn + 1) / KILLS_A_ROUND)
        wait_until_left(database_url, PROGRAM)
    with start(disturbed) as last:
        assert last.wait(120) == 0
    stored = content(database)
    assert len(stored["commit"]) == 5_000
    assert stored == undisturbed(database, repository, tmp_path)


def undisturbed(database: Database, repository: Path, tmp_path: Path) -> dict[str, list[object]]:
    with database.transaction() as session:
        names = session.scalars(
            text(
                "select relname from pg_class where relkind = 'r'"
                " and relname ~ '^(github|identity|collector)_'"
            )
        ).all()
        session.execute(text(f"truncate {', '.join(names)} cascade"))
    Collecting(database, str(repository), tmp_path / "undisturbed").collect()
    return {name: list(rows) for name, rows in content(database).items()}


def test_the_ledger_marks_a_killed_run_and_its_lock_is_free(
    database: Database, database_url: str, repository: Path, tmp_path: Path
) -> None:
    collecting = Collecting(database, str(repository), tmp_path / "workspace")
    kill_after(start(collecting), 0)
    wait_until_left(database_url, PROGRAM)
    with SourceLock(database, collecting.source):
        collecting.run()
    with database.transaction() as session:
        runs = [(run.status, run.finished_at is None) for run in latest_runs(session)]
    assert runs == [("running", True), ("crashed", False)]
