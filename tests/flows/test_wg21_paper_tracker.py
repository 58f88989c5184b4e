"""Papers from a site on loopback to the tables, and from the outbox to a repository on loopback."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, cast

import pytest
from prefect import State
from sqlalchemy import text

from conformance.replay.faults import status
from conformance.replay.server import replaying
from flows.outbox import outbox
from flows.wg21_paper_tracker import wg21_paper_tracker
from tests.flows.records import QUIET, Records
from tests.support.dispatching import TOKEN, Converter
from tests.support.paper_site import PaperSite, Row, serving

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]

NAME = "WG21_PAPER_TRACKER_"


@pytest.fixture
def site(records: Records, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperSite]:
    """With one page; the room's settings point at it."""
    del records
    with serving(PaperSite()) as found:
        found.put(2020, m02=[Row("P1R0"), Row("P2R0", links=["p2r0.pdf", "p2r0.html"])])
        monkeypatch.setenv(f"{NAME}BASE_URL", found.base_url)
        monkeypatch.setenv(f"{NAME}PATIENCE_SECONDS", "0")
        yield found


@pytest.fixture
def converter(site: PaperSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Converter]:
    """A repository that is told of new papers."""
    del site
    found = Converter()
    with replaying(found) as server:
        monkeypatch.setenv(f"{NAME}DISPATCH_API_URL", server.url)
        monkeypatch.setenv(f"{NAME}DISPATCH_REPOSITORY", "acme/papers")
        monkeypatch.setenv(f"{NAME}DISPATCH_TOKEN", TOKEN)
        yield found


def collect(**parameters: Any) -> State[Any]:
    call = wg21_paper_tracker(**{"years": [2020], **parameters}, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))


def send(**parameters: Any) -> State[Any]:
    call = outbox(**parameters, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))


def stored(records: Records) -> list[str]:
    with records.database.transaction() as session:
        found = session.scalars(text("select paper_id from wg21_paper_tracker_paper order by 1"))
        return list(found)


def test_papers_are_stored_and_each_file_announced_once(
    site: PaperSite, converter: Converter, records: Records
) -> None:
    assert collect().name == "Completed"
    assert stored(records) == ["p1r0", "p2r0"]
    assert send().name == "Completed"
    site.put(2020, m02=[Row("P1R0", title="Corrected"), Row("P3R0")])
    assert (collect().name, send().name, send().name) == ("Completed",) * 3
    names = ["p1r0.html", "p2r0.html", "p2r0.pdf", "p3r0.html"]
    assert converter.converted == [site.url(2020, name) for name in names]


def test_a_failing_year_fails_the_run_visibly(site: PaperSite, records: Records) -> None:
    site.put(2021, m02=[Row("P3R0")])
    site.server.script.always(site.path(2021), status(404))
    state = collect(years=[2020, 2021])
    assert state.is_failed()
    assert "the page of 2021" in str(state.message)
    assert (records.run().status, stored(records)) == ("failed", ["p1r0", "p2r0"])


def test_a_row_that_is_not_understood_makes_the_run_partial(
    site: PaperSite, records: Records
) -> None:
    bad = Row("P9R0", links=["https://elsewhere.example/p9r0.pdf"])
    site.put(2020, m02=[Row("P1R0"), bad])
    assert collect().name == "Partial"
    assert [letter.item_key for letter in records.letters()] == ["2020 2020-02 P9R0"]


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    site: PaperSite, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    state = collect(dry_run=True)
    assert state.name == "DryRun"
    assert "inserted=" in str(state.message)
    assert "2020: 2 new: P1R0, P2R0" in caplog.text
    assert (stored(records), site.asked(2020)) == ([], 1)


@pytest.mark.parametrize(
    "parameters", [{"since": "2024"}, {"since": "2021-02", "until": "2021-01"}]
)
def test_wrong_parameters_are_refused(
    site: PaperSite, records: Records, parameters: dict[str, str]
) -> None:
    assert collect(**parameters).name == "ConfigError"
    assert (site.asked(), stored(records)) == (0, [])


def test_announcements_survive_lost_answers_and_a_week_without_a_repository(
    site: PaperSite, converter: Converter, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect()
    with monkeypatch.context() as off:
        off.delenv(f"{NAME}DISPATCH_REPOSITORY")
        assert send().name == "Completed"
    converter.lost = 1
    lost = send()
    assert lost.is_failed()
    assert TOKEN not in str(lost.message)
    with records.database.transaction() as session:
        session.execute(text("update outbox set next_attempt_at = now()"))
    assert send().name == "Completed"
    names = ["p1r0.html", "p2r0.html", "p2r0.pdf"]
    assert converter.converted == [site.url(2020, name) for name in names]
    assert len({event["client_payload"]["key"] for event in converter.events}) == 1
    assert len(converter.events) == 2


def test_a_repository_without_a_token_is_a_matter_of_configuration(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{NAME}DISPATCH_TOKEN")
    state = send()
    assert state.name == "ConfigError"
    assert "WG21_PAPER_TRACKER_DISPATCH_TOKEN" in str(state.message)


def test_a_dry_run_of_the_outbox_sends_nothing(
    site: PaperSite, converter: Converter, caplog: pytest.LogCaptureFixture
) -> None:
    collect()
    assert send(dry_run=True).name == "DryRun"
    assert "3 messages of wg21_papers wait" in caplog.text
    assert converter.events == []
