"""Where collectors of GitHub lose or invent records: each edge by its name."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from collectors.github_activity_tracker.collector import StreamsFailed
from conformance.replay.faults import Fault, status
from conformance.replay.messages import Answer, Asked
from services.vectors.services import search_documents
from tests.support.collecting_github import NAME, Clock, CollectingGitHub, Heard
from tests.support.github_payloads import EPOCH, GHOST, MISSING
from tests.support.github_shelves import Shape
from tests.support.github_site import GitHubRepository, GitHubSite

PLAIN = Shape(pull_every=0, comment_every=0)
PULLS = Shape(comment_every=0)


class Ending(Heard):
    """Ends the run with its first progress in reviews."""

    def advance(self, amount: int) -> None:
        if "collecting reviews" in self.lines:
            raise KeyboardInterrupt(amount)


def changing(change: object) -> Fault:
    """The usual answer, and then something changes at the source."""

    def fault(_: Asked, usual: Answer) -> Answer:
        change()  # type: ignore[operator]
        return usual

    return fault


def test_an_edit_of_an_old_comment_is_seen(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(60)
    collecting_github.collect()
    clock.pass_(days=30)
    github.comment(2, body="Edited after a month")
    collecting_github.collect()
    assert collecting_github.values("select body from _comment where number = 2") == [
        "Edited after a month"
    ]
    with collecting_github.database.transaction() as session:
        found = search_documents(session, "edited month")
    assert [one.title for one in found] == ["Title of 2"]


def test_an_item_updated_during_the_walk_shifts_none_past_us(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(500, PLAIN)
    path = "/repos/boostorg/sample/issues"
    site.server.script.on(
        path, *[changing(lambda n=number: github.issue(n)) for number in range(1, 5)]
    )
    collecting_github.collect(streams=["issues"])
    assert collecting_github.values("select count(*) from _issue") == [500]


def test_pull_requests_opened_and_updated_during_the_walk_are_all_stored(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(300, Shape(pull_every=1, comment_every=0, review_every=0))
    collecting_github.collect(streams=["pull_requests"])
    collecting_github.clock.pass_(hours=1)
    for number in range(1, 251):
        github.pull(number, title="Again")
    path = "/repos/boostorg/sample/pulls"
    site.server.script.on(
        path,
        changing(lambda: github.pull(251, title="Meanwhile")),
        changing(lambda: github.pull(301, title="New")),
    )
    collecting_github.collect(streams=["pull_requests"])
    collecting_github.collect(streams=["pull_requests"])
    assert collecting_github.rows(
        "select title, count(*) from _issue group by 1 having count(*) < 48 or count(*) > 49 order by 1"
    ) == [
        ("Again", 250),
        ("Meanwhile", 1),
        ("New", 1),
        *sorted((f"Title of {number}", 1) for number in range(252, 301)),
    ]


def test_details_that_fail_leave_the_pull_request_whole(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(12)
    site.server.script.on("/graphql", *[status(502)] * 4)
    with pytest.raises(Exception, match="reviews"):
        collecting_github.collect()
    ids = "select github_id % 1000000, state from _issue where kind = 'pull_request' order by 1"
    before = collecting_github.rows(ids)
    assert [state for _, state in before] == ["closed", "merged", "closed", "merged"]
    assert collecting_github.values("select count(*) from _comment") == [6]
    collecting_github.collect()
    assert collecting_github.rows(ids) == before
    assert collecting_github.values("select count(*) from _review") == [4]


def test_what_deleted_accounts_said_is_kept(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(12)
    github.issue(1, user=None, assignees=[None, None][:0])
    github.pull(3, user=None)
    github.comment(2, 2, user=None, body="From nobody")
    github.comment(4, 4, user=GHOST)
    github.review(3, 3, user=None)
    github.review_comment(6, 6, user=None)
    collecting_github.collect()
    assert collecting_github.values(
        "select number from _issue where author_id is null order by 1"
    ) == [1, 3]
    assert collecting_github.values("select body from _comment where author_id is null") == [
        "From nobody"
    ]
    assert collecting_github.values("select number from _review where reviewer_id is null") == [3]
    assert collecting_github.values(
        "select number from _review_comment where author_id is null"
    ) == [6]
    assert collecting_github.values(
        "select username from identity_profile where external_id = '10137'"
    ) == ["ghost"]
    with collecting_github.database.transaction() as session:
        assert [one.title for one in search_documents(session, '"ghost: From nobody"')] == [
            "Title of 2"
        ]


def test_a_bad_record_costs_itself_only(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(60)
    good = "Body with a NUL\0and half a pair\udc3d"
    github.issue(5, title=MISSING)
    github.pull(9, head=MISSING)
    github.pull(12, body=good)
    github.comment(2, 2, issue_url="https://api.github.com/repos/boostorg/sample/issues/none")
    github.comment(4, 4, issue_url="https://api.github.com/repos/boostorg/sample/issues/0")
    github.comment(8, 8, id=MISSING)
    github.review(15, 15, state=MISSING)
    result = collecting_github.collect()
    letters = "select stream, item_key from collector_dead_letter where status = 'open' order by id"
    found = collecting_github.rows(letters)
    assert [stream for stream, _ in found] == [
        "issues",
        "pull_requests",
        "reviews",
        "comments",
        "comments",
        "comments",
    ]
    assert found[0] == ("issues", "5")
    assert found[2][1].startswith("15/")
    assert result.quarantined == 6
    assert collecting_github.values("select count(*) from _issue") == [58]
    assert collecting_github.values("select body from _issue where number = 12") == [
        "Body with a NULand half a pair"
    ]
    for entry in (
        *github.issues.entries.values(),
        *github.comments.entries.values(),
        *github.reviews.entries.values(),
    ):
        entry.fields.clear()
    again = collecting_github.replay()
    collecting_github.collect()
    assert again.quarantined == 1
    assert collecting_github.values("select count(*) from _issue") == [60]
    assert collecting_github.values("select count(*) from _review") == [20]
    assert collecting_github.values("select count(*) from _comment") == [30]


def test_a_letter_whose_record_is_gone_needs_no_storing(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(10)
    github.issue(5, title=7)
    collecting_github.collect()
    github.delete_issue(5)
    assert collecting_github.replay().fetched == 0


def test_a_letter_whose_issue_has_moved_brings_nothing_of_where_it_is(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(10, PLAIN)
    github.issue(4, title=7)
    collecting_github.collect()
    other = site.add("boostorg/other", 99)
    github.transfer(4, other, 7)
    other.issue(7, title="Of the other")
    assert collecting_github.replay().fetched == 0
    assert collecting_github.values("select title from _issue where number = 7") == ["Title of 7"]


def test_reasons_that_github_adds_are_stored(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(3, PLAIN)
    github.issue(3, state="closed", state_reason="superseded", type={"id": 1, "name": "Bug"})
    collecting_github.collect()
    assert collecting_github.rows(
        "select state, state_reason, issue_type from _issue where number = 3"
    ) == [("closed", "superseded", "Bug")]


def test_labels_and_assignees_are_what_they_are_now(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(8, PLAIN)
    collecting_github.collect()
    links = (
        "select count(*) from _issue_label l join _issue i on i.id = l.issue_id where number = 7"
        " union all select count(*) from _issue_assignee a join _issue i on i.id = a.issue_id"
        " where number = 5"
    )
    assert collecting_github.values(links) == [3, 2]
    clock.pass_(minutes=1)
    github.issue(7, labels=[])
    github.issue(5, assignees=[])
    collecting_github.collect()
    assert collecting_github.values(links) == [0, 0]


def test_an_update_from_the_future_holds_nothing_up(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(5, PLAIN)
    github.issues.entries[5].updated = clock() + timedelta(days=1000)
    collecting_github.collect()
    clock.pass_(minutes=10)
    github.issue(2, title="After it")
    collecting_github.collect()
    assert collecting_github.values("select title from _issue where number = 2") == ["After it"]


def test_a_crash_between_a_page_and_the_end_loses_no_deletion(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite, clock: Clock
) -> None:
    clock.now = EPOCH + timedelta(days=3)
    github.fill(20, PLAIN)
    collecting_github.collect(streams=["issues"])
    github.delete_issue(4)
    clock.pass_(hours=25)
    site.server.script.on("/repos/boostorg/sample/issues/4", *[status(502)] * 8)
    with pytest.raises(Exception, match="issues"):
        collecting_github.collect(streams=["issues"])
    site.server.script.on("/repos/boostorg/sample/issues/4")
    collecting_github.collect(streams=["issues"])
    assert collecting_github.values("select number from _issue where deleted_at is not null") == [4]


@pytest.mark.parametrize("tokens", ["welcome", None])
def test_nothing_is_gone_because_its_repository_is_hidden(
    github: GitHubRepository,
    collecting_github: CollectingGitHub,
    site: GitHubSite,
    tokens: str | None,
) -> None:
    """It is hidden after its listings were read and before single records are asked for."""
    collecting_github.tokens = tokens
    github.fill(12)
    listing = "/repos/boostorg/sample/pulls"
    site.server.script.on(listing, changing(lambda: site.repositories.pop(NAME)))
    with pytest.raises(StreamsFailed, match="reviews"):
        collecting_github.collect(streams=["pull_requests", "reviews"])
    assert collecting_github.values("select count(*) from _issue where deleted_at is null") == [4]
    site.repositories[NAME] = github
    collecting_github.collect(streams=["pull_requests", "reviews"])
    assert collecting_github.values("select count(*) from _review where deleted_at is null") == [4]


def test_a_listing_is_not_absent_because_its_repository_is_hidden(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(12)
    listing = "/repos/boostorg/sample/issues"
    site.server.script.on(listing, changing(lambda: site.repositories.pop(NAME)))
    with pytest.raises(
        StreamsFailed, match=r"^not collected: comments: GitHub shows boostorg/sample"
    ):
        collecting_github.collect(streams=["issues", "comments"])


def test_nothing_has_moved_because_its_repository_is_renamed(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite, clock: Clock
) -> None:
    """Of an issue that a listing leaves out, which is asked for by itself."""
    clock.now = EPOCH + timedelta(days=3)
    github.fill(20, PLAIN)
    collecting_github.collect(streams=["issues"])
    clock.pass_(hours=25)

    def lagging(asked: Asked, _: Answer) -> Answer:
        left_out = github.issues.entries[4]
        github.issues.drop(4)
        answer = site(asked)
        github.issues.put(left_out)
        site.rename("boostorg/sample", "cppalliance/sample")
        assert answer is not None
        return answer

    site.server.script.on("/repos/boostorg/sample/issues", lagging)
    with pytest.raises(StreamsFailed, match="another name"):
        collecting_github.collect(streams=["issues"])
    collecting_github.collect(streams=["issues"])
    assert collecting_github.values("select count(*) from _issue where deleted_at is null") == [20]


def test_a_pull_request_that_is_gone_is_due_until_it_is_marked(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    """Whatever is stored first, the run ends after it."""
    github.fill(9, PULLS)
    collecting_github.collect(streams=["pull_requests"])
    github.delete_issue(9)
    collector, run = collecting_github.collector(streams=["reviews"]), collecting_github.run()
    run.progress = Ending()
    with pytest.raises(KeyboardInterrupt):
        collector.collect(run)
    collecting_github.collect(streams=["reviews"])
    assert collecting_github.values("select number from _issue where deleted_at is not null") == [9]


def test_a_label_that_is_renamed_is_renamed_everywhere(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(6, PLAIN)
    collecting_github.collect()
    clock.pass_(minutes=1)
    github.issue(1, labels=[{"id": 8_711_000_003, "name": "renamed", "color": "ffffff"}])
    collecting_github.collect()
    assert collecting_github.values("select name from _label where github_id = 8711000003") == [
        "renamed"
    ]
    assert collecting_github.values(
        "select count(*) from _issue_label l join _label x on x.id = l.label_id where x.name = 'renamed'"
    ) == [2]


def test_work_that_is_due_outlives_the_run(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(12)
    collector, run = collecting_github.collector(), collecting_github.run()
    collector.collect(run)
    assert collecting_github.values("select count(*) from _due where task = 'document'") == [12]
    collecting_github.collect()
    assert collecting_github.values("select count(*) from document") == [12]
    assert collecting_github.values("select count(*) from _due") == [0]


def test_a_private_repository_is_for_search_here_only(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fields = {"private": True, "visibility": "private", "license": None}
    github.fill(3, PLAIN)
    collecting_github.collect()
    assert collecting_github.values("select distinct is_private from document") == [True]
    assert collecting_github.values("select licence from _metadata") == [None]


def test_what_was_said_in_a_repository_that_becomes_private_is_for_search_here_only(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    """And for no page: those of the issues and its own are to be written anew."""
    github.fill(3, PLAIN)
    collecting_github.collect()
    github.fields = {"private": True, "visibility": "private"}
    with collecting_github.database.transaction() as session:
        session.execute(text("update outbox set status = 'sent'"))
    collecting_github.collect()
    assert collecting_github.values("select distinct is_private from document") == [True]
    assert collecting_github.values("select count(*) from outbox where status = 'waiting'") == [4]
