"""What a file may hold in the place of a record."""

import pytest

from collectors.{{ cookiecutter.slug }}.parsing import Record, RejectedRecord, read_line


def test_a_record_is_read_and_other_fields_are_none_of_our_business() -> None:
    line = b'{"id": "a", "title": "The first", "colour": "green"}\n'
    assert read_line(line) == Record("a", "The first")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not JSON", "Expecting value"),
        (b'{"id": "a"', "Expecting"),
        (b"\xff", "can't decode byte"),
        (b"[1]", "a record is an object, not list"),
        (b'{"title": "x"}', "id is missing"),
        (b'{"id": "", "title": "x"}', "id is missing"),
        (b'{"id": "a", "title": 5}', "title is int, not str"),
    ],
)
def test_a_line_that_is_no_record_is_kept_with_the_reason(line: bytes, reason: str) -> None:
    read = read_line(line)
    assert isinstance(read, RejectedRecord)
    assert reason in read.reason
    assert read == read_line(line)
