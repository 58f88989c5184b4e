"""Releases of Boost, from the tags of a real repository to the table and the event."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import State
from sqlalchemy import select

from flows.boost_release_tracker import boost_release_tracker
from services.releases.models import Release
from tests.flows.records import QUIET, Records
from tests.support.git_repositories import Repository, git

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]

Watch = Callable[..., State[Any]]


MINORS = count(89, 10)


@pytest.fixture
def released() -> str:
    return f"boost-1.{next(MINORS)}.0"


@pytest.fixture
def boost(tmp_path: Path, released: str) -> Repository:
    """A repository with one release, a beta of the next, and a tag that is none.

    Of another version for each test: an event is one for its whole server, which they share.
    """
    made = Repository.create(tmp_path / "boost")
    made.commit({"a.txt": b"1"})
    for tag in (released, f"{released}.beta1", "svn-branches"):
        git(made.path, "tag", tag)
    return made


@pytest.fixture
def watch(boost: Repository, records: Records) -> Watch:
    """Runs the flow on that repository, in this process."""
    del records

    def run(**parameters: Any) -> State[Any]:
        given = {"repository": str(boost.path), **parameters}
        call = boost_release_tracker(**given, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run


def stored(records: Records) -> list[tuple[str, bool]]:
    """Tags, and whether they were announced."""
    with records.database.transaction() as session:
        found = session.scalars(select(Release).order_by(Release.version))
        return [(release.tag, release.announced_at is not None) for release in found]


def announced(records: Records, state: State[Any]) -> list[list[str]]:
    """The tags of each event of the run."""
    return [event["payload"]["tags"] for event in records.events(state, "release.")]


def test_a_release_is_stored_and_announced_once(
    watch: Watch, records: Records, released: str
) -> None:
    first = watch()
    assert (first.name, stored(records)) == ("Completed", [(released, True)])
    assert announced(records, first) == [[released]]
    assert announced(records, watch()) == []


def test_only_the_new_release_is_announced(
    watch: Watch, boost: Repository, records: Records, released: str
) -> None:
    watch()
    following = released.replace("1.", "1.1", 1)
    git(boost.path, "tag", following)
    assert announced(records, watch()) == [[following]]


def test_what_a_crash_left_unannounced_is_announced_by_the_next_run(
    watch: Watch, records: Records, released: str
) -> None:
    watch()
    with records.database.transaction() as session:
        for release in session.scalars(select(Release)):
            release.announced_at = None
            release.tag = released
    state = watch()
    assert stored(records) == [(released, True)]
    assert announced(records, state) == []  # the same event, under the same id: it exists already


def test_a_moved_tag_is_the_same_release_at_another_commit(
    watch: Watch, boost: Repository, records: Records, released: str
) -> None:
    watch()
    moved = boost.commit({"a.txt": b"2"})
    git(boost.path, "tag", "--force", released, moved)
    assert announced(records, watch()) == []
    with records.database.transaction() as session:
        assert session.scalars(select(Release.commit)).all() == [moved]


def test_a_dry_run_neither_stores_nor_announces(watch: Watch, records: Records) -> None:
    state = watch(dry_run=True)
    assert state.name == "DryRun"
    assert "inserted=1" in str(state.message)
    assert (stored(records), announced(records, state)) == ([], [])


def test_a_repository_without_any_release_is_not_that_of_boost(
    watch: Watch, boost: Repository, records: Records, released: str
) -> None:
    git(boost.path, "tag", "--delete", released)
    state = watch()
    assert state.name == "ConfigError"
    assert "has no tag like boost-1.90.0" in str(state.message)
    assert stored(records) == []


@pytest.mark.parametrize("repository", ["", "/no/such/place"])
def test_what_is_no_repository_is_refused(watch: Watch, records: Records, repository: str) -> None:
    state = watch(repository=repository)
    assert (state.name, stored(records)) == ("ConfigError", [])
