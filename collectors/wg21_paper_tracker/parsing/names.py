"""From the author cell of a paper to its authors' names, in order.

A comma separates people, a person from a suffix ("Smith, Jr."), or a surname from a given name
("Smith, Jane"); which it is shows in what stands on both sides of it.
"""

import re
from collections.abc import Sequence

from collectors.wg21_paper_tracker.parsing.fields import collapse

_BETWEEN_PEOPLE = re.compile(r"\s*(?:[;&\n/]|,?\s+and\s+)\s*", re.IGNORECASE)
_SUFFIX = re.compile(
    r"(?:jr|sr|ii|iii|iv|v|ph\.?\s?d|m\.?d|esq|inc|ltd|llc|gmbh)\.?", re.IGNORECASE
)
# "(Microsoft)", "[1]", "<jane@example.org>", "*", a footnote's number after the name.
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>|[*†‡§¶#¹²³⁰⁴-⁹]+|(?<=[^\W\d_.])\d+\b")
_BY = re.compile(r"^(?:edited\s+)?by:?\s+", re.IGNORECASE)
_ET_AL = re.compile(r"[,\s]+et\.?\s+al\.?$|^et\.?\s+al\.?$", re.IGNORECASE)
_PARTICLES = frozenset(
    "al da dal de del della den der di dos du el la le van von".split()  # noqa: SIM905 - reads well
)


# What is longer is no name, and more than an index of PostgreSQL takes: cells have run together.
_LONGEST_NAME = 500


def problem_of_names(names: Sequence[str]) -> str | None:
    """Why the longest of them can be nobody's; None when it can."""
    longest = max(names, key=len, default="")
    is_plausible = len(longest) <= _LONGEST_NAME
    return None if is_plausible else f"has an author of {len(longest)} characters"


def read_authors(text: str) -> tuple[str, ...]:
    """The names, without remarks and footnotes; two people of one name stay two.

    Two single words with a comma between them are a surname and a given name. Three are three
    surnames: that is how the oldest pages list people.
    """
    cleaned = _REMARK.sub(" ", text)
    groups = [_people(part) for part in _BETWEEN_PEOPLE.split(cleaned) if part.strip()]
    groups = [group for group in groups if group]
    if groups and all(map(_is_surname_first, groups)):
        return tuple(_turned(*group) for group in groups)
    return tuple(" ".join(person) for group in groups for person in group)


def _people(text: str) -> list[list[str]]:
    """What commas separate, each with the suffixes that follow it."""
    people: list[list[str]] = []
    for part in text.split(","):
        name = _ET_AL.sub("", _BY.sub("", collapse(part))).strip(" -")
        if people and _SUFFIX.fullmatch(name):
            people[-1].append(name)
        elif any(map(str.isalpha, name)):
            people.append([name])
    return people


def _is_surname_first(people: Sequence[Sequence[str]]) -> bool:
    """Whether this is one person, as in `van der Berg, J. R.`, and not two."""
    if len(people) != 2:
        return False
    surname, given = (person[0].split() for person in people)
    return _could_be_surname(surname) and _could_be_given(given)


def _could_be_surname(words: Sequence[str]) -> bool:
    return len(words) == 1 or words[0].lower() in _PARTICLES


def _could_be_given(words: Sequence[str]) -> bool:
    """One name, then initials."""
    return all(word.endswith(".") or len(word) == 1 for word in words[1:])


def _turned(surname: Sequence[str], given: Sequence[str]) -> str:
    """`Smith, Jane` is Jane Smith; a suffix ends the name, wherever it stood."""
    return " ".join([given[0], surname[0], *surname[1:], *given[1:]])
