"""A hole in the tables is found by a comparison with GitHub, named, and repaired by the next run."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from services.completeness.comparing import WHOLE, Comparison, Gap
from services.completeness.services import note_comparisons, open_repairs
from services.database import Database
from services.errors import ConfigError
from tests.support.collecting_github import TABLES, Clock, CollectingGitHub
from tests.support.github_shelves import Shape
from tests.support.github_site import GitHubRepository, GitHubSite

MANY = 1000
OFFSET = 5_000_000_000 + 711_000_000


@pytest.fixture
def whole(github: GitHubRepository, collecting_github: CollectingGitHub) -> CollectingGitHub:
    """A thousand issues, all collected."""
    github.fill(MANY, Shape(comment_every=1))
    collecting_github.collect()
    return collecting_github


def compare(collecting: CollectingGitHub, sample: int = 100) -> dict[str, Comparison]:
    """What `bdc reconcile` finds, and queues."""
    run = collecting.run()
    found = collecting.collector().reconcile(run, sample)
    with run.transaction() as session:
        note_comparisons(session, run.source, found)
    return {one.stream: one for one in found}


def delete(collecting: CollectingGitHub, table: str, condition: str) -> None:
    with collecting.database.transaction() as session:
        session.execute(text(f"delete from github_activity_tracker_{table} where {condition}"))


def repairs(collecting: CollectingGitHub) -> list[str]:
    with collecting.database.transaction() as session:
        return [one.item_key for one in open_repairs(session, collecting.source())]


def counts(found: dict[str, Comparison]) -> dict[str, tuple[int, int]]:
    return {name: (one.at_source, one.stored) for name, one in found.items()}


def gaps(found: dict[str, Comparison]) -> dict[str, Sequence[Gap]]:
    return {name: one.gaps for name, one in found.items() if one.gaps}


def test_tables_that_are_whole_are_said_to_be_with_few_calls(whole: CollectingGitHub) -> None:
    before = len(whole.calls())
    found = compare(whole)
    assert counts(found) == {
        "issues": (667, 667),
        "pull_requests": (333, 333),
        "reviews": (100, 100),
        "comments": (MANY, MANY),
        "review_comments": (166, 166),
    }
    assert gaps(found) == {}
    assert found["comments"].sampled == 100
    # The repository, four counts, a page of each of three listings, and four questions of reviews.
    assert len(whole.calls()) - before <= 12
    assert repairs(whole) == []


def test_a_hole_is_found_named_and_repaired_by_the_next_run(whole: CollectingGitHub) -> None:
    versions = whole.row_versions()
    delete(whole, "comment", "number in (333, 901)")
    delete(whole, "issue", "number in (44, 45)")
    before = len(whole.calls())
    found = compare(whole, sample=0)
    assert len(whole.calls()) - before < 30
    assert gaps(found) == {
        "issues": [Gap("44", "missing")],
        "pull_requests": [Gap("45", "missing")],
        "comments": [Gap(str(OFFSET + n), "missing") for n in (333, 901)],
    }
    whole.collect()
    assert repairs(whole) == []
    assert gaps(compare(whole)) == {}
    after = whole.row_versions()
    assert {name: len(after[name]) for name in TABLES} == {n: len(versions[n]) for n in TABLES}


def test_a_record_that_is_old_or_should_be_gone_is_found_and_repaired(
    whole: CollectingGitHub, github: GitHubRepository
) -> None:
    github.delete_issue(500)
    github.comments.drop(700)
    with whole.database.transaction() as session:
        behind = (
            "update github_activity_tracker_issue set updated_at = '2020-01-01', content_hash = ''"
        )
        session.execute(text(f"{behind} where number = 7"))
    found = compare(whole, sample=MANY)
    assert gaps(found) == {
        "issues": [Gap("7", "stale"), Gap("500", "gone")],
        "comments": [Gap(str(OFFSET + n), "gone") for n in (500, 700)],
    }
    whole.collect()
    assert gaps(compare(whole, sample=MANY)) == {}
    assert whole.values("select number from _issue where deleted_at is not null") == [500]
    assert whole.values("select number from _comment where deleted_at is not null") == [500, 700]


def test_reviews_are_compared_pull_request_by_pull_request(whole: CollectingGitHub) -> None:
    delete(whole, "review", "number = 300")
    found = compare(whole, sample=MANY)
    assert gaps(found) == {"reviews": [Gap("300", "missing")]}
    whole.collect()
    assert gaps(compare(whole, sample=MANY)) == {}


def test_what_came_after_the_last_run_is_no_gap(
    whole: CollectingGitHub, github: GitHubRepository, clock: Clock
) -> None:
    clock.pass_(hours=1)
    github.issue(MANY + 1)
    github.comment(5, 5, body="edited")
    github.review(3, 3, body="edited")
    found = compare(whole, sample=MANY)
    assert (gaps(found), counts(found)["issues"]) == ({}, (668, 667))


def test_where_very_much_is_missing_the_stream_is_read_again(whole: CollectingGitHub) -> None:
    delete(whole, "comment", "number > 100")
    compare(whole)
    assert repairs(whole) == [WHOLE]
    whole.collect()
    assert (repairs(whole), whole.values("select count(*) from _comment")) == ([], [MANY])


def test_without_a_token_few_reviews_are_asked_for(
    database: Database, site: GitHubSite, clock: Clock, tmp_path: Path, github: GitHubRepository
) -> None:
    github.fill(30)
    anonymous = CollectingGitHub(database, site, clock, tmp_path, tokens=None)
    anonymous.collect()
    assert compare(anonymous)["reviews"].sampled == 5


def test_a_stream_that_was_never_collected_is_not_compared(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(10)
    collecting_github.collect(streams=["metadata"])
    assert list(compare(collecting_github)) == ["reviews"]


def test_a_repository_elsewhere_cannot_be_compared(collecting_github: CollectingGitHub) -> None:
    collector = collecting_github.collector(repository="https://example.org/x/y.git", streams=[])
    with pytest.raises(ConfigError, match="not on GitHub"):
        collector.reconcile(collecting_github.run(), 10)
