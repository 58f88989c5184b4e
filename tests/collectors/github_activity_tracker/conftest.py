"""A repository of GitHub's on loopback, and the collector of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.database import Database
from tests.support.collecting_github import NAME, Clock, CollectingGitHub
from tests.support.github_site import GitHubRepository, GitHubSite, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> Iterator[GitHubSite]:
    with serving(GitHubSite(now=clock)) as made:
        made.add(NAME)
        yield made


@pytest.fixture
def github(site: GitHubSite) -> GitHubRepository:
    return site.repositories[NAME]


@pytest.fixture
def collecting_github(
    database: Database, site: GitHubSite, clock: Clock, tmp_path: Path
) -> CollectingGitHub:
    return CollectingGitHub(database, site, clock, tmp_path / "workspace")
