"""What git prints becomes records, whatever people have put into their commits."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.github_activity_tracker.parsing.commits import (
    END_OF_BATCH,
    BrokenOutput,
    ChangeStatus,
    CommitRecord,
    FileChange,
    RejectedCommit,
    Signature,
    decode_path,
    parse_changes,
    parse_commit_object,
)

SHA = "a" * 40
OTHER = "b" * 40
BLOBS = b"100644 100644 " + b"1" * 40 + b" " + b"2" * 40 + b" "


def commit(
    message: bytes = b"message\n",
    *,
    author: bytes = b"author Ada <ada@example.org> 1700000000 +0100",
    headers: bytes = b"",
) -> CommitRecord | RejectedCommit:
    committer = b"committer Grace <grace@example.org> 1700000001 -0800\n"
    raw = b"tree " + b"1" * 40 + b"\n" + author + b"\n" + committer + headers + b"\n" + message
    return parse_commit_object(SHA, raw, ())


def message_of(record: CommitRecord | RejectedCommit) -> str:
    assert isinstance(record, CommitRecord)
    return record.message


def author_of(record: CommitRecord | RejectedCommit) -> Signature:
    assert isinstance(record, CommitRecord)
    return record.author


def reason_of(record: CommitRecord | RejectedCommit) -> str:
    assert isinstance(record, RejectedCommit)
    return record.reason


def test_commit_tells_who_and_when_in_utc() -> None:
    record = commit()
    assert isinstance(record, CommitRecord)
    assert record.author == Signature(
        "Ada", "ada@example.org", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    )
    assert record.committer.email == "grace@example.org"
    assert (record.sha, record.parents, record.changes) == (SHA, (), ())


def test_parents_keep_their_order() -> None:
    raw = b"tree x\nparent %s\nparent %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nm" % (
        b"b" * 40,
        b"c" * 40,
    )
    record = parse_commit_object(SHA, raw, None)
    assert isinstance(record, CommitRecord)
    assert record.parents == ("b" * 40, "c" * 40)
    assert record.changes is None


def test_message_keeps_everything_but_nul() -> None:
    assert message_of(commit(b"\n a\0b\r\n\n\nc ")) == "\n ab\r\n\n\nc "


def test_message_may_be_missing_altogether() -> None:
    raw = b"tree x\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000"
    assert message_of(parse_commit_object(SHA, raw, ())) == ""


def test_message_of_a_megabyte_is_kept() -> None:
    assert len(message_of(commit(b"x" * (1 << 20)))) == 1 << 20


def test_invalid_utf8_is_replaced() -> None:
    assert message_of(commit(b"a\xffb")) == "a\ufffdb"


def test_surrogates_in_utf8_never_get_through() -> None:
    message_of(commit(b"\xed\xa0\x80")).encode("utf-8")


def test_encoding_header_decides_for_message_and_names() -> None:
    record = commit(
        b"caf\xe9", author=b"author Ren\xe9 <r@x> 1 +0000", headers=b"encoding ISO-8859-1\n"
    )
    assert message_of(record) == "café"
    assert author_of(record).name == "René"


@pytest.mark.parametrize(
    "codec", [b"klingon", b"\xff", b"", b"a\0b", b"hex", b"idna", b"unicode_escape", b"rot13"]
)
def test_what_is_no_character_set_is_read_as_utf8(codec: bytes) -> None:
    record = commit("é\\d".encode(), headers=b"encoding " + codec + b"\n")
    assert message_of(record) == "é\\d"


def test_lone_surrogates_of_utf7_are_replaced() -> None:
    assert message_of(commit(b"a+2AA-b", headers=b"encoding utf-7\n")) == "a\ufffdb"


def test_signatures_and_merged_tags_of_many_lines_are_no_headers() -> None:
    headers = (
        b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n author Eve <eve@x> 5 +0000\n -----END\n"
        b"mergetag object 1\n type commit\n tagger T <t@x> 1 +0000\n \n encoding latin-1\n"
    )
    record = commit(b"\xc3\xa9", headers=headers)
    assert message_of(record) == "é"
    assert author_of(record).name == "Ada"


@pytest.mark.parametrize(
    ("line", "name", "email"),
    [
        (b"<> 1 +0000", "", ""),
        (b"Ada <> 1 +0000", "Ada", ""),
        (b" <a@x> 1 +0000", "", "a@x"),
        (b"A > B <a@x> 1 +0000", "A > B", "a@x"),
        (b"A <B> <a@x> 1 +0000", "A", "B"),
        (b"A <<a@x>> 1 +0000", "A", "<a@x"),
        (b"A <a@x> 1", "A", "a@x"),
        (b"A <a@x> 1 nonsense", "A", "a@x"),
        (b"A <a@x>1 +9999999", "A", "a@x"),
        (b"A\0 <a@x> 1 +0000", "A", "a@x"),
    ],
)
def test_odd_signatures_are_read_as_git_reads_them(line: bytes, name: str, email: str) -> None:
    found = author_of(commit(author=b"author " + line))
    assert (found.name, found.email, found.at.timestamp()) == (name, email, 1)


def test_times_before_1970_are_times() -> None:
    assert author_of(commit(author=b"author A <a> -1 +0000")).at.year == 1969


@pytest.mark.parametrize("epoch", [b"99999999999999", b"-99999999999999", b"9" * 5000])
def test_time_no_database_can_hold_is_rejected(epoch: bytes) -> None:
    reason = reason_of(commit(author=b"author A <a> " + epoch + b" +0000"))
    assert reason.startswith("author time is outside the years 1 to 9999: ")
    assert len(reason) < 100


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"comment x", "no author"),
        (b"author Ada 1 +0000", "author without an e-mail in angle brackets and a time"),
        (b"author Ada <a@x>", "author without an e-mail in angle brackets and a time"),
    ],
)
def test_commit_without_author_or_time_is_rejected_with_its_bytes(line: bytes, reason: str) -> None:
    record = commit(b"m", author=line)
    assert isinstance(record, RejectedCommit)
    assert record.reason == reason
    assert line in record.raw


def test_commit_without_committer_is_rejected() -> None:
    raw = b"tree x\nauthor A <a> 1 +0000\n\nm"
    assert reason_of(parse_commit_object(SHA, raw, ())) == "no committer"


@given(st.binary())
def test_any_bytes_are_a_record_or_a_rejection(raw: bytes) -> None:
    record = parse_commit_object(SHA, raw, ())
    assert isinstance(record, CommitRecord | RejectedCommit)


@given(
    st.binary(),
    st.sampled_from([b"utf-8", b"utf-7", b"utf-16", b"big5", b"shift_jis", b"cp1251", b"utf-32"]),
)
def test_any_message_can_be_stored(message: bytes, codec: bytes) -> None:
    text = message_of(commit(message, headers=b"encoding " + codec + b"\n"))
    assert "\0" not in text
    text.encode("utf-8")


@given(st.lists(st.binary(min_size=1), unique=True))
def test_different_paths_stay_different(paths: list[bytes]) -> None:
    assert len({decode_path(path) for path in paths}) == len(paths)


def test_path_that_looks_escaped_is_not_the_one_that_is() -> None:
    assert decode_path(b"\xff") == "\\xff"
    assert decode_path(b"\\xff") == "\\x5cxff"
    assert decode_path("Übung\n.txt".encode()) == "Übung\n.txt"


def changes_of(*fields: bytes) -> tuple[FileChange, ...]:
    output = b"".join(field + b"\0" for field in (SHA.encode(), *fields)) + END_OF_BATCH
    [(sha, changes)] = islice(parse_changes(iter([output])), 1)
    assert sha == SHA
    return changes


def test_line_counts_belong_to_their_files() -> None:
    assert changes_of(
        b":" + BLOBS + b"A", b"new", b":" + BLOBS + b"M", b"old", b"1\t0\tnew", b"2\t3\told"
    ) == (
        FileChange("new", None, ChangeStatus.ADDED, 1, 0),
        FileChange("old", None, ChangeStatus.MODIFIED, 2, 3),
    )


def test_renamed_and_copied_files_know_where_they_come_from() -> None:
    assert changes_of(
        b":" + BLOBS + b"R087",
        b"a",
        b"b",
        b":" + BLOBS + b"C100",
        b"c",
        b"d",
        b"4\t5\t",
        b"a",
        b"b",
        b"0\t0\t",
        b"c",
        b"d",
    ) == (
        FileChange("b", "a", ChangeStatus.RENAMED, 4, 5),
        FileChange("d", "c", ChangeStatus.COPIED, 0, 0),
    )


def test_binary_files_have_no_line_counts() -> None:
    [change] = changes_of(b":" + BLOBS + b"M", b"logo.png", b"-\t-\tlogo.png")
    assert (change.additions, change.deletions) == (None, None)


def test_without_numstat_there_are_no_line_counts() -> None:
    [change] = changes_of(b":" + BLOBS + b"D", b"gone")
    assert change == FileChange("gone", None, ChangeStatus.REMOVED, None, None)


@pytest.mark.parametrize("letter", [b"U", b"X"])
def test_what_git_cannot_tell_is_modified(letter: bytes) -> None:
    assert changes_of(b":" + BLOBS + letter, b"odd")[0].status is ChangeStatus.MODIFIED


def test_type_change_is_its_own_status() -> None:
    assert changes_of(b":" + BLOBS + b"T", b"f")[0].status is ChangeStatus.TYPE_CHANGED


OUTPUT = (
    SHA.encode()
    + b"\0:"
    + BLOBS
    + b"A\0\n\0:"
    + BLOBS
    + b"A\0\n:tab\there\0"
    + b"1\t0\t\n\0"
    + b"2\t0\t\n:tab\there\0"
    + OTHER.encode()
    + b"\0"
    + END_OF_BATCH
    + SHA.encode()
    + b"\0"
    + END_OF_BATCH
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 41, 1000])
def test_blocks_may_be_cut_anywhere_even_where_a_path_looks_like_an_end(size: int) -> None:
    blocks = (OUTPUT[start : start + size] for start in range(0, len(OUTPUT), size))
    found = list(islice(parse_changes(blocks), 3))
    assert [(sha, len(changes)) for sha, changes in found] == [(SHA, 2), (OTHER, 0), (SHA, 0)]
    assert [change.path for change in found[0][1]] == ["\n", "\n:tab\there"]


def test_last_commit_of_a_batch_is_told_without_waiting_for_more() -> None:
    def blocks() -> Iterator[bytes]:
        yield SHA.encode() + b"\0" + END_OF_BATCH
        raise AssertionError("asked for more")

    assert next(parse_changes(blocks())) == (SHA, ())


def test_output_that_ends_inside_a_commit_is_broken() -> None:
    with pytest.raises(BrokenOutput, match="ended early"):
        next(parse_changes(iter([SHA.encode() + b"\0:" + BLOBS + b"A\0file\0"])))


def test_output_that_ends_inside_a_path_is_broken() -> None:
    with pytest.raises(BrokenOutput, match="ended early"):
        next(parse_changes(iter([SHA.encode() + b"\0:" + BLOBS + b"A\0fi"])))


def test_commit_that_git_leaves_out_is_noticed() -> None:
    with pytest.raises(BrokenOutput, match="left a commit out"):
        next(parse_changes(iter([END_OF_BATCH])))
