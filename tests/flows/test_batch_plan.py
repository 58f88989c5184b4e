"""What a release task is to run for."""

from flows.batch_plan import releases_for
from services.releases.models import Release


def known(*names: str) -> list[Release]:
    return [Release(project=name.partition("-")[0], tag=name) for name in names]


def names(releases: list[Release]) -> list[str]:
    return [release.tag for release in releases]


def test_a_new_task_begins_with_the_newest_release_of_each_project() -> None:
    found = releases_for(known("asio-1", "asio-2", "boost-1", "boost-2", "boost-3"), {})
    assert names(found.wanted) == ["asio-2", "boost-3"]
    assert names(found.passed_over) == ["asio-1", "boost-1", "boost-2"]


def test_without_a_release_there_is_nothing_to_do() -> None:
    found = releases_for([], {"2026-01-31": "succeeded"})
    assert (found.wanted, found.passed_over) == ([], [])


def test_what_did_not_succeed_is_wanted_again_in_the_order_of_versions() -> None:
    statuses = {
        "boost boost-1": "passed over",
        "boost boost-2": "failed",
        "boost boost-3": "succeeded",
        "boost boost-4": "running",
        "boost boost-6": "skipped",
    }
    found = releases_for(known(*(f"boost-{n}" for n in range(1, 7))), statuses)
    assert names(found.wanted) == ["boost-2", "boost-4", "boost-5", "boost-6"]
    assert found.passed_over == []


def test_the_same_tag_in_two_projects_is_two_releases() -> None:
    both = [Release(project=name, tag="v1") for name in ("asio", "json")]
    found = releases_for(both, {"asio v1": "succeeded"})
    assert [release.project for release in found.wanted] == ["json"]
