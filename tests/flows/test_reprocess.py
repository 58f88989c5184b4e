"""From a run that archives to `bdc reprocess`, on a real Prefect server, with the source off."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.main import execute
from services.archive.models import ArchiveSegment
from services.archive.services import find_segments
from tests.flows.records import QUIET, Records
from tests.flows.test_wg21_paper_tracker import collect, stored
from tests.support.paper_site import PaperSite, Row, serving

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]

Bdc = Callable[..., tuple[int, str]]


@pytest.fixture
def site(records: Records, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperSite]:
    """Two pages; the room's settings point at them."""
    del records
    with serving(PaperSite()) as found:
        found.put(2020, m02=[Row("P1R0")])
        found.put(2021, m02=[Row("P2R0")])
        monkeypatch.setenv("WG21_PAPER_TRACKER_BASE_URL", found.base_url)
        monkeypatch.setenv("WG21_PAPER_TRACKER_PATIENCE_SECONDS", "0")
        yield found


@pytest.fixture
def bdc(
    records: Records,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Bdc]:
    """A command, its code and what it says."""
    before = dict(os.environ)
    monkeypatch.setenv("PREFECT_API_URL", records.prefect.api_url)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))

    def run(*arguments: str) -> tuple[int, str]:
        code = execute(list(arguments))
        printed = capsys.readouterr()
        return code, " ".join(f"{printed.out} {printed.err}".split())

    yield run
    os.environ.clear()
    os.environ.update(before)


def segments(records: Records) -> list[ArchiveSegment]:
    with records.database.transaction() as session:
        return list(find_segments(session))


def lose_papers(records: Records) -> None:
    with records.database.transaction() as session:
        session.execute(text("delete from wg21_paper_tracker_paper"))


def test_lost_rows_come_back_from_the_archive_alone(
    site: PaperSite, records: Records, bdc: Bdc
) -> None:
    collect(years=[2020, 2021])
    lose_papers(records)
    asked = len(site.server.traffic.requests)
    code, said = bdc("reprocess", "wg21-paper-tracker", "--dry-run")
    assert (code, "would do" in said, stored(records)) == (0, True, [])
    assert bdc("reprocess", "wg21_paper_tracker")[0] == 0
    assert stored(records) == ["p1r0", "p2r0"]
    assert len(site.server.traffic.requests) == asked
    first, second = records.runs()
    assert (second.status, second.parameters) == ("completed", first.parameters)
    assert (first.data_through is not None, second.data_through) == (False, None)
    lose_papers(records)
    since = f"{records.runs()[0].started_at:%Y-%m-%d}"
    assert bdc("reprocess", "wg21_paper_tracker", "--run", str(first.id), "--since", since)[0] == 0
    assert stored(records) == ["p1r0", "p2r0"]


def test_a_run_that_fails_archives_what_it_did_not_understand(
    site: PaperSite, records: Records, bdc: Bdc
) -> None:
    collect(years=[2021])
    site.pages[2021] = "<html><body>mailings</body></html>"
    assert collect(years=[2021]).is_failed()
    assert segments(records)[-1].run_id == records.runs()[-1].id
    code, said = bdc("archive", "list", "--json")
    assert (code, '"runs": 2' in said) == (0, True)


def test_damage_fails_the_run_by_name_once_the_rest_is_stored(
    site: PaperSite, records: Records, bdc: Bdc, tmp_path: Path
) -> None:
    collect(years=[2020])
    collect(years=[2021])
    lose_papers(records)
    first, second = segments(records)
    (tmp_path / "archive" / first.path).write_bytes(b"rust")
    assert bdc("archive", "verify")[0] == 1
    assert bdc("archive", "verify", "another")[0] == 0
    code, said = bdc("reprocess", "wg21_paper_tracker")
    assert (code, stored(records)) == (1, ["p2r0"])
    assert f"{first.path} is not what was written" in said
    (tmp_path / "archive" / second.path).unlink()
    code, said = bdc("archive", "verify", "wg21_paper_tracker")
    assert f"{second.path} is missing" in said
    assert "2 segments" in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["reprocess", "wg21_paper_tracker"], "nothing of wg21_paper_tracker"),
        (["reprocess", "nosuch"], "no collector is called nosuch"),
        (["archive", "list"], "Nothing is archived"),
    ],
)
def test_an_empty_archive_says_so(
    records: Records, bdc: Bdc, arguments: list[str], complaint: str
) -> None:
    del records
    assert complaint in bdc(*arguments)[1]


def test_an_archive_that_is_off_says_so(
    site: PaperSite, records: Records, bdc: Bdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(years=[2020])
    monkeypatch.setenv("RAW_ARCHIVE_URL", "none")
    collect(years=[2021])
    assert len(segments(records)) == 1
    for command in (["reprocess", "wg21_paper_tracker"], ["archive", "verify"]):
        code, said = bdc(*command)
        assert (code != 0, "RAW_ARCHIVE_URL is none" in said) == (True, True)
    del site


def test_a_source_that_the_ledger_does_not_know_has_no_parameters(
    site: PaperSite, records: Records, bdc: Bdc
) -> None:
    collect(years=[2020])
    with records.database.transaction() as session:
        session.execute(text("update archive_segment set source_key = 'elsewhere'"))
    code, said = bdc("reprocess", "wg21_paper_tracker", "--source-key", "elsewhere")
    assert (code, "has never run here" in said) == (1, True)
    del site


def test_an_archive_that_cannot_be_written_fails_the_run_and_its_data(
    site: PaperSite, records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RAW_ARCHIVE_URL", str(tmp_path / "file"))
    state = collect(years=[2020])
    assert (state.is_failed(), stored(records)) == (True, [])
    del site


def test_a_collector_without_payloads_says_so(records: Records, bdc: Bdc) -> None:
    with records.database.transaction() as session:
        session.execute(
            text(
                """
                insert into archive_segment (path, collector, source_key, run_id, exchanges, bytes, sha256,
                    first_at, last_at) values ('a', 'outbox', 'outbox', 1, 0, 0, '', now(), now());
                insert into collector_run (collector, source_key, status, parameters, host, pid, started_at,
                    finished_at) values ('outbox', 'outbox', 'completed', '{}', 'here', 1, now(), now())
                """
            )
        )
    code, said = bdc("reprocess", "outbox")
    assert (code, "outbox cannot read its archive again" in said) == (1, True)
