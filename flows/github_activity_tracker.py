"""The flow of github_activity_tracker."""

from typing import Any

from prefect import State, flow

from collectors import AbstractCollector
from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from flows.github_repositories import GitAccess, GitHubRepositories
from flows.lifecycle import run_collector
from flows.reporting import run_name
from flows.repository_selection import Selection, is_selection
from services.http.github import GitHubAccess
from services.settings import PlatformSettings, load_room_settings

# So many children that the two cores of a small worker are busy while some wait for GitHub.
AT_ONCE = 4


def build(
    settings: PlatformSettings,
    *,
    submodules: bool = False,
    at_once: int = AT_ONCE,
    **parameters: Any,
) -> AbstractCollector:
    """The collector from the platform's settings, the room's own, and the flow's parameters.

    One that starts others where the parameters mean several repositories.
    """
    room = load_room_settings(GitHubSettings)
    repository = parameters.pop("repository")
    if not is_selection(repository, submodules=submodules):
        return GitHubActivityTracker(
            repository=repository,
            workspace=settings.workspace,
            settings=room,
            access=load_room_settings(GitHubAccess),
            **parameters,
        )
    return GitHubRepositories(
        Selection(repository, submodules),
        parameters,
        at_once=at_once,
        access=load_room_settings(GitHubAccess),
        git=GitAccess(room.git_url, room.git_stall_seconds),
    )


@flow(name="github_activity_tracker", flow_run_name=run_name("repository"))
async def github_activity_tracker(  # noqa: PLR0913, PLR0917 - Prefect's form shows each by itself
    repository: str,
    submodules: bool = False,
    at_once: int = AT_ONCE,
    branches: list[str] | None = None,
    line_counts: bool = True,
    streams: list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    reread: bool = False,
    dry_run: bool = False,
) -> State[Any]:
    """Collect repositories: commits and, of GitHub's, issues, pull requests, reviews, comments.

    Of many each is collected by a run of its own.

    Args:
        repository: `owner/name` on GitHub, any git URL, or a local path; `owner/*` and other
            patterns mean all that the owner has.
        submodules: The repository and every one that its `.gitmodules` names.
        at_once: How many repositories are collected at the same time, where there are several.
        branches: Names or patterns such as `release/*`; without any, the default branch.
        line_counts: Count lines; false leaves file contents out, for repositories too big to hold.
        streams: Which of metadata, commits, issues, pull_requests, reviews, comments,
            review_comments; without any, all that there are: of a repository elsewhere, commits.
        since: Collect once more what was last updated from this day or time on, e.g. 2024-01-31.
        until: The same up to this day or time; a dry run says what it would cost in API calls.
        reread: Read everything again instead of only what is new.
        dry_run: Fetch and compare, write nothing, say what would change.
    """
    several = is_selection(repository, submodules=submodules)
    parameters = {
        "repository": repository,
        **({"submodules": submodules, "at_once": at_once} if several else {}),
        "branches": branches or [],
        "line_counts": line_counts,
        "streams": streams or [],
        "since": since,
        "until": until,
        "reread": reread,
    }
    return run_collector("github_activity_tracker", build, parameters, dry_run=dry_run)
