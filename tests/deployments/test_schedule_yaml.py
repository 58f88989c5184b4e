"""Reading YAML with lines and without guesses."""

import pytest

from deployments.schedule_yaml import read_yaml


def texts(document: str) -> list[str]:
    return [f"{found.line}: {found.text}" for found in read_yaml(document).findings]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("2026-05-01", "2026-05-01"),
        ("~", None),
        ("", None),
        ("<<", "<<"),
        ('"12"', "12"),
        ("'16:10'", "16:10"),
        ("!!str 12", "12"),
    ],
)
def test_a_plain_word_is_text_unless_it_can_only_be_something_else(
    written: str, value: object
) -> None:
    document = read_yaml(f"key: {written}")
    assert document.data == {"key": value}
    assert document.findings == []


def test_the_key_on_needs_no_quotes() -> None:
    assert read_yaml("on: 3").data == {"on": 3}


@pytest.mark.parametrize("written", ["16:10", "04:10", "1:2:3", "+4:1"])
def test_a_time_without_quotes_is_reported_and_read_as_text(written: str) -> None:
    document = read_yaml(f"at: {written}")
    assert document.data == {"at": written}
    assert f'quote it: "{written}"' in document.findings[0].text


def test_of_two_equal_keys_the_second_is_reported_and_the_first_is_read() -> None:
    document = read_yaml("a: 1\nb: 2\na: 3\n")
    assert document.data == {"a": 1, "b": 2}
    assert texts("a: 1\nb: 2\na: 3\n") == [
        "3: `a` is written twice, first on line 1; keep one of them"
    ]


def test_a_key_that_is_not_text_is_reported() -> None:
    assert texts("a:\n  12: x\n  [1]: y\n") == [
        '2: `a` has the key 12, which is not text; quote it: "12"',
        '3: `a` has the key of several values, which is not text; quote it: "of several values"',
    ]


def test_every_value_knows_its_line() -> None:
    document = read_yaml("a:\n  - 1\n  - b: 2\n\n    c: {d: 3}\n")
    assert document.line_of(("a", 1, "c", "d")) == 5
    assert document.line_of(("a", 1, "c", "missing")) == 5
    assert document.line_of(("a", 0)) == 2
    assert document.line_of(("z",)) == 1
    assert (document.at(("a", 1, "b")), document.at(("a", 7)), document.at(("a", "x"))) == (
        2,
        None,
        None,
    )


def test_an_anchor_stands_for_what_it_names_and_own_keys_win_over_merged_ones() -> None:
    document = read_yaml("base: &b {x: 1, y: 2}\nsame: *b\nmine:\n  <<: *b\n  y: 3\n")
    assert document.data["same"] == {"x": 1, "y": 2}
    assert document.data["mine"] == {"x": 1, "y": 3}
    assert document.line_of(("mine", "y")) == 5
    assert document.findings == []


def test_merges_that_disagree_are_reported_unless_the_key_is_written_too() -> None:
    bases = "a: &a {x: 1, z: 1}\nb: &b {x: 2, z: 1}\n"
    assert texts(f"{bases}c:\n  <<: [*a, *b]\n") == [
        "2: `x` comes from two merges (`<<`); write it here"
    ]
    assert texts(f"{bases}c:\n  <<: [*a, *b]\n  x: 3\n") == []


def test_only_mappings_can_be_merged() -> None:
    assert texts("a: &a 3\nb: {<<: *a}\n") == ["1: `b` merges (`<<`) what is not a mapping"]


def test_something_that_contains_itself_is_reported() -> None:
    assert texts("a: &a\n  - *a\n") == ["1: `a`, item 1, contains itself; write it out instead"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("a: !!python/name:os.system x", "`a` has the tag python/name:os.system"),
        ("a: !mine x", "`a` has the tag !mine; write a plain value"),
        ("a: !!int x", "`a` is not a number: x; remove the tag"),
    ],
)
def test_a_tag_makes_nothing_but_a_finding(document: str, words: str) -> None:
    assert words in texts(document)[0]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ("a: 1\nb: ]", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nothing", 1),
        ("a: \x00", 1),
        ("\ta: 1", 1),
    ],
)
def test_what_is_not_one_yaml_document_is_a_finding_with_its_line(document: str, line: int) -> None:
    (finding,) = read_yaml(document).findings
    assert "is not YAML" in finding.text
    assert finding.line == line
