"""What is written when the same thing is told more than once, on a real PostgreSQL."""

from datetime import timedelta

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.parsing.records import read_record
from collectors.github_activity_tracker.services import RepositoryFacts
from tests.support import github_payloads as shown
from tests.support.collecting_github import NAME, CollectingGitHub
from tests.support.github_site import GitHubRepository, GitHubSite


def test_of_an_issue_that_is_told_twice_the_last_update_counts_whatever_the_order(
    collecting_github: CollectingGitHub, github: GitHubRepository
) -> None:
    github.fill(1)
    collecting_github.collect(streams=["metadata"])
    (repository,) = collecting_github.values("select id from _repository")
    payload = shown.issue(github.issues.entries[1], github.place)
    newer = read_record(payloads.Issue, {**payload, "title": "Newer"}, "number")
    assert isinstance(newer, payloads.Issue)
    before = (newer.updated_at - timedelta(hours=1)).isoformat()
    older = read_record(payloads.Issue, {**payload, "updated_at": before}, "number")
    assert isinstance(older, payloads.Issue)
    with collecting_github.database.transaction() as session:
        stored = services.store_issues(session, repository, [newer, older])
    assert stored.tables["issue"].inserted == 1
    assert collecting_github.values("select title from _issue") == ["Newer"]


def test_commits_of_a_repository_that_was_renamed_go_to_its_row(
    collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    collecting_github.collect(streams=["metadata"])
    (row,) = collecting_github.values("select id from _repository")
    site.rename(NAME, "cppalliance/sample")
    collecting_github.collect(streams=["metadata"])
    facts = RepositoryFacts(NAME, "github", "sample", f"https://github.com/{NAME}", "main")
    with collecting_github.database.transaction() as session:
        assert services.store_repository(session, facts)[0] == row
    assert collecting_github.values("select source_key from _repository") == ["cppalliance/sample"]
