"""A simulated Slack team: calls beside the least that its API needs, memory, and what a second run costs.

200 channels, 100,000 messages, 10,000 threads, in a process of its own; then a team of a tenth. The second
run finds a reply in each of 100 threads and a new message in each of 50 channels.
"""

import subprocess
import sys
from datetime import UTC, datetime

from pydantic import SecretStr

from benchmarks.measuring import (
    median,
    peak_megabytes,
    scratch_database,
    scratch_postgres,
    seconds,
)
from collectors.cppa_slack_tracker.collector import CppaSlackTracker
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.database import Database, open_database
from services.http.settings import Surroundings
from services.runs.run import Run
from services.runs.services import Source, start_run
from tests.support.slack_site import BASE, TEAM, TOKEN, SlackTeamSite, large_team, serving

SIZES = ((20, 10_000, 1_000), (200, 100_000, 10_000))
CHANGED_THREADS = 100
CHANGED_CHANNELS = 50


def rows() -> list[dict[str, object]]:
    """Two runs of each size."""
    with scratch_postgres() as server:
        found = []
        for channels, messages, threads in SIZES:
            with (
                scratch_database(server, f"slack_{messages}"),
                serving(large_team(channels, messages, threads)) as site,
            ):
                url = server.url(f"slack_{messages}")
                found.append(_measured(site, url, messages, site.least_calls(), "first"))
                found.append(_measured(site, url, messages, _change(site), "second"))
    return found


def _measured(
    site: SlackTeamSite, url: str, messages: int, least: int, which: str
) -> dict[str, object]:
    before, peak = site.calls, [0.0]

    def run() -> None:
        peak[0] = _run_apart(url, site.base_url)

    took = seconds(run)
    calls = site.calls - before
    return {
        "messages": messages,
        "run": which,
        "calls": calls,
        "least": least,
        "times least": round(calls / least, 3),
        "goal": "<= 1.05",
        "seconds": median([took]),
        "peak_mb": median(peak),
    }


def _change(site: SlackTeamSite) -> int:
    """What the second run has to see; the calls that it needs at least."""
    channels = sorted(site.channels)
    for number in range(CHANGED_THREADS):
        channel = site.channels[channels[number % len(channels)]]
        thread = sorted(channel.threads)[number // len(channels)]
        site.post(channel.id, "late answer", at=f"{BASE + 10**8 + number}.000100", thread=thread)
    for number in range(CHANGED_CHANNELS):
        at = f"{BASE + 10**8 + number}.000300"
        site.post(channels[number % len(channels)], "news", at=at)
    pages = sum(max(1, -(-len(one.order) // site.most)) for one in site.channels.values())
    return 3 + pages + CHANGED_THREADS


def _run_apart(url: str, base_url: str) -> float:
    """Peak memory of a process that does nothing else."""
    command = [sys.executable, "-m", "benchmarks.slack", url, base_url]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _collect(database: Database, base_url: str) -> None:
    """Quiet threads are not read again: how many would be is a setting, not a cost of change."""
    usual = SlackSettings.model_construct(tokens=SecretStr(TOKEN), base_url=base_url)
    settings = usual.model_copy(update={"pace": 1e6, "recheck_threads": 0})
    source = Source("cppa_slack_tracker", TEAM)
    with database.transaction() as session:
        now = datetime.now(UTC)
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    collector = CppaSlackTracker(team=TEAM, settings=settings, around=Surroundings())
    collector.collect(Run(source, database, run_id))


if __name__ == "__main__":
    opened = open_database(sys.argv[1], application_name="benchmark")
    _collect(opened, sys.argv[2])
    print(peak_megabytes())
