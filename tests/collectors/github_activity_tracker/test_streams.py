"""What the streams beside commits store, on a real PostgreSQL, from GitHub's API on loopback."""

import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.event import listen

from conformance.replay.faults import Fault, status
from conformance.replay.messages import Answer, Asked
from conformance.replay.recordings import load_recordings
from services.database import Database
from services.errors import ConfigError, RateLimited
from services.vectors.services import search_documents
from tests.support.collecting_github import NAME, Clock, CollectingGitHub, Heard
from tests.support.git_http import serve_repositories
from tests.support.git_repositories import Repository
from tests.support.github_payloads import EPOCH
from tests.support.github_shelves import Shape
from tests.support.github_site import GitHubRepository, GitHubSite, serving

RECORDINGS = Path(__file__).parent / "recordings"


def numbers(collecting: CollectingGitHub, condition: str) -> list[int]:
    return collecting.values(f"select number from _issue where {condition} order by number")


class TestAFirstRun:
    @pytest.fixture(autouse=True)
    def collected(self, github: GitHubRepository, collecting_github: CollectingGitHub) -> None:
        github.fill(300)
        collecting_github.collect()

    def test_every_record_is_stored(self, collecting_github: CollectingGitHub) -> None:
        counts = {
            name: collecting_github.values(f"select count(*) from _{name}")[0]
            for name in (
                "issue",
                "pull_request",
                "pull_request_detail",
                "comment",
                "review",
                "review_comment",
                "issue_label",
            )
        }
        assert counts == {
            "issue": 300,
            "pull_request": 100,
            "pull_request_detail": 100,
            "comment": 150,
            "review": 100,
            "review_comment": 50,
            "issue_label": 450,
        }

    def test_languages_licence_topics_and_numbers_are_stored(
        self, collecting_github: CollectingGitHub
    ) -> None:
        assert collecting_github.rows("select language, size from _language order by 1") == [
            ("C++", 9000),
            ("CMake", 30),
        ]
        assert collecting_github.rows(
            "select licence, topics, stars, visibility, full_name from _metadata"
        ) == [("BSL-1.0", ["boost", "cpp"], 5, "public", "boostorg/sample")]

    def test_a_merged_pull_request_says_so(self, collecting_github: CollectingGitHub) -> None:
        merged = numbers(collecting_github, "state = 'merged'")
        assert merged[:3] == [6, 12, 18]
        assert (
            collecting_github.values(
                "select i.number from _issue i join _pull_request p on p.issue_id = i.id"
                " where p.is_merged and p.merged_at is not null order by 1"
            )
            == merged
        )

    def test_ends_of_a_pull_request_are_stored_also_when_its_fork_is_deleted(
        self, collecting_github: CollectingGitHub
    ) -> None:
        found = collecting_github.rows(
            "select i.number, p.head_ref, p.head_sha, p.head_repository, p.base_ref, p.is_draft"
            " from _issue i join _pull_request p on p.issue_id = i.id where number in (6, 9)"
            " order by 1"
        )
        assert found == [
            (6, "topic-6", f"{7:040x}", None, "develop", False),
            (9, "topic-9", f"{10:040x}", "user9/sample", "develop", True),
        ]

    def test_reviews_and_comments_on_lines_are_kept_apart(
        self, collecting_github: CollectingGitHub
    ) -> None:
        assert collecting_github.rows(
            "select state, body, submitted_at is not null, commit_sha from _review where number = 9"
        ) == [("changes_requested", "Review 9", True, f"{10:040x}")]
        assert collecting_github.rows(
            "select path, line, side, hunk, review_github_id % 1000, reply_to_github_id % 1000"
            " from _review_comment where number = 30"
        ) == [("include/boost/30.hpp", None, "RIGHT", "@@ -1,3 +1,4 @@\n one\n+two", 30, 29)]

    def test_sizes_and_who_merged_come_with_the_reviews(
        self, collecting_github: CollectingGitHub
    ) -> None:
        assert collecting_github.rows(
            "select d.commits, d.changed_files, d.additions, d.deletions, p.username"
            " from _pull_request_detail d join _issue i on i.id = d.issue_id"
            " join identity_profile p on p.id = d.merged_by_id where number = 6"
        ) == [(2, 6, 60, 6, "user9")]

    def test_accounts_are_people_apps_or_organisations(
        self, collecting_github: CollectingGitHub
    ) -> None:
        assert collecting_github.rows(
            "select account_type, count(*) from identity_profile group by 1 order by 1"
        ) == [("bot", 1), ("organization", 2), ("user", 37)]
        assert collecting_github.rows(
            "select external_id, username from identity_profile where account_type = 'bot'"
        ) == [("49699333", "dependabot[bot]")]

    def test_milestones_assignees_and_reasons_are_stored(
        self, collecting_github: CollectingGitHub
    ) -> None:
        assert collecting_github.values(
            "select m.title from _issue i join _milestone m on m.id = i.milestone_id"
            " where i.number = 7"
        ) == ["Release 2"]
        assert collecting_github.values(
            "select p.username from _issue_assignee a join _issue i on i.id = a.issue_id"
            " join identity_profile p on p.id = a.profile_id where i.number = 5 order by 1"
        ) == ["user6", "user7"]

    def test_a_second_run_writes_no_row_and_costs_no_quota_for_what_is_unchanged(
        self, collecting_github: CollectingGitHub
    ) -> None:
        collecting_github.collect()
        before, asked = collecting_github.row_versions(), len(collecting_github.calls())
        again = collecting_github.collect()
        assert collecting_github.row_versions() == before
        assert len(collecting_github.calls()) - asked == 6
        assert again.fetched == 0
        assert (again.written.inserted, again.written.updated) == (0, 0)

    def test_search_finds_issues_by_what_was_said_in_them(
        self, collecting_github: CollectingGitHub
    ) -> None:
        with collecting_github.database.transaction() as session:
            found = search_documents(session, '"Comment 42 on 42"')
            by_review = search_documents(session, '"Review 9" "On line"')
        assert [(one.title, one.url, one.author) for one in found] == [
            ("Title of 42", "https://github.com/boostorg/sample/pull/42", "user2")
        ]
        assert by_review == []


def test_a_run_asks_by_the_page_and_never_by_the_item(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(300)
    collecting_github.collect()
    # repository, languages; 4 of issues, since each page meets the end of the one before it again;
    # 1 of pull requests, 4 questions for their reviews; 2 and 1 of comments.
    assert len(collecting_github.calls()) == 14


def test_the_next_listing_is_fetched_while_the_last_pages_of_one_are_stored(
    github: GitHubRepository,
    collecting_github: CollectingGitHub,
    site: GitHubSite,
    database: Database,
) -> None:
    github.fill(10)
    issues, comments = threading.Event(), threading.Event()
    met: list[bool] = []

    def noting(event: threading.Event) -> Fault:
        def note(asked: Asked, usual: Answer) -> Answer:
            event.set()
            return usual

        return note

    def at_commit(_: Connection) -> None:
        if issues.is_set() and not met:
            met.append(comments.wait(60))

    site.server.script.on("/repos/boostorg/sample/issues", noting(issues))
    site.server.script.on("/repos/boostorg/sample/issues/comments", noting(comments))
    listen(database.engine, "commit", at_commit)
    collecting_github.collect(streams=["issues", "comments"])
    assert met == [True]


def test_what_was_updated_since_is_all_that_comes_again(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(300)
    collecting_github.collect()
    clock.pass_(minutes=30)
    github.issue(7, title="Another title")
    github.comment(8, body="Another text")
    github.review(900, 9, state="APPROVED", body="Fine")
    clock.pass_(minutes=30)
    asked = len(collecting_github.calls())
    collecting_github.collect()
    assert len(collecting_github.calls()) - asked <= 7
    assert collecting_github.values("select title from _issue where number = 7") == [
        "Another title"
    ]
    assert collecting_github.values("select body from _comment where number = 8") == [
        "Another text"
    ]
    assert collecting_github.values("select state from _review where body = 'Fine'") == ["approved"]


def test_a_run_goes_on_at_the_page_where_the_last_one_broke_off(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(4000, Shape(pull_every=1, comment_every=0, review_every=0))
    path = "/repos/boostorg/sample/pulls"
    site.server.script.on(path, *[None] * 20, *[status(502)] * 4)
    with pytest.raises(Exception, match="pull_requests"):
        collecting_github.collect(streams=["pull_requests"])
    stored = collecting_github.values("select count(*) from _issue")[0]
    assert 1500 <= stored < 4000
    asked = len(collecting_github.calls())
    collecting_github.collect(streams=["pull_requests"])
    assert collecting_github.values("select count(*) from _issue") == [4000]
    pages = [target for target in collecting_github.calls()[asked:] if target.startswith(path)]
    assert len(pages) <= (4000 - stored) // 100 + 2


def test_issues_go_on_at_the_time_where_the_last_run_broke_off(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(4000, Shape(pull_every=0, comment_every=0))
    path = "/repos/boostorg/sample/issues"
    site.server.script.on(path, *[None] * 20, *[status(502)] * 4)
    with pytest.raises(Exception, match="issues"):
        collecting_github.collect(streams=["issues"])
    stored = collecting_github.values("select count(*) from _issue")[0]
    assert 1400 <= stored < 4000
    asked = len(collecting_github.calls())
    collecting_github.collect(streams=["issues"])
    assert collecting_github.values("select count(*) from _issue") == [4000]
    assert len(collecting_github.calls()) - asked <= (4000 - stored) / 95 + 3


def test_hundreds_of_issues_updated_in_one_second_are_all_read(
    github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
) -> None:
    github.fill(10)
    for number in range(11, 400):
        github.issue(number)
    collecting_github.collect(streams=["issues"])
    assert collecting_github.values("select count(*) from _issue") == [396]


def test_the_recorded_answers_of_the_real_api_are_read_whole(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    with serving(GitHubSite(now=clock), load_recordings(RECORDINGS)) as site:
        collecting = CollectingGitHub(database, site, clock, tmp_path, "octocat/Hello-World")
        collecting.collect()
    assert collecting.rows("select kind, number, state, state_reason from _issue order by 2") == [
        ("issue", 1346, "closed", "completed"),
        ("pull_request", 1347, "merged", None),
    ]
    assert collecting.values("select body from _comment") == ["Me too"]
    assert collecting.rows("select path, line, side from _review_comment") == [
        ("file1.txt", 2, "RIGHT")
    ]
    assert collecting.rows("select state, body from _review") == [
        ("approved", "Here is the body for the review.")
    ]
    assert collecting.values("select item_key from collector_dead_letter") == []


class TestADeletion:
    @pytest.fixture(autouse=True)
    def collected(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
    ) -> None:
        clock.now = EPOCH + timedelta(days=3)
        github.fill(60)
        collecting_github.collect()

    def test_is_seen_by_the_next_rescan(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
    ) -> None:
        github.delete_issue(4)
        github.delete_issue(9)
        github.comments.drop(8)
        github.review_comments.drop(12)
        github.reviews.drop(15)
        clock.pass_(hours=1)
        collecting_github.collect()
        assert numbers(collecting_github, "deleted_at is not null") == []
        clock.pass_(hours=24)
        collecting_github.collect()
        assert numbers(collecting_github, "deleted_at is not null") == [4, 9]
        for table, gone in (("comment", [4, 8]), ("review_comment", [12]), ("review", [9, 15])):
            query = f"select number from _{table} where deleted_at is not null order by 1"
            assert collecting_github.values(query) == gone
        before = collecting_github.row_versions()
        collecting_github.collect()
        assert collecting_github.row_versions() == before

    def test_takes_the_issue_out_of_search_until_it_comes_back(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
    ) -> None:
        entry = github.issues.entries[4]
        github.delete_issue(4)
        clock.pass_(hours=25)
        collecting_github.collect()
        gone = "select count(*) from document where deleted_at is not null"
        assert collecting_github.values(gone) == [1]
        github.gone.clear()
        github.issues.put(entry)
        clock.pass_(hours=25)
        collecting_github.collect()
        assert numbers(collecting_github, "deleted_at is not null") == []
        assert collecting_github.values(gone) == [0]

    def test_is_not_believed_when_only_the_listing_says_so(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
    ) -> None:
        hidden = github.comments.entries[8]
        listed = [one for one in github.comments.ordered("updated", pulls=False) if one[1] != 8]
        clock.pass_(hours=25)
        github.comments._orders[("updated", False)] = listed
        collecting_github.collect()
        assert hidden.key == 8
        assert collecting_github.values(
            "select count(*) from _comment where deleted_at is null"
        ) == [30]

    def test_of_a_pull_request_is_seen_when_its_reviews_are_asked_for(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, clock: Clock
    ) -> None:
        clock.pass_(hours=1)
        github.pull(9, title="Spam")
        collecting_github.collect(streams=["pull_requests"])
        github.delete_issue(9)
        collecting_github.collect(streams=["reviews"])
        assert numbers(collecting_github, "deleted_at is not null") == [9]


def test_an_issue_that_was_transferred_says_where_it_is(
    github: GitHubRepository,
    collecting_github: CollectingGitHub,
    site: GitHubSite,
    clock: Clock,
) -> None:
    clock.now = EPOCH + timedelta(days=3)
    github.fill(20)
    other = site.add("boostorg/other", 99)
    other.fill(3, Shape(pull_every=0))
    collecting_github.collect()
    clock.pass_(hours=25)
    github.transfer(4, other, 50)
    collecting_github.collect()
    assert collecting_github.rows(
        "select number, moved_to from _issue where deleted_at is not null"
    ) == [(4, "https://github.com/boostorg/other/issues/50")]
    assert collecting_github.values("select number from _comment where deleted_at is not null") == [
        4
    ]
    collecting_github.name = "boostorg/other"
    collecting_github.collect()
    assert len(collecting_github.values("select 1 from _issue where title = 'Title of 4'")) == 2


class TestARepositoryOfAnotherName:
    def test_keeps_its_row_and_remembers_its_names(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
    ) -> None:
        github.fill(20)
        collecting_github.collect()
        site.rename("boostorg/sample", "cppalliance/sample")
        collecting_github.collect()
        assert collecting_github.rows("select source_key, github_id from _repository") == [
            ("cppalliance/sample", 4711)
        ]
        assert collecting_github.values("select full_name from _repository_name order by 1") == [
            "boostorg/sample",
            "cppalliance/sample",
        ]
        collecting_github.name = "cppalliance/sample"
        collecting_github.collect()
        assert collecting_github.values("select count(*) from _issue") == [20]

    def test_leaves_its_old_name_to_whoever_takes_it(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
    ) -> None:
        github.fill(20)
        collecting_github.collect()
        site.repositories.pop("boostorg/sample")
        site.add("boostorg/sample", 4712).fill(5)
        collecting_github.collect()
        assert collecting_github.rows(
            "select source_key, github_id from _repository order by 2"
        ) == [
            ("boostorg/sample (GitHub 4711)", 4711),
            ("boostorg/sample", 4712),
        ]
        assert sorted(
            collecting_github.values("select count(*) from _issue group by repository_id")
        ) == [5, 20]

    def test_of_the_same_history_has_its_own_commits(
        self, collecting_github: CollectingGitHub, site: GitHubSite, tmp_path: Path
    ) -> None:
        """One that was deleted and made anew, from a clone of it."""
        repository = Repository.create(tmp_path / "served" / f"{NAME}.git")
        for number in range(3):
            repository.commit({"file": b"%d" % number})
        with serve_repositories(tmp_path / "served") as served:
            collecting_github.git_url = served.url
            collecting_github.collect(streams=["metadata", "commits"])
            site.repositories.pop(NAME)
            site.add(NAME, 4712)
            collecting_github.collect(streams=["metadata", "commits"])
        assert collecting_github.rows(
            "select r.github_id, count(c.id) from _repository r"
            " left join _commit c on c.repository_id = r.id group by 1 order by 1"
        ) == [(4711, 3), (4712, 3)]

    def test_has_its_name_again_when_that_was_given_back(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
    ) -> None:
        github.fill(20)
        collecting_github.collect()
        site.rename(NAME, "boostorg/old")
        site.add(NAME, 4712).fill(5)
        collecting_github.collect()
        site.rename(NAME, "boostorg/other")
        site.rename("boostorg/old", NAME)
        github.issue(21, title="Given back")
        collecting_github.collect()
        assert collecting_github.values("select title from document where title like 'Given%'") == [
            "Given back"
        ]
        assert collecting_github.rows(
            "select source_key, github_id from _repository order by 2"
        ) == [(NAME, 4711), (f"{NAME} (GitHub 4712)", 4712)]


@pytest.mark.parametrize("code", [404, 410])
def test_a_repository_without_issues_is_collected_without_them(
    github: GitHubRepository, collecting_github: CollectingGitHub, code: int
) -> None:
    github.fill(30)
    github.absent = {"issues": code}
    collecting_github.collect()
    assert numbers(collecting_github, "kind = 'issue'") == []
    assert len(numbers(collecting_github, "kind = 'pull_request'")) == 10
    assert f"issues: GitHub offers none ({code})" in collecting_github.heard.lines
    github.absent = {}
    collecting_github.collect()
    assert len(numbers(collecting_github, "kind = 'issue'")) == 20


def test_a_repository_that_github_does_not_show_is_a_matter_of_configuration(
    collecting_github: CollectingGitHub,
) -> None:
    collecting_github.name = "boostorg/none"
    with pytest.raises(ConfigError, match="boostorg/none is not on GitHub"):
        collecting_github.collect()


def test_without_a_token_everything_is_collected_by_other_questions(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(24)
    collecting_github.collect()
    with_token = collecting_github.rows("select number, state, body, commit_sha from _review")
    details = collecting_github.rows("select commits, additions from _pull_request_detail")
    before = collecting_github.row_versions(("github_activity_tracker_review",))
    collecting_github.tokens = None
    collecting_github.collect(reread=True)
    assert (
        collecting_github.rows("select number, state, body, commit_sha from _review") == with_token
    )
    assert collecting_github.rows("select commits, additions from _pull_request_detail") == details
    assert collecting_github.row_versions(("github_activity_tracker_review",)) == before
    assert "/repos/boostorg/sample/pulls/3/reviews?per_page=100" in collecting_github.calls()


def test_more_reviews_than_a_question_brings_are_all_read(
    github: GitHubRepository, collecting_github: CollectingGitHub
) -> None:
    github.fill(3)
    for key in range(1000, 1250):
        github.review(key, 3)
    collecting_github.collect()
    assert collecting_github.values("select count(*) from _review") == [251]


def test_a_limit_in_the_middle_keeps_what_was_stored(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    github.fill(300)
    limit = status(403, "You have exceeded a secondary rate limit", retry_after="3600")
    site.server.script.on("/graphql", None, limit)
    with pytest.raises(RateLimited):
        collecting_github.collect()
    assert collecting_github.values("select count(*) from _issue") == [300]
    due = collecting_github.values("select count(*) from _due where task = 'reviews'")[0]
    # What is left of a quota is kept by the database's clock, which no test moves.
    collecting_github.rows("delete from http_quota returning 1")
    collecting_github.collect()
    assert due > 0
    assert collecting_github.values("select count(*) from _due") == [0]
    assert collecting_github.values("select count(*) from _review") == [100]


class Impatient(Heard):
    """Ends the run as soon as it has to wait for its next stream."""

    def __init__(self, waiting: threading.Event) -> None:
        super().__init__()
        self._waiting = waiting

    def say(self, text: str, until: datetime | None = None) -> None:
        super().say(text, until)
        if text == "collecting comments":
            assert self._waiting.wait(60)
            raise KeyboardInterrupt


def test_who_ends_a_run_need_not_wait_for_the_quota_of_what_is_read_ahead(
    github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
) -> None:
    waiting, naps = threading.Event(), list[float]()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        waiting.set()
        time.sleep(0.01)

    collecting_github.clock.sleep = nap  # type: ignore[method-assign]
    collecting_github.patience_seconds = 20_000
    github.fill(20)
    path = "/repos/boostorg/sample/issues/comments"
    site.server.script.on(path, status(429, retry_after="10000"))
    collector = collecting_github.collector(streams=["issues", "comments"])
    run = collecting_github.run()
    run.progress = Impatient(waiting)
    with pytest.raises(KeyboardInterrupt):
        collector.collect(run)
    assert 0 < sum(naps) < 10_000


class TestAWindow:
    def test_collects_what_was_updated_in_it_beside_the_cursors(
        self, github: GitHubRepository, collecting_github: CollectingGitHub
    ) -> None:
        github.fill(600)
        collecting_github.collect(
            since="2024-01-02T02:00:00Z", until="2024-01-02T05:00:00+00:00", streams=[]
        )
        assert numbers(collecting_github, "true") == list(range(120, 305))
        assert collecting_github.values("select count(*) from _review") == [62]
        cursors = collecting_github.values("select stream from collector_cursor order by 1")
        window = "2024-01-02T02:00:00Z..2024-01-02T05:00:00+00:00"
        assert cursors == [f"{name} {window}" for name in ("comments", "issues", "review_comments")]
        collecting_github.collect()
        assert numbers(collecting_github, "true") == list(range(1, 601))

    @pytest.mark.parametrize("offset", [timedelta(hours=2), timedelta(hours=-5)])
    def test_begins_and_ends_where_it_says_in_any_time_zone(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, offset: timedelta
    ) -> None:
        github.fill(600)
        ends = (EPOCH + timedelta(days=1, hours=hours) for hours in (2, 5))
        since, until = (end.astimezone(timezone(offset)).isoformat() for end in ends)
        collecting_github.collect(since=since, until=until, streams=["issues", "pull_requests"])
        assert numbers(collecting_github, "true") == list(range(120, 305))

    def test_goes_on_where_it_broke_off_and_begins_anew_when_it_was_done(
        self, github: GitHubRepository, collecting_github: CollectingGitHub, site: GitHubSite
    ) -> None:
        github.fill(3000, Shape(pull_every=0, comment_every=0))
        path = "/repos/boostorg/sample/issues"
        site.server.script.on(path, *[None] * 20, *[status(502)] * 4)
        with pytest.raises(Exception, match="issues"):
            collecting_github.collect(since="2024-01-01", streams=["issues"])
        asked = len(collecting_github.calls())
        collecting_github.collect(since="2024-01-01", streams=["issues"])
        assert len(collecting_github.calls()) - asked < 25
        assert len(numbers(collecting_github, "true")) == 3000
        asked = len(collecting_github.calls())
        collecting_github.collect(since="2024-01-01", streams=["issues"])
        assert len(collecting_github.calls()) - asked > 30

    def test_tells_in_a_dry_run_what_it_would_cost_and_asks_no_more(
        self, github: GitHubRepository, collecting_github: CollectingGitHub
    ) -> None:
        github.fill(600)
        collecting_github.rehearse(since="2024-01-01", streams=[])
        assert len(collecting_github.calls()) == 4
        assert collecting_github.heard.lines == [
            (
                "2024-01-01..: at most 40 API calls (issues 6, pull_requests 6, reviews 24, comments 3,"
                " review_comments 1)"
            )
        ]

    def test_of_a_listing_that_is_not_offered_is_empty(
        self, github: GitHubRepository, collecting_github: CollectingGitHub
    ) -> None:
        github.fill(10)
        github.absent = {"issues/comments": 404}
        collecting_github.collect(since="2024-01-01", streams=["comments"])
        assert "comments: GitHub offers none (404)" in collecting_github.heard.lines


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"streams": ["stars"]}, "streams: 'stars' is none of metadata, commits, issues"),
        ({"since": "soon"}, "since: 'soon' is no day like 2024-01-31 and no time in ISO form"),
        ({"since": "2024-02-01", "until": "2024-01-01"}, "comes after until"),
        ({"since": "2024-02-01", "streams": ["commits"]}, "commits know no time of update"),
        ({"repository": "https://example.org/a.git", "streams": ["issues"]}, "come from GitHub"),
        (
            {"repository": "https://example.org/a.git", "since": "2024-02-01", "streams": []},
            "by ancestry",
        ),
    ],
)
def test_parameters_that_make_no_sense_are_named(
    collecting_github: CollectingGitHub, parameters: dict[str, object], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        collecting_github.collector(**parameters).validate_config()
