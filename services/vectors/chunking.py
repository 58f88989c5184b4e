"""Cuts a text where it pauses. Pure functions.

A cut depends on what is near it, not on how much text lies before: a paragraph put in at the top
leaves the chunks below as they are, and only those around it are embedded again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

# Raised when a text is cut otherwise than before: everything is cut again, what comes out the same stays.
RULES = 1
# Characters. About 250 tokens: models of sentences read 256 to 512.
LEAST = 300
MOST = 1200
OVERLAP = 150
# One border in so many, of those that the text itself offers, is a cut (once a chunk has its least).
_ONE_IN = 4

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_HEADING = re.compile(r"#{1,6} ")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.!?]) +")
_WORD = re.compile(r"\s+")
_SAYS_SOMETHING = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text: `text[begins:ends]`."""

    begins: int
    ends: int

    @property
    def length(self) -> int:
        """In characters."""
        return self.ends - self.begins


def cut(text: str) -> list[Span]:
    """The chunks of a text, in its order; none for a text without a word.

    They end at headings, between paragraphs and around code where there are any, else at lines,
    sentences, words. Each begins with the last whole lines or sentences of the one before, at most
    OVERLAP characters, unless a heading begins it.
    """
    chunks: list[Span] = []
    for span in _packed(text, _blocks(text)):
        begins = _overlapping(text, chunks[-1], span) if chunks else span.begins
        if _SAYS_SOMETHING.search(text, span.begins, span.ends):
            chunks.append(Span(begins, span.ends))
    return chunks


def _packed(text: str, blocks: Sequence[Span]) -> Iterator[Span]:
    """Neighbouring blocks together, up to a cut."""
    begins = ends = 0
    for block in blocks:
        size = ends - begins
        if size and (size + block.length > MOST or _is_cut(text, block, size)):
            yield Span(begins, ends)
            begins = block.begins
        ends = block.ends
    if ends > begins:
        yield Span(begins, ends)


def _is_cut(text: str, block: Span, size: int) -> bool:
    """Whether a chunk ends before this block: at a heading, or where the block's own hash says so."""
    if size < LEAST:
        return False
    if _HEADING.match(text, block.begins):
        return True
    return crc32(text[block.begins : block.ends].strip().encode("utf-8", "replace")) % _ONE_IN == 0


def _blocks(text: str) -> list[Span]:
    """Paragraphs, and code between its fences, none of them longer than a chunk may be."""
    return [part for block in _paragraphs(text) for part in _bounded(text, block, _FINER)]


_FINER = (_LINE, _SENTENCE, _WORD)


def _bounded(text: str, block: Span, finer: Sequence[re.Pattern[str]]) -> Iterator[Span]:
    """The block, or its parts at the first kind of border that makes them short enough."""
    if block.length <= MOST:
        yield block
    elif finer:
        for part in _split(text, block, finer[0]):
            yield from _bounded(text, part, finer[1:])
    else:
        for begins in range(block.begins, block.ends, MOST):
            yield Span(begins, min(begins + MOST, block.ends))


def _paragraphs(text: str) -> Iterator[Span]:
    for span, is_code in _fenced(text):
        if is_code:
            yield span
        else:
            yield from _split(text, span, _PARAGRAPH)


def _fenced(text: str) -> Iterator[tuple[Span, bool]]:
    """The text in turn outside and inside of code fences; one that is never closed is none."""
    position = 0
    opened = _FENCE.search(text)
    while opened:
        mark = re.compile(rf"^ {{0,3}}{opened[1][0]}{{{len(opened[1])},}}[ \t]*$\n?", re.MULTILINE)
        closed = mark.search(text, opened.end())
        if closed is None:
            break
        yield Span(position, opened.start()), False
        yield Span(opened.start(), closed.end()), True
        position = closed.end()
        opened = _FENCE.search(text, position)
    yield Span(position, len(text)), False


def _split(text: str, span: Span, border: re.Pattern[str]) -> Iterator[Span]:
    """The parts between borders, each with the border behind it."""
    begins = span.begins
    for found in border.finditer(text, span.begins, span.ends):
        yield Span(begins, found.end())
        begins = found.end()
    if span.ends > begins:
        yield Span(begins, span.ends)


def _overlapping(text: str, before: Span, span: Span) -> int:
    """Where a chunk begins when it repeats the end of the one before."""
    if _HEADING.match(text, span.begins):
        return span.begins
    earliest = max(before.begins, span.begins - OVERLAP)
    latest = earliest + len(text[earliest : span.begins].rstrip())
    for border in (_LINE, _SENTENCE):
        found = border.search(text, earliest, latest)
        if found:
            return found.end()
    return span.begins
