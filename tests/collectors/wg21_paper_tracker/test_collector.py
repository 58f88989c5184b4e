"""What a run stores of a site that changes and fails, on a real PostgreSQL."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from collectors.wg21_paper_tracker.collector.pages import PagesFailed
from conformance.replay.faults import cut_to, html, instead, status
from conformance.replay.messages import Answer, Asked
from services.database import Database
from services.errors import CollectorFailureCategory, ConfigError, LockLost, RecordRejected
from services.failures import classify_failure
from tests.support.collecting_papers import CollectingPapers
from tests.support.paper_site import PaperSite, Row, made_row, mailing, serving, year_page


@pytest.fixture
def site() -> Iterator[PaperSite]:
    with serving(PaperSite()) as found:
        yield found


@pytest.fixture
def collecting(database: Database, site: PaperSite) -> CollectingPapers:
    """Its clock stands at March 2024."""
    return CollectingPapers(database, site)


def test_every_paper_is_stored_with_mailing_files_and_authors(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    row = Row(
        "P1R2",
        title="One",
        authors="Ann Lee, Bob Roe",
        mailing_date="2024-02",
        previous="P1R1",
        subgroups="EWG, CWG",
        disposition="Adopted",
        links=["p1r2.pdf", "p1r2.html"],
    )
    site.put(2024, m02=[row])
    result = collecting.collect()
    columns = "paper_id, kind, number, revision, title, authors_text, document_date::text,"
    columns += "mailing_date, previous_version, subgroups, disposition, withdrawn_at"
    assert collecting.papers(columns) == [
        (
            *("p1r2", "P", 1, 2, "One", "Ann Lee, Bob Roe", "2024-01-15"),
            *("2024-02", "p1r1", ["EWG", "CWG"], "Adopted", None),
        )
    ]
    assert collecting.papers("url") == [site.url(2024, "p1r2.html")]
    assert collecting.listings() == [("p1r2", "2024-02", 2024, False)]
    assert collecting.files() == [
        ("p1r2", "2024/p1r2.html", False),
        ("p1r2", "2024/p1r2.pdf", False),
    ]
    assert collecting.authors("p1r2") == ["Ann Lee", "Bob Roe"]
    assert collecting.rows("select key, title, year from wg21_paper_tracker_mailing") == [
        ("2024-02", "2024-02 mailing", 2024)
    ]
    assert (result.fetched, result.written.inserted) == (1, 10)


def test_authors_are_profiles_however_their_names_are_spelt(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    old, new = Row("P1R0", authors="ann  lee", date="2023-01-01"), Row("P2R0", authors="Ann Lee")
    site.put(2024, m02=[new, old])
    collecting.collect()
    profiles = "select platform, external_id, display_name, account_type from identity_profile"
    assert collecting.rows(profiles) == [("wg21", "ann lee", "Ann Lee", "user")]
    assert collecting.authors("p1r0") == ["ann lee"]


def test_two_authors_of_one_name_stay_two(site: PaperSite, collecting: CollectingPapers) -> None:
    site.put(2024, m02=[Row("P1R0", authors="Wei Li, Ann Lee, Wei Li")])
    collecting.collect()
    assert collecting.authors("p1r0") == ["Wei Li", "Ann Lee", "Wei Li"]


def test_a_name_is_as_old_as_its_paper_or_else_as_its_mailing(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m02=[Row("P1R0", authors="Ann", date="?"), Row("P2R0", authors="Bob")])
    collecting.collect()
    seen = "select observed_at::date::text from identity_profile order by display_name"
    assert collecting.rows(seen) == [("2024-02-01",), ("2024-01-15",)]


def test_the_order_of_authors_follows_the_page_and_one_removed_is_gone(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m02=[Row("P1R0", authors="Ann Lee, Bob Roe, Cy Poe")])
    collecting.collect()
    site.put(2024, m02=[Row("P1R0", authors="Cy Poe, Ann Lee")])
    collecting.collect()
    assert collecting.authors("p1r0") == ["Cy Poe", "Ann Lee"]
    site.put(2024, m02=[Row("P1R0", authors="")])
    collecting.collect()
    assert collecting.authors("p1r0") == []


def test_a_second_run_asks_and_writes_nothing(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2023, m01=[made_row(number) for number in range(50)])
    site.put(2024, m01=[made_row(number) for number in range(50, 80)])
    collecting.collect()
    before = collecting.row_versions()
    again = collecting.collect()
    assert collecting.row_versions() == before
    assert again.counts == dict.fromkeys(again.counts, 0)
    assert [site.asked(2023), site.asked(2024), site.asked()] == [2, 2, 2]


def test_each_page_is_asked_for_once_and_only_for_changes(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0")], m02=[Row("P2R0")], m03=[Row("P3R0")])
    collecting.collect()
    assert site.asked(2024) == 1
    collecting.collect()
    assert ["if-none-match" in asked.headers for asked in site.server.traffic.requests] == [
        *(False, False, False),
        *(True, True, False),  # the index, 2024, 2023, which has no page
    ]


def test_the_same_content_without_a_version_is_not_stored_again(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0")])
    collecting.collect()
    another = Answer(200, {"etag": '"another"'}, str(site.pages[2024]).encode())
    site.server.script.always(site.path(2024), instead(another))
    assert collecting.collect().fetched == 0
    assert collecting.rows("select etag from http_validator where url like '%2024/'") == [
        ('"another"',)
    ]


def test_a_paper_added_late_to_an_old_mailing_is_stored_and_announced(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2023, m05=[Row("P1R0")], m12=[Row("P2R0")])
    collecting.collect()
    site.put(2023, m05=[Row("P1R0"), Row("P9R0")], m12=[Row("P2R0")])
    collecting.collect()
    assert collecting.papers() == ["p1r0", "p2r0", "p9r0"]
    assert collecting.announced() == ["p1r0.html", "p2r0.html", "p9r0.html"]
    assert "2023: 1 new: P9R0" in collecting.heard.lines


def test_a_corrected_row_updates_its_paper_and_announces_only_its_new_file(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m02=[Row("P1R0", title="Tpyo", authors="Ann Lee")])
    collecting.collect()
    site.put(2024, m02=[Row("P1R0", title="Typo", links=["p1r0.html", "p1r0.pdf"])])
    result = collecting.collect()
    assert collecting.papers("title") == ["Typo"]
    assert collecting.announced() == ["p1r0.html", "p1r0.pdf"]
    assert (result.tables["paper"].updated, result.tables["outbox"].inserted) == (1, 1)
    assert collecting.heard.lines[-1] == "2024: 1 corrected: P1R0"


def test_a_withdrawn_row_is_marked_and_the_mark_goes_when_it_comes_back(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    both = [Row("P1R0"), Row("P2R0", links=["p2r0.pdf"])]
    site.put(2024, m02=both)
    collecting.collect()
    site.put(2024, m02=both[:1])
    collecting.collect()
    assert collecting.papers("paper_id, withdrawn_at") == [("p1r0", None), ("p2r0", collecting.now)]
    assert collecting.files() == [
        ("p1r0", "2024/p1r0.html", False),
        ("p2r0", "2024/p2r0.pdf", True),
    ]
    assert collecting.heard.lines[-1] == "2024: 1 gone: P2R0"
    site.put(2024, m02=both)
    collecting.collect()
    assert collecting.papers("withdrawn_at") == [None, None]
    assert {gone for *_, gone in [*collecting.files(), *collecting.listings()]} == {False}
    assert collecting.announced() == ["p1r0.html", "p2r0.pdf"]


def test_a_file_that_is_replaced_is_marked(site: PaperSite, collecting: CollectingPapers) -> None:
    site.put(2024, m02=[Row("P1R0", links=["p1r0.pdf"])])
    collecting.collect()
    site.put(2024, m02=[Row("P1R0", links=["p1r0.html"])])
    collecting.collect()
    assert collecting.files() == [
        ("p1r0", "2024/p1r0.html", False),
        ("p1r0", "2024/p1r0.pdf", True),
    ]
    assert collecting.papers("url") == [site.url(2024, "p1r0.html")]


def test_a_paper_in_two_mailings_of_two_years_is_one_paper(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    again = "../2023/p1r0.html"
    site.put(2023, m12=[Row("P1R0", title="Old")])
    site.put(2024, m01=[Row("P1R0", title="New", links=[again])])
    collecting.collect()
    assert collecting.papers("paper_id, title, described_in") == [("p1r0", "New", "2024-01")]
    assert collecting.listings() == [
        ("p1r0", "2023-12", 2023, False),
        ("p1r0", "2024-01", 2024, False),
    ]
    assert collecting.announced() == ["p1r0.html"]


def test_the_newest_mailing_describes_a_paper_whatever_is_read_last(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2023, m12=[Row("P1R0", title="Old", authors="Ann Lee")])
    site.put(2024, m01=[Row("P1R0", title="New", authors="Bob Roe")])
    collecting.collect(years=[2024])
    collecting.collect(years=[2023])
    assert collecting.papers("title") == ["New"]
    assert collecting.authors("p1r0") == ["Bob Roe"]


def test_a_paper_taken_from_its_newer_mailing_is_described_by_the_older_again(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0", title="Old")], m02=[Row("P1R0", title="New")])
    collecting.collect()
    site.put(2024, m01=[Row("P1R0", title="Old")], m02=[Row("P2R0")])
    collecting.collect()
    assert collecting.papers("title, withdrawn_at") == [("Old", None), ("A title", None)]


def test_a_row_that_came_back_describes_its_paper_again(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    older = Row("P1R0", title="Old", links=["../2024/p1r0.html"])
    newer = Row("P1R0", title="New", authors="Bob Roe")
    site.put(2023, m12=[older])
    for rows in ([newer], [Row("P2R0")], [newer]):
        site.put(2024, m01=rows)
        collecting.collect()
    site.put(2023, m12=[replace(older, title="Older")])
    collecting.collect()
    assert collecting.papers("title, described_in") == [("New", "2024-01"), ("A title", "")]
    assert collecting.authors("p1r0") == ["Bob Roe"]


def test_a_mailing_on_the_page_of_the_year_after_is_no_two_papers(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.pages[2024] = year_page(mailing("2023-11", Row("P1R0")), mailing("2024-01", Row("P2R0")))
    site.put(2023, m10=[Row("P3R0")])
    site.mailings |= {"2023-11": 2024, "2024-01": 2024}
    collecting.collect()
    site.put(2023, m10=[Row("P3R0", title="Changed")])
    collecting.collect()
    assert collecting.listings()[0] == ("p1r0", "2023-11", 2024, False)
    assert collecting.papers("withdrawn_at") == [None, None, None]


def test_mailings_keep_the_title_that_the_index_gives_them(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0")])
    site.pages[2024] = year_page(mailing("2024-01", Row("P1R0"), title="Another"))
    collecting.collect()
    titles = "select title from wg21_paper_tracker_mailing"
    assert collecting.rows(titles) == [("2024-01 mailing",)]


def test_rows_in_any_order_and_twice_make_the_same_tables(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    rows = [made_row(number) for number in range(60)]
    site.put(2024, m01=rows)
    collecting.collect()
    before = collecting.row_versions(["wg21_paper_tracker_paper", "wg21_paper_tracker_author"])
    site.put(2024, m01=random.Random(1).sample(rows * 2, 120))
    result = collecting.collect()
    assert collecting.row_versions(list(before)) == before
    assert (result.written.inserted, result.written.updated) == (0, 0)


class TestFailures:
    """What fails is seen, moves nothing, and costs nobody else."""

    def test_a_year_that_fails_fails_the_run_and_the_other_years_are_stored(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2022, m01=[Row("P0R0")])
        site.put(2023, m01=[Row("P1R0")])
        site.put(2024, m01=[Row("P2R0")])
        site.server.script.always(site.path(2022), status(500))
        with pytest.raises(PagesFailed, match=r"the page of 2022: GET .* answered 500") as failed:
            collecting.collect()
        assert classify_failure(failed.value) == CollectorFailureCategory.NETWORK
        assert collecting.papers() == ["p1r0", "p2r0"]

    def test_a_year_that_failed_is_stored_by_the_next_run(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2015, m01=[Row("P1R0")])
        site.put(2024, m01=[Row("P2R0")])
        site.server.script.on(site.path(2015), *[status(503)] * 4)
        with pytest.raises(PagesFailed):
            collecting.collect()
        collecting.collect()
        assert collecting.papers() == ["p1r0", "p2r0"]
        assert collecting.announced() == ["p1r0.html", "p2r0.html"]

    def test_a_site_that_is_down_is_no_empty_site(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2024, m01=[Row("P1R0")])
        collecting.collect()
        before = collecting.row_versions()
        site.server.script.by_chance(0, 1.0, status(502))
        with pytest.raises(
            PagesFailed, match=r"the index: .*the page of 2024: .*the page of 2023: "
        ):
            collecting.collect()
        assert collecting.row_versions() == before

    def test_without_the_index_this_year_and_the_last_are_read(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2024, m01=[Row("P1R0")])
        site.server.script.always(site.path(), status(500))
        with pytest.raises(PagesFailed, match="the index"):
            collecting.collect()
        assert collecting.papers() == ["p1r0"]
        assert collecting.rows("select title from wg21_paper_tracker_mailing") == [
            ("2024-01 mailing",)
        ]

    @pytest.mark.parametrize("fault", [html(), cut_to(0.5), cut_to(0.95)])
    def test_a_notice_or_a_cut_page_is_no_page(
        self, site: PaperSite, collecting: CollectingPapers, fault: Any
    ) -> None:
        site.put(2024, m01=[made_row(number) for number in range(20)])
        collecting.collect()
        before = collecting.row_versions()
        site.server.script.always(site.path(2024), fault)
        site.put(2024, m01=[made_row(number) for number in range(21)])
        with pytest.raises(PagesFailed, match="the page of 2024"):
            collecting.collect()
        assert collecting.row_versions() == before

    def test_a_page_that_lost_all_its_papers_has_a_new_layout(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2024, m01=[Row("P1R0")])
        collecting.collect()
        site.pages[2024] = year_page('<a name="mailing2024-01"></a><ul><li>P1R0</ul>')
        with pytest.raises(PagesFailed, match="has it a new layout") as failed:
            collecting.collect()
        assert isinstance(failed.value.__cause__, RecordRejected)
        assert collecting.papers("withdrawn_at") == [None]

    def test_a_page_that_cannot_be_read_at_all_is_no_page_without_papers(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.pages[2024] = year_page(mailing("2024-01", Row("P1R0"))).replace("</title>", "")
        with pytest.raises(PagesFailed, match=r"it names p1r0\.html: has it a new layout"):
            collecting.collect(years=[2024])

    def test_a_year_without_a_page_fails_when_it_was_asked_for_or_linked_to(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        with pytest.raises(PagesFailed, match=r"the page of 2001: .* 404"):
            collecting.collect(years=[2001])
        assert collecting.collect().fetched == 0
        site.mailings["2023-05"] = 2023
        with pytest.raises(PagesFailed, match="the page of 2023"):
            collecting.collect()

    def test_the_worst_failure_names_the_category(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2023, m01=[Row("P1R0")])
        site.put(2024, m01=[Row("P2R0")])
        site.server.script.always(site.path(2023), status(500))
        site.server.script.always(site.path(2024), status(403))
        with pytest.raises(PagesFailed) as failed:
            collecting.collect()
        assert classify_failure(failed.value) == CollectorFailureCategory.AUTH

    @pytest.mark.parametrize("dies_at", [None, 2024])
    def test_a_run_that_was_declared_dead_stores_nothing_more(
        self, site: PaperSite, collecting: CollectingPapers, dies_at: int | None
    ) -> None:
        site.put(2023, m01=[Row("P1R0")])
        site.put(2024, m01=[Row("P2R0")])

        def take_over(_: Asked, usual: Answer) -> Answer:
            collecting.run()
            return usual

        site.server.script.on(site.path(dies_at), take_over)
        with pytest.raises(LockLost):
            collecting.collect()
        assert collecting.papers() == []


class TestDeadLetters:
    """A row that is not understood waits, with mailing and row named; its neighbours are stored."""

    bad = Row("P9R0", links=["https://elsewhere.example/p9r0.pdf"])

    def test_it_is_set_aside(self, site: PaperSite, collecting: CollectingPapers) -> None:
        site.put(2024, m01=[Row("P1R0"), self.bad])
        result = collecting.collect()
        assert (result.fetched, result.quarantined) == (2, 1)
        assert collecting.letters() == [("2024 2024-01 P9R0", "open")]
        (payload,) = collecting.rows("select payload from collector_dead_letter")[0]
        assert {name: payload[name] for name in ("year", "mailing", "row")} == {
            "year": 2024,
            "mailing": "2024-01",
            "row": 3,
        }
        assert "elsewhere.example" in payload["html"]

    def test_a_row_that_became_unreadable_withdraws_nothing_of_its_mailing(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2024, m01=[Row("P1R0"), Row("P9R0")], m02=[Row("P2R0"), Row("P3R0")])
        collecting.collect()
        site.put(2024, m01=[Row("P1R0"), self.bad], m02=[Row("P2R0")])
        collecting.collect()
        gone = [one for one, at in collecting.papers("paper_id, withdrawn_at") if at is not None]
        assert gone == ["p3r0"]

    def test_a_replay_reads_its_page_again(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        site.put(2024, m01=[Row("P1R0"), self.bad])
        collecting.collect()
        assert collecting.replay().quarantined == 1
        site.put(2024, m01=[Row("P1R0"), Row("P9R0")])
        assert collecting.replay().quarantined == 0
        assert collecting.papers() == ["p1r0", "p9r0"]


class TestWindow:
    """Which mailings a run looks at."""

    @pytest.fixture
    def years(self, site: PaperSite) -> None:
        for year in range(2020, 2025):
            rows = {f"m{month:02}": [Row(f"P{year}R{month}")] for month in (1, 6)}
            site.put(year, **rows)

    @pytest.mark.parametrize(
        ("parameters", "papers"),
        [
            ({}, [f"p{year}r{month}" for year in range(2020, 2025) for month in (1, 6)]),
            ({"since": "2023-06"}, ["p2023r6", "p2024r1", "p2024r6"]),
            ({"until": "2020-06"}, ["p2020r1", "p2020r6"]),
            ({"since": "2021-06", "until": "2022-01"}, ["p2021r6", "p2022r1"]),
            ({"years": [2021, 2021]}, ["p2021r1", "p2021r6"]),
            ({"years": [2021, 2022], "since": "2021-02"}, ["p2021r6", "p2022r1", "p2022r6"]),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.usefixtures("years")
    def test_the_window_is_what_is_stored_on_an_empty_database_and_on_a_full_one(
        self,
        site: PaperSite,
        collecting: CollectingPapers,
        parameters: dict[str, Any],
        papers: Sequence[str],
        is_first: bool,
    ) -> None:
        if is_first:
            collecting.collect(**parameters)
            assert collecting.papers() == papers
            return
        collecting.collect()
        for year, page in site.pages.items():
            site.pages[year] = str(page).replace("A title", "Another title")
        collecting.collect(**parameters)
        changed = "select paper_id from wg21_paper_tracker_paper where title = 'Another title'"
        inside = papers if parameters else papers[-4:]  # the current year and the one before
        assert sorted(name for (name,) in collecting.rows(changed)) == inside

    @pytest.mark.usefixtures("years")
    def test_what_a_window_left_out_is_read_later(self, collecting: CollectingPapers) -> None:
        collecting.collect(since="2021-06", until="2021-06")
        collecting.collect()
        assert len(collecting.papers()) == 10

    @pytest.mark.usefixtures("years")
    def test_a_window_withdraws_nothing_outside(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        collecting.collect()
        site.put(2021, m03=[Row("P1R0")])
        collecting.collect(since="2021-06", until="2021-12")
        gone = [one for one, at in collecting.papers("paper_id, withdrawn_at") if at is not None]
        assert gone == ["p2021r6"]

    @pytest.mark.usefixtures("years")
    def test_a_default_run_reads_this_year_and_the_last_only(
        self, site: PaperSite, collecting: CollectingPapers
    ) -> None:
        collecting.collect()
        collecting.collect()
        assert [site.asked(year) for year in range(2020, 2025)] == [1, 1, 1, 2, 2]

    def test_wrong_parameters_are_named_all_at_once(self, collecting: CollectingPapers) -> None:
        collector = collecting.collector(since="2023-13", until="2021", years=[1900, 2024, 2030])
        with pytest.raises(ConfigError) as refused:
            collector.validate_config()
        assert [problem.partition(":")[0] for problem in refused.value.problems] == [
            *("since", "until", "since", "years", "years"),
        ]

    def test_bounds_in_the_wrong_order_are_refused(self, collecting: CollectingPapers) -> None:
        with pytest.raises(ConfigError, match="since: 2024-01 is after until: 2023-01"):
            collecting.collector(since="2024-01", until="2023-01").validate_config()
        collecting.collector(since="2023-01", until="2023-01", years=[2025]).validate_config()

    def test_a_base_url_that_is_none_is_named_with_its_variable(
        self, collecting: CollectingPapers
    ) -> None:
        site = PaperSite()
        site.server.url = "ftp://x"
        with pytest.raises(ConfigError, match="WG21_PAPER_TRACKER_BASE_URL"):
            CollectingPapers(collecting.database, site).collector().validate_config()


def test_a_dry_run_fetches_shows_the_difference_and_leaves_no_trace(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0"), Row("P2R0")])
    collecting.collect()
    before = collecting.row_versions()
    rows = [Row(f"P{number}R1") for number in range(25)]
    site.put(2024, m01=[Row("P1R0", title="Changed"), *rows])
    result = collecting.rehearse()
    assert (result.tables["paper"].inserted, result.tables["paper"].updated) == (25, 2)
    assert collecting.row_versions() == before
    new, corrected, gone = collecting.heard.lines[-3:]
    assert new.startswith("2024: 25 new: P0R1, ")
    assert new.endswith(" and 5 more")
    assert (corrected, gone) == ("2024: 1 corrected: P1R0", "2024: 1 gone: P2R0")


def test_a_page_with_nothing_but_a_mailing_is_fine(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[])
    assert collecting.collect().fetched == 0
    assert collecting.rows("select key from wg21_paper_tracker_mailing") == [("2024-01",)]


def test_pages_without_versions_are_told_apart_by_their_content(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0")])
    bare = Answer(200, {}, str(site.pages[2024]).encode())
    site.server.script.always(site.path(2024), instead(bare))
    assert collecting.collect().fetched == 1
    before = collecting.row_versions()
    assert collecting.collect().fetched == 0
    assert collecting.row_versions() == before


def test_a_redirect_to_another_address_of_the_page_is_followed(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0")])
    moved = Answer(301, {"location": site.path(2024) + "index.html"})
    site.server.script.on(site.path(2024), lambda _asked, _usual: moved)
    with pytest.raises(PagesFailed, match=r"index\.html.* 404"):
        collecting.collect(years=[2024])


def unlike(length: int) -> str:
    """Letters that do not repeat, so that PostgreSQL cannot make them shorter."""
    return "".join(random.Random(length).choices("abcdefghijklmnopqrstuvwxyz", k=length))


@pytest.mark.parametrize(
    "row",
    [
        Row("P9R0", authors=f"Ann {unlike(10_000)}"),
        Row("P9R0", links=[f"{unlike(10_000)}/p9r0.pdf"]),
    ],
)
def test_a_name_or_an_address_that_cannot_be_one_costs_its_row(
    site: PaperSite, collecting: CollectingPapers, row: Row
) -> None:
    site.put(2024, m01=[Row("P1R0"), row])
    assert collecting.collect().quarantined == 1
    assert collecting.papers() == ["p1r0"]
    assert collecting.letters() == [("2024 2024-01 P9R0", "open")]


def test_a_title_or_a_group_of_any_length_is_stored(
    site: PaperSite, collecting: CollectingPapers
) -> None:
    site.put(2024, m01=[Row("P1R0", title=unlike(100_000), subgroups=unlike(9_000))])
    assert collecting.collect().quarantined == 0
    assert collecting.papers("length(title), length(subgroups[1])") == [(100_000, 9_000)]
