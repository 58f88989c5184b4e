"""The hooks: list the tags, keep those that are releases."""

from typing import ClassVar

from collectors import AbstractCollector
from collectors.boost_release_tracker.client import list_tags
from collectors.boost_release_tracker.parsing import read_tags, stable_releases
from collectors.boost_release_tracker.settings import ReleaseSettings
from services.errors import ConfigError
from services.git.source import parse_repository
from services.releases.services import store_releases
from services.runs.result import CollectResult
from services.runs.run import Run

PROJECT = "boost"


class BoostReleaseTracker(AbstractCollector):
    """Notices what Boost has released since the last look."""

    name: ClassVar[str] = "boost_release_tracker"

    def __init__(self, *, repository: str, settings: ReleaseSettings) -> None:
        self._repository = repository
        self._settings = settings

    @property
    def source_key(self) -> str:
        """`owner/name` on GitHub, `host/path` elsewhere; what was given, where that cannot be one."""
        try:
            return parse_repository(self._repository).source_key
        except ConfigError:
            return self._repository

    def validate_config(self) -> None:
        """The repository can be one."""
        parse_repository(self._repository)

    def collect(self, run: Run) -> CollectResult:
        """All releases, of which the new ones are stored.

        Raises:
            ConfigError: the repository has no release at all, so it is not that of Boost.
        """
        listing = list_tags(self._repository, self._settings.stall_seconds)
        releases = stable_releases(read_tags(listing))
        if not releases:
            raise ConfigError(
                f"repository {self.source_key} has no tag like boost-1.90.0: is it the one of Boost?"
            )
        with run.transaction() as session:
            written = store_releases(session, PROJECT, releases)
        run.add(CollectResult(len(releases), tables={"release": written}))
        return run.result
