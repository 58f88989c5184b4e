"""The archive is read again: with the source switched off, by the code of today."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.wg21_paper_tracker.collector.pages import PagesFailed
from services.archive.place import ArchivePlace
from services.archive.reading import Payloads
from services.archive.recorder import Recorder
from services.archive.services import find_segments
from services.database import Database
from services.http.observing import observed
from services.runs.result import CollectResult
from services.runs.run import Run
from tests.support.collecting_papers import TABLES, CollectingPapers
from tests.support.paper_site import PaperSite, Row, serving

BAD = Row("P9R0", links=["https://elsewhere.example/p9r0.pdf"])


class ArchivingPapers(CollectingPapers):
    """Collects as the lifecycle does, archive included."""

    place: ArchivePlace

    def collect(self, **parameters: Any) -> CollectResult:
        run = self.run()
        source = run.source
        recorder = Recorder(self.place, source.collector, source.source_key, run.id or 0, self.now)
        run.archive = recorder
        try:
            with observed(recorder.observe):
                return self.collector(**parameters).collect(run)
        finally:
            with run.transaction():
                """Whatever arrived after the last batch."""

    def reprocess(self, run: Run | None = None) -> CollectResult:
        """With the source switched off."""
        pages, self.site.pages = self.site.pages, {}
        with self.database.transaction() as session:
            segments = find_segments(session)
        asked = len(self.site.server.traffic.requests)
        try:
            result = self.collector().reprocess(run or self.run(), Payloads(self.place, segments))
        finally:
            self.site.pages = pages
        assert len(self.site.server.traffic.requests) == asked
        return result


@pytest.fixture
def papers(database: Database, tmp_path: Path) -> Iterator[ArchivingPapers]:
    with serving(PaperSite()) as site:
        found = ArchivingPapers(database, site)
        found.place = ArchivePlace(str(tmp_path / "archive"))
        yield found


def test_rows_that_a_mistake_of_ours_has_spoilt_are_mended(papers: ArchivingPapers) -> None:
    papers.site.put(2024, m01=[Row("P1R0", title="Right"), Row("P2R0")])
    papers.collect()
    with papers.database.transaction() as session:
        spoil = "update wg21_paper_tracker_paper set title = 'Wrong', content_hash = '' where number = 1"
        session.connection().exec_driver_sql(spoil)
        session.connection().exec_driver_sql("delete from wg21_paper_tracker_author")
    result = papers.reprocess()
    assert papers.papers("paper_id, title") == [("p1r0", "Right"), ("p2r0", "A title")]
    assert papers.authors("p2r0") == ["Ann Lee"]
    assert result.tables["paper"].updated == 1
    before = papers.row_versions()
    papers.reprocess()
    assert papers.row_versions() == before


def test_what_is_newer_in_the_tables_stays(papers: ArchivingPapers) -> None:
    """The archive was off when the page last changed."""
    papers.site.put(2024, m01=[Row("P1R0", title="Old"), Row("P2R0")])
    papers.collect()
    papers.now += timedelta(days=1)
    papers.site.put(2024, m01=[Row("P1R0", title="New")])
    papers.site.put(2023, m05=[Row("P3R0")])
    CollectingPapers.collect(papers)
    before = papers.row_versions()
    papers.reprocess()
    assert papers.row_versions() == before


def test_what_was_stored_before_times_were_noted_stays(papers: ArchivingPapers) -> None:
    papers.site.put(2024, m01=[Row("P1R0", title="Old")])
    papers.collect()
    papers.site.put(2024, m01=[Row("P1R0", title="New")])
    CollectingPapers.collect(papers)
    with papers.database.transaction() as session:
        forget = (
            "update collector_cursor set value = value #- '{2024,at}' where stream = 'year_pages'"
        )
        session.connection().exec_driver_sql(forget)
    papers.reprocess()
    assert papers.papers("title, paper_id") == [("New", "p1r0")]


def test_of_a_page_that_changed_the_last_version_counts(papers: ArchivingPapers) -> None:
    for title in ("First", "Second", "Third"):
        papers.site.put(2024, m01=[Row("P1R0", title=title)])
        papers.collect()
        papers.now += timedelta(days=1)
    tables = ", ".join(name for name in TABLES if name.startswith("wg21"))
    with papers.database.transaction() as session:
        session.connection().exec_driver_sql(f"truncate {tables}, collector_cursor cascade")
    papers.reprocess()
    assert papers.papers("title, paper_id") == [("Third", "p1r0")]


def test_cursors_and_validators_stay(papers: ArchivingPapers) -> None:
    papers.site.put(2024, m01=[Row("P1R0")])
    papers.collect()
    kept = papers.row_versions(("collector_cursor", "http_validator"))
    with papers.database.transaction() as session:
        session.connection().exec_driver_sql("delete from wg21_paper_tracker_paper")
    papers.reprocess()
    assert papers.papers() == ["p1r0"]
    assert papers.row_versions(("collector_cursor", "http_validator")) == kept


def test_letters_whose_rows_are_understood_now_are_resolved(papers: ArchivingPapers) -> None:
    papers.site.put(2023, m01=[BAD])
    papers.site.put(2024, m01=[Row("P1R0"), BAD])
    papers.collect()
    assert [state for _, state in papers.letters()] == ["open", "open"]
    papers.reprocess()
    assert [state for _, state in papers.letters()] == ["open", "open"]
    papers.site.put(2024, m01=[Row("P1R0")])
    papers.collect()
    papers.reprocess()
    assert [state for key, state in papers.letters() if key.startswith("2024")] == ["resolved"]
    assert [state for key, state in papers.letters() if key.startswith("2023")] == ["open"]


def test_a_dry_run_says_what_would_change(papers: ArchivingPapers) -> None:
    papers.site.put(2024, m01=[Row("P1R0")])
    papers.collect()
    with papers.database.transaction() as session:
        session.connection().exec_driver_sql("delete from wg21_paper_tracker_paper")
    with papers.database.rehearse() as rehearsal:
        run = Run(papers.run().source, rehearsal)
        assert papers.reprocess(run).tables["paper"].inserted == 1
    assert papers.papers() == []


def test_a_page_that_lost_what_described_a_paper_has_another_read_again(
    papers: ArchivingPapers,
) -> None:
    papers.site.put(2023, m05=[Row("P1R0", title="Of 2023")])
    papers.site.put(2024, m01=[Row("P1R0", title="Of 2024"), Row("P2R0")])
    papers.collect(years=[2023, 2024])
    papers.now += timedelta(days=1)
    papers.site.put(2024, m01=[Row("P2R0")])
    papers.collect(years=[2024])
    with papers.database.transaction() as session:
        back = """
            update wg21_paper_tracker_paper set described_in = '2024-01', title = 'Of 2024',
            content_hash = '';
            update wg21_paper_tracker_listing set withdrawn_at = null
        """
        session.connection().exec_driver_sql(back)
    papers.reprocess()
    assert papers.papers("paper_id, title")[0] == ("p1r0", "Of 2023")


def test_a_page_that_cannot_be_read_fails_the_run_after_the_others(papers: ArchivingPapers) -> None:
    papers.site.put(2023, m05=[Row("P1R0")])
    papers.site.put(2024, m01=[Row("P2R0")])
    papers.collect(years=[2023, 2024])
    papers.site.pages[2023] = "<html><body>mailings</body></html>"
    with pytest.raises(PagesFailed):
        papers.collect(years=[2023])
    with papers.database.transaction() as session:
        session.connection().exec_driver_sql(
            "update wg21_paper_tracker_paper set title = '', content_hash = ''"
        )
    with pytest.raises(PagesFailed, match="the page of 2023"):
        papers.reprocess()
    assert papers.papers("paper_id, title")[1] == ("p2r0", "A title")
