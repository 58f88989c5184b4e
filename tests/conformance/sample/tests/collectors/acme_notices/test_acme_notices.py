"""What Acme sends, and what becomes of it."""

from acme_notices.parsing import Notice, parse_notice


def test_a_notice_without_a_title_is_rejected() -> None:
    assert not isinstance(parse_notice({"id": 1}), Notice)
