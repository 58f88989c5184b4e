"""What git's listing may hold."""

import pytest

from collectors.{{ cookiecutter.slug }}.parsing import Reference, RejectedReference, read_line, read_listing

SHA = "a" * 40


def test_every_line_is_a_reference() -> None:
    listing = f"{SHA}\trefs/heads/main\n{SHA}\trefs/tags/été\n".encode()
    assert list(read_listing(listing)) == [
        Reference("refs/heads/main", SHA),
        Reference("refs/tags/été", SHA),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"warning: something else", "no object, tab and reference"),
        (SHA.encode() + b"\trefs/tags/\xff", "the name is not UTF-8"),
    ],
)
def test_a_line_that_is_none_is_kept_with_the_reason(line: bytes, reason: str) -> None:
    read = read_line(line)
    assert isinstance(read, RejectedReference)
    assert read == RejectedReference(line.decode("utf-8", "backslashreplace"), reason)
