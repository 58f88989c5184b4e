"""Many repositories: each by a run of its own, and one that fails stops nobody."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import State

from conformance.replay.repositories import Repositories
from conformance.replay.routes import listing
from conformance.replay.server import replaying
from flows.dead_letters import retry_dead_letters
from flows.github_activity_tracker import github_activity_tracker
from services.runs.services import Source, open_dead_letters
from tests.flows.groups import COLLECTOR, children, collected, repository
from tests.flows.records import QUIET, Records
from tests.support.git_repositories import Repository, git
from tests.support.local_stack import LocalPrefect
from tests.support.registering import register_collectors

pytestmark = [pytest.mark.xdist_group("prefect"), *map(pytest.mark.filterwarnings, QUIET)]
Collect = Callable[..., State[Any]]


@pytest.fixture
def collect(
    records: Records, prefect_api: LocalPrefect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Collect:
    prefect_api.ensure_pool("bdc")
    asyncio.run(register_collectors(prefect_api.api_url, [COLLECTOR], "bdc"))
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", prefect_api.api_url)

    def run(repository: object, **parameters: Any) -> State[Any]:
        call = github_activity_tracker(str(repository), **parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run


def super_project(folder: Path, *urls: str) -> Repository:
    made = Repository.create(folder / "super")
    modules = "".join(f'[submodule "m{n}"]\n\turl = {url}\n' for n, url in enumerate(urls))
    made.commit({".gitmodules": modules.encode()})
    return made


def letters(records: Records, source_key: str) -> dict[str, str]:
    with records.database.transaction() as session:
        found = open_dead_letters(session, Source(COLLECTOR, source_key))
    return {letter.item_key: letter.error for letter in found}


def test_a_failing_submodule_is_set_aside_and_collected_later(
    collect: Collect, records: Records, prefect_api: LocalPrefect, tmp_path: Path
) -> None:
    asio = repository(tmp_path, "asio")
    broken = repository(tmp_path, "broken")
    (broken.path / "HEAD").write_text("nonsense")
    above = super_project(tmp_path, "../asio", "../broken", "../gone", "../asio/")
    key = f"{above.path} and its submodules"

    state = collect(above.path, submodules=True)
    assert (state.name, state.is_completed()) == ("Partial", True)
    assert {child.name for child in children(prefect_api, state)} == {
        f"{COLLECTOR} {path}" for path in (above.path, asio.path, broken.path)
    }
    found = letters(records, key)
    assert set(found) == {str(broken.path), "m2"}
    assert "Failed" in found[str(broken.path)] or "ConfigError" in found[str(broken.path)]
    assert "gone does not exist" in found["m2"]
    done = {name for name, status in collected(records.database) if status == "completed"}
    assert {"asio", "super"} <= done

    (broken.path / "HEAD").write_text("ref: refs/heads/main\n")
    with records.database.transaction() as session:
        waiting = open_dead_letters(session, Source(COLLECTOR, key))
        ids = [letter.id for letter in waiting if letter.item_key == str(broken.path)]
    call = retry_dead_letters(COLLECTOR, key, ids, return_state=True)
    asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
    assert set(letters(records, key)) == {"m2"}


def test_a_pattern_means_what_the_owner_has_and_a_dry_run_stores_nothing(
    collect: Collect, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("asio", "asio-docs", "beast"):
        made = repository(tmp_path / "boostorg", f"{name}.git")
        git(made.path, "update-server-info")
    names = [{"full_name": f"boostorg/{name}"} for name in ("asio", "asio-docs", "beast")]
    with replaying(Repositories(tmp_path), listing("/orgs/boostorg/repos", names)) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_GIT_URL", server.url)
        state = collect("boostorg/asio*", at_once=2, dry_run=True)
        assert state.name == "DryRun"
        assert "fetched=2" in str(state.message)
        assert not any(
            asked.path.startswith("/boostorg/beast") for asked in server.traffic.requests
        )
    assert collected(records.database) == []


def test_when_all_fail_the_run_fails_and_names_the_reason(
    collect: Collect, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [{"full_name": "boostorg/asio"}]
    with replaying(listing("/orgs/boostorg/repos", names)) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_GIT_URL", server.url)
        state = collect("boostorg/*")
    assert state.is_failed()
    (reason,) = letters(records, "boostorg/*").values()
    assert "boostorg/asio" in json.dumps(reason)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repository": "boostorg/*", "submodules": True}, "submodules are of one only"),
        ({"repository": "*/asio*"}, "a pattern is like"),
        ({"repository": "boostorg/a/*"}, "a pattern is like"),
        ({"repository": "/nowhere/at/all", "submodules": True}, "does not exist"),
        ({"repository": "boostorg/*", "at_once": 0}, "at least one at a time"),
    ],
)
def test_what_cannot_be_a_selection_is_a_config_error(
    collect: Collect, given: dict[str, Any], said: str
) -> None:
    state = collect(**given)
    assert state.name == "ConfigError"
    assert said in str(state.message)


def test_a_pattern_that_matches_nothing_is_a_config_error(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [{"full_name": "boostorg/asio"}]
    with replaying(listing("/orgs/boostorg/repos", names)) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        state = collect("boostorg/x*")
    assert state.name == "ConfigError"
    assert "none of 1 matches boostorg/x*" in str(state.message)
