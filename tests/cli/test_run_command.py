"""`bdc run` and what needs a Prefect server, as programs, the way a user starts them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from services.database import Database
from services.runs.lock import SourceLock
from services.runs.services import SetAside, Source, latest_runs, set_aside
from tests.support.git_repositories import EPOCH, Repository
from tests.support.local_stack import LocalPrefect

pytestmark = pytest.mark.xdist_group("deployments")

OURS = {"collectors", "flows", "services"}
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.create(tmp_path / "source.git")
    made.commit({"a.txt": b"one\n"})
    return made


@pytest.fixture
def bdc_program(prefect_api: LocalPrefect, database_url: str, tmp_path: Path) -> Program:
    ours = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PREFECT_API_URL": prefect_api.api_url,
        "DATABASE_URL": database_url,
        "BDC_HOME": str(tmp_path / "home"),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command, environment = [sys.executable, "-m", "cli", *arguments], {**os.environ, **ours}
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def collect(
    bdc: Program, repository: Repository, *flags: str
) -> "subprocess.CompletedProcess[str]":
    return bdc("run", "github_activity_tracker", "--repository", str(repository.path), *flags)


def test_a_run_stores_and_says_what_it_stored(
    bdc_program: Program, repository: Repository, database: Database, prefect_api: LocalPrefect
) -> None:
    done = collect(bdc_program, repository)
    assert done.returncode == 0, done.stderr
    assert "Completed: fetched=1 inserted=" in done.stdout
    with database.transaction() as session:
        (entry,) = latest_runs(session)
        assert (entry.status, entry.counts["fetched"]) == ("completed", 1)
        flow_run = prefect_api.client.read_flow_run(UUID(str(entry.flow_run_id)))
    assert flow_run.name == f"github_activity_tracker {repository.path}"
    assert collect(bdc_program, repository).returncode == 0


def test_a_dry_run_prints_what_would_change_and_leaves_no_run(
    bdc_program: Program, repository: Repository, database: Database, tmp_path: Path
) -> None:
    done = collect(bdc_program, repository, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "DryRun: dry run, nothing was written" in done.stdout
    with database.transaction() as session:
        assert latest_runs(session) == []
    assert not (tmp_path / "home" / "workspace").exists()


def test_a_second_run_of_a_source_says_who_is_at_it(
    bdc_program: Program, repository: Repository, database: Database
) -> None:
    source = Source("github_activity_tracker", str(repository.path))
    with SourceLock(database, source):
        done = collect(bdc_program, repository)
    assert done.returncode == 1
    assert f"{source} is being collected by" in done.stderr
    with database.transaction() as session:
        assert latest_runs(session) == []


def test_what_a_user_can_cause_is_one_line_and_no_traceback(bdc_program: Program) -> None:
    done = bdc_program("run", "github_activity_tracker", "--repository", "/no/such/place")
    assert done.returncode == 2
    ours = [line for line in done.stderr.splitlines() if line.startswith("bdc: ")]
    assert ours == ["bdc: repository /no/such/place does not exist"]
    assert "Traceback" not in done.stderr


def test_dead_letters_are_retried_by_their_collector(
    bdc_program: Program, repository: Repository, database: Database
) -> None:
    tree, parent = repository.tree().encode(), repository.head().encode()
    bad = repository.raw_commit(b"tree %s\nparent %s\n\nnobody\n" % (tree, parent))
    partial = collect(bdc_program, repository)
    assert (partial.returncode, "Partial: " in partial.stdout) == (0, True)
    assert bdc_program("dead-letters", "retry").returncode == 1
    (letter,) = json.loads(bdc_program("dead-letters", "list", "--json").stdout)
    assert (letter["item"], letter["attempts"], letter["status"]) == (bad, 2, "open")


def test_a_commit_that_can_be_read_after_all_leaves_the_dead_letters(
    bdc_program: Program, repository: Repository, database: Database
) -> None:
    """A letter of a commit that is well: as after a correction of how commits are read."""
    sha = repository.commit({"a.txt": b"two\n"}, author_at=EPOCH + 60)
    assert collect(bdc_program, repository).returncode == 0
    source = Source("github_activity_tracker", str(repository.path))
    with database.transaction() as session:
        run_id = latest_runs(session)[0].id
        set_aside(session, source, "commits", [SetAside(sha, {}, "was wrong")], run_id=run_id)
    done = bdc_program("dead-letters", "retry")
    assert done.returncode == 0, done.stderr
    assert json.loads(bdc_program("dead-letters", "list", "--json").stdout) == []


def test_doctor_proves_that_the_scheduler_schedules(bdc_program: Program) -> None:
    findings = {row["subject"]: row for row in json.loads(bdc_program("doctor", "--json").stdout)}
    assert findings["scheduler"]["ok"], findings["scheduler"]
    assert findings["prefect"]["ok"]
    assert "bdc worker" in findings["worker"]["detail"] or "make up" in findings["worker"]["detail"]


def test_every_line_of_a_run_is_json_when_asked_and_names_its_collector(
    bdc_program: Program, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    done = bdc_program("run", "github_activity_tracker", "--repository", str(repository.path))
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    ours = [line for line in said if line["logger"].partition(".")[0] in OURS]
    assert {line.get("collector_phase") for line in ours} >= {"collect"}
    assert {line["collector"] for line in ours} == {"github_activity_tracker"}
