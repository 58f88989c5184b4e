"""Where a source and the tables differ, found with few questions, kept, and queued for repair."""

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.completeness.comparing import WHOLE, Comparison, Gap, pages_that_differ, spread
from services.completeness.services import (
    MOST_REPAIRS,
    collected_sources,
    newest_comparisons,
    note_comparisons,
    open_repairs,
    settle_repairs,
)
from services.database import Database
from services.runs.services import Source, advance_cursor

SOURCE = Source("tracker", "main")


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=60))
def test_every_page_that_differs_is_found_with_few_questions(differences: list[int]) -> None:
    asked: list[int] = []

    def excess(page: int) -> int:
        asked.append(page)
        return sum(differences[:page])

    found = set(pages_that_differ(len(differences), excess))
    wrong = {page for page, one in enumerate(differences, 1) if one}
    assert found <= wrong
    if len(wrong) < 2:
        assert found == wrong
    assert len(asked) == len(set(asked))
    assert len(asked) <= 1 + 2 * len(wrong) * max(1, ceil(log2(len(differences))))


@pytest.mark.parametrize("sign", [1, -1])
def test_what_does_not_make_up_for_one_another_is_all_found(sign: int) -> None:
    wrong = {3, 4, 40, 99}
    found = pages_that_differ(100, lambda page: sign * sum(one <= page for one in wrong))
    assert set(found) == wrong


def test_pages_of_a_sample_are_spread_and_others_the_next_day() -> None:
    assert spread(0, 9, 1) == []
    assert spread(3, 2, 7) == [1, 2]
    today, tomorrow = spread(4, 100, 0), spread(4, 100, 1)
    assert (today, tomorrow) == ([1, 26, 51, 76], [2, 27, 52, 77])


def compared(database: Database, *gaps: Gap, at_source: int = 10) -> int:
    found = Comparison("issues", at_source, at_source - len(gaps), 5, gaps)
    with database.transaction() as session:
        return note_comparisons(session, SOURCE, [found])


def repairs(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(one.item_key, one.reason) for one in open_repairs(session, SOURCE)]


def test_a_comparison_is_kept_and_its_gaps_are_queued_once(database: Database) -> None:
    gaps = (Gap("7", "missing"), Gap("8", "stale"), Gap("9", "gone"))
    assert (compared(database), compared(database, *gaps), compared(database, *gaps)) == (0, 3, 3)
    assert repairs(database) == [("7", "missing"), ("8", "stale"), ("9", "gone")]
    with database.transaction() as session:
        (newest,) = newest_comparisons(session, "tracker", ["main"])
        assert newest_comparisons(session, "tracker", ["other"]) == []
    assert (newest.missing, newest.stale, newest.gone, newest.repairs) == (1, 1, 1, 3)
    assert newest.completeness == 0.9
    with database.transaction() as session:
        settle_repairs(session, SOURCE, "issues", ["7", "8"])
    assert repairs(database) == [("9", "gone")]


def test_where_very_much_is_missing_the_whole_stream_is_read_again(database: Database) -> None:
    compared(database, *(Gap(str(n), "missing") for n in range(MOST_REPAIRS + 1)), at_source=999)
    assert repairs(database) == [(WHOLE, "missing")]


def test_a_source_without_records_is_complete(database: Database) -> None:
    compared(database, at_source=0)
    with database.transaction() as session:
        assert newest_comparisons(session, "tracker", ["main"])[0].completeness == 1.0


def test_sources_are_those_that_have_a_position(database: Database) -> None:
    with database.transaction() as session:
        advance_cursor(session, SOURCE, "issues", {})
        assert collected_sources(session, "tracker") == ["main"]
        assert collected_sources(session, "other") == []
