"""Commands that need no Prefect: what they print, and how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete

from services.database import Database
from services.runs.lock import SourceLock
from services.runs.models import CollectorActivity
from services.runs.services import (
    Ending,
    SetAside,
    Source,
    finish_run,
    note_activity,
    set_aside,
    start_run,
)
from tests.cli.conftest import Outcome
from tests.support.local_stack import ROOT

Bdc = Callable[..., Outcome]
SOURCE = Source("github_activity_tracker", "boostorg/asio")


@pytest.fixture
def ledger(database: Database) -> Database:
    """One finished run with two dead letters."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.transaction() as session:
        run_id = start_run(session, SOURCE, parameters={}, flow_run_id=None, now=now)
        bad = [SetAside(key, {"sha": key}, "no author") for key in ("a1", "b2")]
        set_aside(session, SOURCE, "commits", bad, run_id=run_id)
        counts = {"fetched": 5, "inserted": 3, "updated": 0, "unchanged": 0, "quarantined": 2}
        finish_run(session, run_id, Ending("partial", "collect", counts), now=now)
    return database


def test_list_names_every_collector_with_what_it_does(bdc: Bdc) -> None:
    assert "github_activity_tracker" in bdc("list").out
    (entry,) = [row for row in bdc("list", "--json").rows if row["collector"].startswith("github")]
    assert {"what", "Source", "Owner", "Tables", "Secrets"} <= set(entry)


def test_help_of_every_command_says_what_it_does(bdc: Bdc) -> None:
    for command in (
        "up",
        "worker",
        "run",
        "list",
        "runs",
        "status",
        "doctor",
        "db",
        "dead-letters",
    ):
        outcome = bdc(command, "--help")
        assert outcome.code == 0
        assert len(outcome.out) > 40, command


def test_an_unknown_command_or_flag_is_a_usage_error(bdc: Bdc) -> None:
    assert bdc("nonsense").code == 2
    assert bdc("runs", "--nonsense").code == 2


def test_an_unknown_collector_leads_to_the_nearest(bdc: Bdc) -> None:
    outcome = bdc("run", "github_activty_tracker")
    assert outcome.code == 2
    assert "did you mean github_activity_tracker" in outcome.err


def test_the_flags_of_a_run_are_the_parameters_of_its_flow(bdc: Bdc) -> None:
    outcome = bdc("run", "github_activity_tracker", "--help")
    assert outcome.code == 0
    for flag in ("--repository", "--branches", "--line-counts", "--reread", "--dry-run"):
        assert flag in outcome.out


@pytest.mark.parametrize(
    "command", [["runs"], ["status"], ["dead-letters", "list"], ["db", "current"]]
)
def test_without_a_database_the_way_to_one_is_one_line(bdc: Bdc, command: list[str]) -> None:
    outcome = bdc(*command)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "make up" in outcome.err


def test_without_prefect_the_way_to_it_is_one_line(bdc: Bdc) -> None:
    outcome = bdc("run", "github_activity_tracker", "--repository", ".")
    assert outcome.code == 2
    assert "PREFECT_API_URL" in outcome.err


def test_a_database_that_does_not_answer_is_one_line(bdc: Bdc) -> None:
    outcome = bdc("runs", DATABASE_URL="postgresql://nobody:" + "hunter2@127.0.0.1:1/none")
    assert outcome.code == 1
    assert outcome.err.startswith("bdc: database (network):")
    assert outcome.err.count("\n") == 1
    assert "hunter2" not in outcome.err


def test_runs_and_status_say_when_nothing_has_run(bdc: Bdc, database_url: str) -> None:
    assert bdc("runs", DATABASE_URL=database_url).out == "Nothing has run yet.\n"
    assert bdc("runs", "--json").rows == []
    assert bdc("status").out.startswith("Nothing has run yet.\n")
    assert bdc("status", "--json").rows["sources"] == []


def test_runs_shows_what_the_ledger_says(bdc: Bdc, ledger: Database, database_url: str) -> None:
    outcome = bdc("runs", DATABASE_URL=database_url)
    for word in ("boostorg/asio", "partial", "2026-01-01 00:00:00"):
        assert word in outcome.out
    (row,) = bdc("runs", "--json", "--collector", SOURCE.collector).rows
    assert (row["status"], row["counts"]["fetched"]) == ("partial", 5)
    assert bdc("runs", "--json", "--collector", "another").rows == []


def test_status_counts_what_waits(bdc: Bdc, ledger: Database, database_url: str) -> None:
    (row,) = bdc("status", "--json", DATABASE_URL=database_url).rows["sources"]
    assert (row["source"], row["stored"], row["dead_letters"]) == ("boostorg/asio", 3, 2)


def test_status_says_what_is_wrong_and_what_to_do(
    bdc: Bdc, ledger: Database, database_url: str
) -> None:
    said = bdc("status", DATABASE_URL=database_url).out
    assert "Unhealthy, as of " in said
    assert "! workers: whether workers are online is not known" in said
    assert "- github_activity_tracker boostorg/asio: 2 records are set aside." in said
    told = bdc("status", "--json").rows
    assert told["healthy"] is False
    assert {"subject", "text", "next", "runbook"} == set(told["problems"][0])


def test_status_shows_what_a_run_waits_for(bdc: Bdc, ledger: Database, database_url: str) -> None:
    source = Source("wg21_paper_tracker", "example.org")
    with SourceLock(ledger, source):
        with ledger.transaction() as session:
            now = datetime.now(UTC)
            run = start_run(session, source, parameters={}, flow_run_id=None, now=now)
            until = now + timedelta(hours=1)
            note_activity(session, run, "waiting for quota", now=now, waits_until=until)
        assert "waiting for quota" in bdc("status", DATABASE_URL=database_url).out
        (running,) = bdc("status", "--json").rows["running"]
    assert (running["running"], running["state"]) == (run, "waiting")


def test_status_watches_until_it_is_stopped(database_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url, "HEALTH_REFRESH_SECONDS": "0.1"}
    environment.pop("PREFECT_API_URL", None)
    watching = subprocess.Popen(
        [sys.executable, "-m", "cli", "status", "--watch"],
        env=environment | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    with watching:
        assert watching.stdout is not None
        seen = 0
        while seen < 2:
            line = watching.stdout.readline()
            assert line, "it ended before its second look"
            seen += "as of " in line
        watching.send_signal(signal.SIGINT)
        _, complaint = watching.communicate(timeout=120)
    assert (watching.returncode, complaint) == (130, "")


def test_a_run_is_shown_whole(bdc: Bdc, ledger: Database, database_url: str) -> None:
    (row,) = bdc("runs", "--json", DATABASE_URL=database_url).rows
    number = str(row["id"])
    said = bdc("runs", "show", number).out
    for words in ("status         partial", "'fetched': 5", "not started by Prefect"):
        assert words in said
    told = bdc("runs", "show", number, "--json").rows
    assert (told["doing"], told["page"]) == ("starting", None)
    missing = bdc("runs", "show", "999")
    assert (missing.code, "no run 999" in missing.err) == (2, True)


def test_the_log_of_a_run_is_prefects(bdc: Bdc, database: Database, database_url: str) -> None:
    with database.transaction() as session:
        now = datetime.now(UTC)
        run = start_run(session, SOURCE, parameters={}, flow_run_id=uuid4(), now=now)
        session.execute(delete(CollectorActivity))
    assert (
        "PREFECT_API_URL is not set" in bdc("runs", "show", str(run), DATABASE_URL=database_url).out
    )
    gone = bdc("runs", "show", str(run), PREFECT_API_URL="http://127.0.0.1:1/api").out
    assert "Prefect's API, which keeps the logs: ConnectError" in gone
    assert "http://127.0.0.1:1/runs/flow-run/" in gone


def test_dead_letters_are_listed_shown_and_discarded(
    bdc: Bdc, ledger: Database, database_url: str
) -> None:
    listed = bdc("dead-letters", "list", "--json", DATABASE_URL=database_url).rows
    assert [row["item"] for row in listed] == ["b2", "a1"]
    number = str(listed[0]["letter"])
    assert "'sha': 'b2'" in bdc("dead-letters", "show", number).out
    assert bdc("dead-letters", "show", number, "--json").rows["payload"] == {"sha": "b2"}
    assert bdc("dead-letters", "discard", number).out == "1 discarded\n"
    assert [row["item"] for row in bdc("dead-letters", "list", "--json").rows] == ["a1"]
    everything = bdc("dead-letters", "list", "--all", "--json").rows
    assert [row["status"] for row in everything] == ["discarded", "open"]


@pytest.mark.parametrize(
    "arguments", [["show", "999"], ["discard", "999"], ["discard"]], ids=" ".join
)
def test_letters_that_are_not_there_are_named(
    bdc: Bdc, database_url: str, arguments: list[str]
) -> None:
    outcome = bdc("dead-letters", *arguments, DATABASE_URL=database_url)
    assert outcome.code == 2
    assert "bdc dead-letters list" in outcome.err


def test_db_says_where_the_schema_is(bdc: Bdc, database_url: str) -> None:
    current = bdc("db", "current", DATABASE_URL=database_url)
    assert "(newest: " in current.out
    assert bdc("db", "check").code == 0
    assert bdc("db", "upgrade").out.startswith("the schema is at ")


def test_db_check_fails_on_an_empty_database(bdc: Bdc, postgres: object, database_url: str) -> None:
    empty = database_url.replace("/test_", "/postgres?x=").split("?x=")[0]
    host = database_url.partition("?")[2]
    outcome = bdc("db", "check", DATABASE_URL=f"{empty}?{host}")
    assert outcome.code == 2
    assert "bdc db upgrade" in outcome.err


def test_doctor_says_what_to_do_about_each_thing(bdc: Bdc) -> None:
    outcome = bdc("doctor")
    assert outcome.code == 1
    assert [line.split()[0] for line in outcome.out.splitlines()][:3] == ["ok", "FAIL", "FAIL"]
    assert outcome.out.count("make up") >= 2


def test_doctor_names_wrong_settings_and_stops_there(bdc: Bdc) -> None:
    (finding,) = bdc("doctor", "--json", BDC_PORT="none").rows
    assert (finding["subject"], finding["ok"]) == ("settings", False)
    assert "BDC_PORT" in finding["detail"]


def test_a_prefect_that_does_not_answer_is_named(bdc: Bdc, database_url: str) -> None:
    outcome = bdc(
        "doctor", "--json", DATABASE_URL=database_url, PREFECT_API_URL="http://127.0.0.1:1/api"
    )
    findings = {row["subject"]: row for row in outcome.rows}
    assert findings["database"]["ok"]
    assert findings["schema"]["ok"]
    assert not findings["prefect"]["ok"]
    assert "worker" not in findings


def test_a_query_prints_its_rows_and_what_is_wrong_with_it(
    bdc: Bdc, ledger: Database, database_url: str
) -> None:
    del ledger
    query = "select source_key, status from collector_run"
    assert bdc("db", "query", query, "--json", DATABASE_URL=database_url).rows == [
        {"source_key": "boostorg/asio", "status": "partial"}
    ]
    assert "boostorg/asio" in bdc("db", "query", query).out
    assert bdc("db", "query", f"{query} where false").out.strip() == "No rows."
    wrong = bdc("db", "query", "delete from collector_run")
    assert wrong.code == 1
    assert wrong.err.startswith("bdc: database")


def test_db_size_lists_the_largest_tables_first(bdc: Bdc, database_url: str) -> None:
    rows = bdc("db", "size", "--json", DATABASE_URL=database_url).rows
    sizes = [row["bytes"] for row in rows]
    assert "collector_run" in {row["table"] for row in rows}
    assert sizes == sorted(sizes, reverse=True)
    assert f"{sum(sizes)} bytes in all" in bdc("db", "size").out
