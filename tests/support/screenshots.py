"""The pictures of the README, of a real platform that has collected from sources on loopback.

    make screenshots

Starts everything that `make up` starts, lets the worker run each group, and looks at the status page and
at a run in Prefect's UI with Chromium, in light and in dark.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from conformance.replay.repositories import Repositories
from conformance.servers import free_port
from tests.support.browser import Page, browsing
from tests.support.git_repositories import generate_repository
from tests.support.github_site import GitHubSite
from tests.support.github_site import serving as serving_github
from tests.support.local_stack import ROOT, poll
from tests.support.paper_site import PaperSite, made_row
from tests.support.paper_site import serving as serving_papers

SCHEDULE = """\
groups:
  github:
    default_time: "00:05"
    tasks:
      - {collector: github_activity_tracker, schedule: daily, parameters: {repository: boostorg/asio}}
      - {collector: github_activity_tracker, schedule: daily, parameters: {repository: boostorg/beast}}
  papers:
    default_time: "06:00"
    tasks:
      - {collector: wg21_paper_tracker, schedule: daily}
  upkeep:
    default_time: "04:30"
    tasks:
      - {collector: maintenance, schedule: daily}
"""
COMMITS = {"boostorg/asio": 4000, "boostorg/beast": 1500}
ISSUES = 300
WIDTH = 1100
SECONDS = 600


def main(folder: Path) -> None:
    """Write the pictures into the folder."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bdc-pictures-")))
        home.chmod(0o755)
        environment = {**os.environ, **stack.enter_context(sources(home)), **settings(home)}
        stack.enter_context(platform(home, environment))
        for group in ("github", "papers", "upkeep"):
            bdc(environment, "run-group", group, "--missing")
        runs = json.loads(
            bdc(environment, "runs", "--collector", "github_activity_tracker", "--json")
        )
        asio = next(run for run in runs if run["source_key"] == "boostorg/asio")
        take(stack.enter_context(browsing()), folder, environment, asio)


@contextmanager
def sources(home: Path) -> Iterator[dict[str, str]]:
    """GitHub and the committee's site, both small and on loopback."""
    github, papers = GitHubSite(), PaperSite()
    for number, (name, commits) in enumerate(COMMITS.items(), 1):
        generate_repository(home / "git" / f"{name}.git", commits)
        github.add(name, number).fill(ISSUES)
    papers.put(2026, m01=[made_row(number) for number in range(400)])
    with serving_github(github, Repositories(home / "git")), serving_papers(papers):
        yield {
            "GITHUB_GIT_URL": github.server.url,
            "GITHUB_API_URL": github.server.url,
            "GITHUB_TOKENS": "welcome",
            "WG21_PAPER_TRACKER_BASE_URL": papers.base_url,
        }


def settings(home: Path) -> dict[str, str]:
    """A platform of its own, whatever else runs here."""
    schedule = home / "schedule.yaml"
    schedule.write_text(SCHEDULE, encoding="utf-8")
    return {
        "BDC_HOME": str(home / "data"),
        "BDC_SCHEDULE": str(schedule),
        "BDC_PORT": str(free_port()),
        "BDC_STATUS_PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def platform(home: Path, environment: dict[str, str]) -> Iterator[None]:
    """`bdc up`, ready on entry and gone on return."""
    log = home / "up.log"
    command = [sys.executable, "-m", "cli", "up"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=home, env=environment, stdout=output, stderr=output, start_new_session=True
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return "Running; Ctrl-C stops everything" in log.read_text()

    try:
        poll(is_ready, SECONDS, "the platform")
        environment["PREFECT_API_URL"] = f"http://127.0.0.1:{environment['BDC_PORT']}/api"
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(SECONDS)


def bdc(environment: dict[str, str], *arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "cli", *arguments]
    done = subprocess.run(
        command,
        cwd=environment["BDC_HOME"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def take(page: Page, folder: Path, environment: dict[str, str], run: dict[str, Any]) -> None:
    """Both pages, in both schemes."""
    status = f"http://127.0.0.1:{environment['BDC_STATUS_PORT']}/"
    ui = f"http://127.0.0.1:{environment['BDC_PORT']}/runs/flow-run/{run['flow_run_id']}"
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.look(WIDTH, scheme)
        page.open(status)
        page.screenshot(folder / f"status-{scheme}.png")
        page.open(ui)
        poll(
            lambda: "validate_config" in page.tell("document.body.innerText"), 60, "the run's page"
        )
        page.screenshot(folder / f"run-{scheme}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
