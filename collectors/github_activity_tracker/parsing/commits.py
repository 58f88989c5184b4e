"""Bytes as git prints them → frozen records. Pure: no process, no clock, no database."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

# Ends a batch of `git diff-tree --stdin`: git repeats a line that is no object name, and flushes.
END_OF_BATCH = b"\n"

# As git reads it: the name ends at the first "<", the e-mail at the first ">",
# and the time follows the last ">".
_SIGNATURE = re.compile(rb"([^<]*)<([^>]*)>(?:.*>)?\s*(-?\d+)", re.DOTALL)

# Codecs of Python's own that are no character sets.
_NOT_CHARACTER_SETS = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}
)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as a commit states it."""

    name: str
    email: str
    at: datetime


class ChangeStatus(StrEnum):
    """What a commit did to a file."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"
    COPIED = "copied"
    TYPE_CHANGED = "type_changed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's part of a commit; counts are None for binary files and where they were not read."""

    path: str
    old_path: str | None
    status: ChangeStatus
    additions: int | None
    deletions: int | None


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit. `changes` is None where the history is cut off (a shallow source's last commits)."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: Signature
    committer: Signature
    changes: tuple[FileChange, ...] | None


@dataclass(frozen=True, slots=True)
class RejectedCommit:
    """A commit that cannot be turned into a record; kept for the dead letters."""

    sha: str
    reason: str
    raw: bytes


class BrokenOutput(Exception):
    """git's output ended early or answers something else than what was asked."""


class _MalformedCommit(ValueError):
    """The reason, on one line, why a commit is no record."""


def parse_commit_object(
    sha: str, raw: bytes, changes: tuple[FileChange, ...] | None
) -> CommitRecord | RejectedCommit:
    """A commit object, byte for byte as git stores it.

    The message is kept as it is, but for NUL, which PostgreSQL cannot hold. Text that is not what
    its `encoding` header says gets replacement characters. Of a time only the instant is kept.
    """
    header, _, message = raw.partition(b"\n\n")
    fields = _header_fields(header)
    codec = _codec(fields.get(b"encoding", [b"utf-8"])[0])
    try:
        author = _signature(fields, b"author", codec)
        committer = _signature(fields, b"committer", codec)
    except _MalformedCommit as reason:
        return RejectedCommit(sha, str(reason), raw)
    parents = tuple(parent.decode("ascii", "replace") for parent in fields.get(b"parent", ()))
    return CommitRecord(sha, parents, decode_text(message, codec), author, committer, changes)


def _header_fields(header: bytes) -> dict[bytes, list[bytes]]:
    """Continuation lines (of signatures, merged tags) start with a space: their name is empty."""
    fields: dict[bytes, list[bytes]] = {}
    for line in header.split(b"\n"):
        name, _, value = line.partition(b" ")
        fields.setdefault(name, []).append(value)
    return fields


def _signature(fields: dict[bytes, list[bytes]], role: bytes, codec: str) -> Signature:
    lines = fields.get(role)
    if not lines:
        raise _MalformedCommit(f"no {role.decode()}")
    found = _SIGNATURE.match(lines[0])
    if found is None:
        raise _MalformedCommit(f"{role.decode()} without an e-mail in angle brackets and a time")
    name, email, epoch = found.groups()
    return Signature(
        decode_text(name.strip(), codec),
        decode_text(email.strip(), codec),
        _instant(epoch, role),
    )


def _instant(epoch: bytes, role: bytes) -> datetime:
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise _MalformedCommit(
            f"{role.decode()} time is outside the years 1 to 9999: {epoch[:30].decode()}"
        ) from None


@lru_cache(maxsize=64)
def _codec(name: bytes) -> str:
    """Python's name of a character set; UTF-8 for one it does not know."""
    try:
        found = codecs.lookup(name.decode("ascii").strip()).name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.replace("-", "_") in _NOT_CHARACTER_SETS else found


def decode_text(text: bytes, codec: str) -> str:
    """Text a database accepts: no NUL, no lone surrogate, whatever the bytes are."""
    try:
        decoded = text.decode(codec, "replace")
    except (LookupError, ValueError):  # a codec from bytes to bytes, or one that ignores "replace"
        decoded = text.decode("utf-8", "replace")
    if codec != "utf-8":  # UTF-8 never yields a surrogate; UTF-7 does
        decoded = decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return decoded.replace("\0", "") if "\0" in decoded else decoded


def decode_path(path: bytes) -> str:
    r"""A path as text; bytes that are not UTF-8 become `\xNN`.

    Different paths stay different: a backslash that really stands before an `x` becomes `\x5c`.
    """
    if b"\\x" in path:
        path = path.replace(b"\\x", b"\\x5cx")
    return path.decode("utf-8", "backslashreplace")


_STATUSES = {
    b"A": ChangeStatus.ADDED,
    b"M": ChangeStatus.MODIFIED,
    b"D": ChangeStatus.REMOVED,
    b"R": ChangeStatus.RENAMED,
    b"C": ChangeStatus.COPIED,
    b"T": ChangeStatus.TYPE_CHANGED,
}


class _Fields:
    """The NUL-ended fields of `-z` output, cut from blocks of any size.

    A path may hold any byte but NUL, the end-of-batch line too; so the caller says what it expects.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._complete: Iterator[bytes] = iter(())
        self._rest = b""

    def path(self) -> bytes:
        field = next(self._complete, None)
        while field is None:
            self._read_block()
            field = next(self._complete, None)
        return field

    def word(self) -> bytes:
        """A field that is no path, or END_OF_BATCH."""
        field = next(self._complete, None)
        while field is None:
            if self._rest == END_OF_BATCH:
                self._rest = b""
                return END_OF_BATCH
            self._read_block()
            field = next(self._complete, None)
        return field

    def _read_block(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            raise BrokenOutput("git's output ended early")
        *complete, self._rest = (self._rest + block).split(b"\0")
        self._complete = iter(complete)


@dataclass(slots=True)
class _Comparison:
    """What diff-tree says of one commit: first its files, then the line counts of each."""

    files: dict[bytes, tuple[bytes, bytes | None]]
    counts: dict[bytes, tuple[int | None, int | None]]

    def changes(self) -> tuple[FileChange, ...]:
        return tuple(
            FileChange(
                decode_path(path),
                None if old_path is None else decode_path(old_path),
                # U and X mean that git could not tell: the file differs, and no more is known.
                _STATUSES.get(letter, ChangeStatus.MODIFIED),
                *self.counts.get(path, (None, None)),
            )
            for path, (letter, old_path) in self.files.items()
        )


def parse_changes(blocks: Iterator[bytes]) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """Commit after commit, as `git diff-tree --stdin --always -z --raw [--numstat]` compares them.

    A commit is yielded as soon as the next one or the end of its batch is seen, so that a reader
    which waits for the last commit of a batch never waits for more. Never ends by itself.

    Raises:
        BrokenOutput: at the end of the blocks; a git that dies leaves a commit half told.
    """
    fields = _Fields(blocks)
    header = b""
    while True:
        sha = header.lstrip(END_OF_BATCH) or fields.word().lstrip(END_OF_BATCH)
        if not sha:
            raise BrokenOutput("git left a commit out")
        comparison, header = _read_comparison(fields)
        yield sha.decode("ascii", "replace"), comparison.changes()


def _read_comparison(fields: _Fields) -> tuple[_Comparison, bytes]:
    """One commit's comparison, and the word after it: the next commit or END_OF_BATCH."""
    comparison = _Comparison({}, {})
    while True:
        word = fields.word()
        if word.startswith(b":"):
            _read_file(word, fields, comparison)
        elif b"\t" in word:
            _read_counts(word, fields, comparison)
        else:
            return comparison, word


def _read_file(word: bytes, fields: _Fields, comparison: _Comparison) -> None:
    """`:mode mode sha sha LETTER[score]`, then the path, or the old and the new one."""
    letter = word.rpartition(b" ")[2][:1]
    old_path = fields.path() if letter in b"RC" else None
    comparison.files[fields.path()] = (letter, old_path)


def _read_counts(word: bytes, fields: _Fields, comparison: _Comparison) -> None:
    """`added TAB deleted TAB path`; a renamed file's two paths follow as fields of their own."""
    added, deleted, path = word.split(b"\t", 2)
    if not path:
        fields.path()
        path = fields.path()
    comparison.counts[path] = (_count(added), _count(deleted))


def _count(text: bytes) -> int | None:
    """None for `-`, which git prints for a binary file."""
    return None if text == b"-" else int(text)
