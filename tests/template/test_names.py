"""Which names are refused, and why."""

import pytest

from authoring.scaffold.answers import text_problems
from authoring.scaffold.names import name_problems
from tests.support.local_stack import ROOT

SHAPE = "is not lower-case letters, digits and _"


@pytest.mark.parametrize("slug", ["heartbeat_demo", "r2d2", "a" * 50, "wg22_papers"])
def test_a_name_that_nothing_else_has_is_fine(slug: str) -> None:
    assert name_problems(slug, ROOT) == []


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        ("", SHAPE),
        ("BadName", SHAPE),
        ("9lives", SHAPE),
        ("_hidden", SHAPE),
        ("with-dash", SHAPE),
        ("with space", SHAPE),
        (" leading", SHAPE),
        ("trailing ", SHAPE),
        ("newline\n", SHAPE),
        ("nul\0", SHAPE),
        ("heartbéat", SHAPE),
        ("../outside", SHAPE),
        ("two__underscores", "has two underscores in a row"),
        ("trailing_", "ends with an underscore"),
        ("a" * 51, "has 51 characters"),
        ("x", "has fewer than 3 characters"),
        ("class", "is a word of Python's own"),
        ("match", "is a word of Python's own"),
        ("type", "is a built-in name of Python"),
        ("json", "is a module of Python's library"),
        ("this", "is a module of Python's library"),
        ("prefect", "is a package that is installed"),
        ("yaml", "is a package that is installed"),
        ("services", "is a package that is installed, or a folder of this project"),
        ("tests", "is a package that is installed, or a folder of this project"),
        ("github_activity_tracker", "is a collector already"),
        ("lifecycle", "is a module of the flows already: flows/lifecycle.py"),
        ("github", "is a group or a deployment of the schedule already"),
        ("releases", "is a group or a deployment of the schedule already"),
        ("identity", "is how tables of others start: identity_decision"),
        ("release", "is how tables of others start: release"),
        ("database", "is how settings of others start: DATABASE_LOCK_TIMEOUT_SECONDS"),
        (
            "boost_release_tracker_two",
            "starts with the name of the collector boost_release_tracker",
        ),
    ],
)
def test_a_name_that_would_not_do_is_refused_with_the_reason(slug: str, reason: str) -> None:
    assert any(reason in problem for problem in name_problems(slug, ROOT))


def test_all_reasons_are_given_at_once() -> None:
    problems = "\n".join(name_problems("A__b_", ROOT))
    assert SHAPE in problems
    assert "has two underscores in a row" in problems
    assert "ends with an underscore" in problems


@pytest.mark.parametrize("text", ["", '"""', "two\nlines", "a" * 51, "{{ code }}", "back\\slash"])
def test_a_title_or_owner_that_could_end_a_docstring_is_refused(text: str) -> None:
    assert len(text_problems(text, text)) == 2


def test_a_team_may_own_a_room() -> None:
    assert text_problems("Heartbeat (demo)", "@org/data-platform") == []
