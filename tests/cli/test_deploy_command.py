"""`bdc deploy` as an operator uses it: exit codes, words on the screen, and when nothing is written."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.servers import free_port
from tests.cli.conftest import Outcome
from tests.support.deploying import POOL, Deploying
from tests.support.local_stack import LocalPrefect

pytestmark = pytest.mark.xdist_group("deployments")
Bdc = Callable[..., Outcome]

SCHEDULE = """\
groups:
  nightly:
    default_time: "04:30"
    tasks:
      - collector: github_activity_tracker
        schedule: daily
        parameters: {repository: a/b}
limits:
  github_activity_tracker: 2
"""
NIGHTLY = "collector_group/nightly"


@pytest.fixture
def server(prefect_api: LocalPrefect) -> Iterator[Deploying]:
    made = Deploying.on(prefect_api)
    yield made
    made.clear()


@pytest.fixture
def file(server: Deploying, bdc: Bdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The schedule that all commands of a test take."""
    written = tmp_path / "schedule.yaml"
    written.write_text(SCHEDULE, encoding="utf-8")
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BDC_SCHEDULE", str(written))
    monkeypatch.setenv("BDC_WORK_POOL", POOL)
    monkeypatch.setenv("PREFECT_API_URL", server.prefect.api_url)
    monkeypatch.setenv("PREFECT_HOME", str(server.prefect.home / "client"))
    return written


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_plan_exits_with_3_until_the_server_holds_the_schedule(bdc: Bdc, file: Path) -> None:
    first = bdc("deploy", "plan")
    assert first.code == 3
    assert f"create deployment {NIGHTLY}  with schedule nightly-0430\n" in first.out
    done = bdc("deploy", "apply")
    assert done.code == 0
    assert done.out == first.out
    assert bdc("deploy", "plan").code == 0
    assert bdc("deploy", "plan").out == bdc("deploy", "apply").out
    assert bdc("deploy", "prune").out == "nothing to remove\n"


def test_plan_says_old_and_new_and_as_json_too(bdc: Bdc, file: Path) -> None:
    bdc("deploy", "apply")
    edit(file, "04:30", "05:00")
    edit(file, "tracker: 2", "tracker: 1")
    lines = bdc("deploy", "plan").out.splitlines()
    assert lines[0] == "change limit      collector:github_activity_tracker  limit: 2 → 1"
    assert lines[1].endswith(
        "#nightly-0500  slug: nightly-0430 → nightly-0500; cron: 30 4 * * * → 0 5 * * *"
    )
    found = bdc("deploy", "plan", "--json")
    assert (found.code, found.rows["differs"], found.rows["prune"]) == (3, True, [])
    (difference,) = found.rows["apply"][0]["differences"]
    assert difference == {"field": "limit", "old": 2, "new": 1}


def test_a_pause_is_named_and_no_difference(bdc: Bdc, file: Path, server: Deploying) -> None:
    bdc("deploy", "apply")
    server.prefect.client.pause_deployment(server.deployment(NIGHTLY).id)
    for command in ("plan", "apply"):
        done = bdc("deploy", command)
        assert done.code == 0
        assert f"keep   deployment {NIGHTLY}  paused by a person, kept\n" in done.out


def test_what_left_is_said_by_apply_and_removed_by_prune(
    bdc: Bdc, file: Path, server: Deploying
) -> None:
    bdc("deploy", "apply")
    edit(file, "nightly", "weekly")
    left = f"left the schedule, still on the server: {NIGHTLY}; `bdc deploy prune` removes them\n"
    assert bdc("deploy", "apply").out.endswith(left)
    assert bdc("deploy", "plan").code == 3
    line = f"remove deployment {NIGHTLY}  past runs stay, below the flow collector_group\n"
    assert bdc("deploy", "prune", "--dry-run").out == line
    assert server.exists(NIGHTLY)
    assert bdc("deploy", "prune").out == line
    assert not server.exists(NIGHTLY)
    assert bdc("deploy", "plan").code == 0


@pytest.mark.parametrize("command", ["plan", "apply", "prune"])
def test_a_wrong_schedule_is_told_line_by_line_and_nothing_is_written(
    bdc: Bdc, file: Path, server: Deploying, command: str
) -> None:
    edit(file, "repository: a/b", "repo: a/b")
    edit(file, "tracker: 2", "tracker: 0")
    done = bdc("deploy", command)
    assert done.code == 2
    assert [line.partition(": ")[2].split(":")[0] for line in done.err.splitlines()] == [
        "schedule.yaml"
    ] * 3
    assert not server.exists(NIGHTLY)


def test_production_refuses_a_schedule_that_would_run_nothing(
    bdc: Bdc, file: Path, server: Deploying
) -> None:
    file.write_text("groups:\n", encoding="utf-8")
    production = {"BDC_ENVIRONMENT": "production", "DATABASE_URL": "postgresql://nowhere/x"}
    done = bdc("deploy", "apply", PREFECT_API_AUTH_STRING="name:password", **production)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "has no enabled task: nothing would ever run" in done.err
    assert not server.exists("github_activity_tracker/on-demand")


def test_a_server_that_does_not_answer_is_one_line(bdc: Bdc, file: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}/api"
    done = bdc("deploy", "plan", PREFECT_API_URL=address)
    assert done.code == 1
    assert done.err.startswith(f"bdc: Prefect's API at {address}: ")
    assert done.err.count("\n") == 1


def test_doctor_says_whether_the_server_holds_the_schedule(bdc: Bdc, file: Path) -> None:
    def finding() -> dict[str, object]:
        rows = {row["subject"]: row for row in bdc("doctor", "--json").rows}
        found: dict[str, object] = rows["deployments"]
        return found

    assert "the server differs from the schedule in " in str(finding()["detail"])
    bdc("deploy", "apply")
    assert finding()["ok"]
