"""Pages of issues and pull requests on their way to a folder or a git repository."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from collectors.github_activity_tracker.services import read_pages
from collectors.github_activity_tracker.settings import ExportSettings, GitHubSettings
from services.database import open_database
from services.errors import ConfigError
from services.git.source import Remote, parse_repository
from services.publication.folder import FolderTree
from services.publication.pages import plan
from services.publication.repository import RepositoryTree
from services.settings import PlatformSettings, load_room_settings, require_database_url

Tree = FolderTree | RepositoryTree
# So many pages are a commit, and lie in memory.
MOST_PAGES = 500


def export_tree(platform: PlatformSettings) -> Tree | None:
    """Where pages go; None when that is nowhere.

    Raises:
        ConfigError: two places are set, or the repository can be none.
    """
    settings = load_room_settings(ExportSettings)
    if settings.directory and settings.repository:
        raise ConfigError(
            "GITHUB_EXPORT_DIRECTORY and GITHUB_EXPORT_REPOSITORY are set: pages go to one place"
        )
    if settings.directory or settings.repository:
        return page_tree(platform, settings, "GITHUB_EXPORT_TOKEN")
    return None


class PageSettings(Protocol):
    """Where pages go, a folder or else a branch of a repository, and who writes there."""

    @property
    def directory(self) -> Path | None:
        """The folder."""

    @property
    def repository(self) -> str | None:
        """As `owner/name`, or an address."""

    @property
    def branch(self) -> str:
        """Of the repository."""

    @property
    def token(self) -> SecretStr | None:
        """That may push."""

    @property
    def author(self) -> str:
        """`Name <address>`."""


def page_tree(platform: PlatformSettings, settings: PageSettings, token_name: str) -> Tree:
    """Where pages go; `token_name` is what a missing right is told to be the fault of.

    Raises:
        ConfigError: the repository can be none.
    """
    if settings.directory:
        return FolderTree(settings.directory.expanduser().absolute())
    github = load_room_settings(GitHubSettings)
    source = parse_repository(settings.repository or "", github.git_url)
    remote = Remote(source, settings.token, github.git_stall_seconds, token_name)
    clone = platform.workspace / "outbox" / source.directory_name
    return RepositoryTree(
        remote, settings.branch, clone, settings.author, lambda: datetime.now(UTC)
    )


def publisher(platform: PlatformSettings, tree: Tree) -> Callable[[Sequence[str]], None]:
    """Writes the pages of these subjects as the tables say now."""

    def publish(subjects: Sequence[str]) -> None:
        database = open_database(require_database_url(platform), application_name="bdc export")
        try:
            markers = tree.markers()
            with database.transaction() as session:
                homes, pages = read_pages(session, subjects)
        finally:
            database.close()
        count = f"{len(subjects)} issues and pull requests" if len(subjects) > 1 else subjects[0]
        tree.apply(plan(markers, homes, pages), f"Export {count}")

    return publish
