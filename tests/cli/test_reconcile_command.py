"""`bdc reconcile`: what is complete, and what is not, from the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from services.completeness.comparing import Comparison, Gap
from services.completeness.services import note_comparisons
from services.database import Database
from services.runs.services import Source, advance_cursor
from tests.cli.conftest import Outcome
from tests.support.github_site import GitHubSite, serving
from tests.support.local_stack import LocalPrefect

Bdc = Callable[..., Outcome]
NAME = "github_activity_tracker"
SOURCE = Source(NAME, "boostorg/sample")
STREAMS = ("issues", "pull_requests", "reviews", "comments", "review_comments")


@pytest.mark.xdist_group("flows")
def test_a_hole_is_shown_and_the_next_run_repairs_it(
    prefect_api: LocalPrefect, database_url: str, database: Database, tmp_path: Path
) -> None:
    def bdc(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli", *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    def compared(*flags: str) -> dict[str, tuple[str, int]]:
        done = bdc("reconcile", NAME, "--json", *flags)
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout[done.stdout.index("[") :])
        return {row["stream"]: (row["complete"], row["to_repair"]) for row in rows}

    with serving(GitHubSite()) as site:
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PREFECT_API_URL": prefect_api.api_url,
            "DATABASE_URL": database_url,
            "BDC_HOME": str(tmp_path / "home"),
            "GITHUB_API_URL": site.server.url,
            "GITHUB_TOKENS": "welcome",
        }
        site.add(SOURCE.source_key).fill(40)
        chosen = [flag for stream in STREAMS for flag in ("--streams", stream)]
        collect = ("run", NAME, "--repository", SOURCE.source_key, *chosen)
        assert bdc(*collect).returncode == 0
        with database.transaction() as session:
            session.execute(text(f"delete from {NAME}_comment where number in (2, 4)"))
        assert compared("--repository", SOURCE.source_key)["comments"] == ("90.00%", 2)
        assert bdc(*collect).returncode == 0
        assert set(compared().values()) == {("100.00%", 0)}


def test_the_last_comparison_is_shown_without_asking_anybody(
    bdc: Bdc, database: Database, database_url: str
) -> None:
    none = bdc("reconcile", NAME, "--last", DATABASE_URL=database_url)
    assert (none.code, "has collected nothing yet" in none.err) == (2, True)
    with database.transaction() as session:
        advance_cursor(session, SOURCE, "issues", {})
    assert bdc("reconcile", NAME, "--last").out == "Nothing was compared yet.\n"
    with database.transaction() as session:
        note_comparisons(session, SOURCE, [Comparison("issues", 4, 3, 0, [Gap("2", "missing")])])
    (row,) = bdc("reconcile", NAME, "--last", "--json").rows
    assert (row["complete"], row["missing"], row["to_repair"]) == ("75.00%", 1, 1)


def test_what_is_asked_wrongly_is_named(bdc: Bdc, database: Database, database_url: str) -> None:
    with database.transaction() as session:
        advance_cursor(session, SOURCE, "issues", {})
    for arguments, said in (
        (("nobody",), "no collector is called nobody"),
        ((NAME, "--sample", "-1"), "--sample: -1 is below 0"),
        ((NAME, "--repository", "x/y"), "nothing was collected of x/y"),
    ):
        outcome = bdc("reconcile", *arguments, DATABASE_URL=database_url)
        assert (outcome.code, said in outcome.err) == (2, True), outcome
