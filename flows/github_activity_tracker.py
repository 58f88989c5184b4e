"""The flow of github_activity_tracker."""

from typing import Any

from prefect import State, flow

from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from flows.lifecycle import run_collector
from flows.reporting import run_name
from services.settings import PlatformSettings, load_room_settings


def build(settings: PlatformSettings, **parameters: Any) -> GitHubActivityTracker:
    """The collector from the platform's settings, the room's own, and the flow's parameters."""
    return GitHubActivityTracker(
        workspace=settings.workspace, settings=load_room_settings(GitHubSettings), **parameters
    )


@flow(name="github_activity_tracker", flow_run_name=run_name("repository"))
async def github_activity_tracker(
    repository: str,
    branches: list[str] | None = None,
    line_counts: bool = True,
    reread: bool = False,
    dry_run: bool = False,
) -> State[Any]:
    """Collect the commits of one Git repository.

    Args:
        repository: `owner/name` on GitHub, any git URL, or a local path.
        branches: Names or patterns such as `release/*`; without any, the default branch.
        line_counts: Count lines; false leaves file contents out, for repositories too big to hold.
        reread: Read the whole history again instead of only what is new.
        dry_run: Fetch and compare, write nothing, say what would change.
    """
    parameters = {
        "repository": repository,
        "branches": branches or [],
        "line_counts": line_counts,
        "reread": reread,
    }
    return run_collector("github_activity_tracker", build, parameters, dry_run=dry_run)
