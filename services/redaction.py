"""Hides secrets in text and in exceptions before anything is logged, stored or shown.

What is recognised are shapes: credentials in URLs, headers and assignments, and the token formats
of the services we talk to. Hidden parts become `***`; what tells which credential it was stays.
"""

import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from re import DOTALL, IGNORECASE

from services.errors import RedactedError
from services.failures import classify_failure

_VALUE = r"""(?!=|\\?["'])(?:\\[^"]|[^\s&"'<>\\]|&(?![\w.-]+=))+"""
"""Up to white space, a quote or the next query parameter; a backslash escapes, as in libpq."""

_QUOTED = r"""(?P<quote>\\?["'])(?:(?!(?P=quote))(?:\\.|[^\\]))+"""

_PROSE = r"(?!(?:tokens?|authentication|authorization|credentials?)(?![\w~+/%=-]|\.\w))"
"""Words that follow "bearer" in a sentence."""

_NAME = r"(?:api[-_]?key|access[-_]?key|secret[-_]?key|private[-_]?key|token|secret|passw(?:or)?d)"
_CLUES = ("key", "token", "secret", "passw")


@dataclass(frozen=True)
class _Shape:
    """One form of secret. The pattern is tried only on text that has a clue (in lower case)."""

    clues: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


def _shape(clues: str | tuple[str, ...], pattern: str, replacement: str, flags: int = 0) -> _Shape:
    listed = (clues,) if isinstance(clues, str) else clues
    return _Shape(listed, re.compile(pattern, flags), replacement)


_SHAPES = (
    _shape(
        "private key",
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        r"\1***\2",
        DOTALL,
    ),
    _shape(
        "hooks.slack",
        r"(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)[\w/*-]+",
        r"\1***",
        IGNORECASE,
    ),
    _shape(
        "/webhooks/",
        r"(discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/)[\w-]+",
        r"\1***",
        IGNORECASE,
    ),
    # token@, token:@ and token:x-oauth-basic@; `git` is the login name of every forge.
    _shape(
        "://",
        r"""(?<=[a-z0-9]://)(?!git@)[^\s/?#"'<>:@]+(?=(?::(?:x-oauth-basic)?)?@)""",
        "***",
        IGNORECASE,
    ),
    # user:password@. A `/`, `?` or `#` left unencoded is part of the password unless a port leads.
    _shape(
        "://",
        r"""(?<=[a-z0-9]://)([^\s/?#"'<>:\[]*:)"""
        r"""(?:[^\s/?#"'<>]+|(?!@|\d{1,5}[/?#,])[^\s"'<>]{1,500}?)@""",
        r"\1***@",
        IGNORECASE,
    ),
    _shape("x-access-token:", r"(x-access-token:)[^\s@]+(?=@)", r"\1***", IGNORECASE),
    _shape(
        "authorization",
        r"""(authorization\\?["']?\s*[:=]\s*(?:b?\\?["'])?(?:(?:basic|bearer|token|bot)\s+)?)"""
        r"""[^\s"'\\,;]+""",
        r"\1***",
        IGNORECASE,
    ),
    _shape(
        "bearer",
        rf"(\bbearer\s+){_PROSE}[\w.~+/%-]{{6,}}=*",
        r"\1***",
        IGNORECASE,
    ),
    # Prose says "Basic guarantee": only what looks like base64 counts.
    _shape(
        "basic",
        r"(\b(?i:basic)\s+)(?=[A-Za-z0-9+/_-]*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/_-]{6,}=*",
        r"\1***",
    ),
    _shape(
        _CLUES,
        rf"""({_NAME}\\?["']\s*:\s*){_QUOTED}""",
        r"\1\g<quote>***",
        IGNORECASE | DOTALL,
    ),
    _shape(
        _CLUES,
        rf"({_NAME}\s*=\s*){_QUOTED}",
        r"\1\g<quote>***",
        IGNORECASE | DOTALL,
    ),
    _shape(_CLUES, rf"({_NAME}=){_VALUE}", r"\1***", IGNORECASE),
    _shape(("key=", "sig"), rf"([?&;](?:key|sig|[\w-]*signature)=){_VALUE}", r"\1***", IGNORECASE),
    _shape(
        ("api-key", "-token"),
        r"((?:api-key|(?:auth|access|private)-token)\s*:\s*)(?!\S*@)[^\s\"',;]+",
        r"\1***",
        IGNORECASE,
    ),
    _shape("xox", r"(xox[abcdeprs]-)[\w%+/=-]{4,}", r"\1***"),
    _shape("xapp-", r"(xapp-)[\w-]{4,}", r"\1***"),
    _shape("gh", r"(gh[pousr]_)(?:\d+_)?[A-Za-z0-9]{20,}(?:[\w.-]*\w)?", r"\1***"),
    _shape("github_pat_", r"(github_pat_)\w{20,}", r"\1***"),
    _shape("aiza", r"(AIza)[\w-]{35}", r"\1***"),
    _shape("pcsk_", r"(pcsk_)\w{16,}", r"\1***"),
    _shape(("akia", "asia"), r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])", r"\1***"),
)


def redact(text: str) -> str:
    """The text with every recognised secret hidden; the same object when there is none.

    Redacting twice gives the same text as redacting once.
    """
    lowered = text.lower()
    for shape in _SHAPES:
        if any(clue in lowered for clue in shape.clues):
            text = shape.pattern.sub(shape.replacement, text)
    return text


def redact_exception(error: BaseException) -> BaseException:
    """The error, free of secrets in its text and in all that its traceback would print.

    It is the same object whenever possible: strings among its arguments and notes are cleaned in
    place, and so are its causes, contexts and group members. An exception that shows a secret by
    other means (attributes, a text made up by a C extension) is replaced by a `RedactedError` with
    the cleaned text, its category and its traceback: raise that one `from None`, so that the
    original is not printed as its context. What ends a program (KeyboardInterrupt, SystemExit, a
    cancelled task) is never replaced.
    """
    return _clean(error, {})


def _clean(error: BaseException, done: dict[int, BaseException]) -> BaseException:
    """Clean an error and all it is linked to; `done` maps what was met to what stands for it."""
    if id(error) in done:
        return done[id(error)]
    done[id(error)] = error
    _clean_arguments(error, done)
    _clean_notes(error)
    if isinstance(error, BaseExceptionGroup):
        done[id(error)] = _without_secret_in_group(error, done)
    else:
        done[id(error)] = _without_secret(error)
    _clean_links(error, done[id(error)], done)
    return done[id(error)]


def _clean_arguments(error: BaseException, done: dict[int, BaseException]) -> None:
    cleaned = tuple(_clean_argument(argument, done) for argument in error.args)
    if not _are_same(cleaned, error.args):
        error.args = cleaned


def _clean_argument(argument: object, done: dict[int, BaseException]) -> object:
    if isinstance(argument, BaseException):
        return _clean(argument, done)
    return _redact_changed(argument) if isinstance(argument, str) else argument


def _redact_changed(text: str) -> str:
    cleaned = redact(text)
    return text if cleaned == text else cleaned


def _clean_notes(error: BaseException) -> None:
    for place, note in enumerate(getattr(error, "__notes__", ())):
        error.__notes__[place] = redact(note)


def _without_secret(error: BaseException) -> BaseException:
    """The error itself, or its stand-in if its text still shows a secret."""
    text = "".join(traceback.format_exception_only(error)).rstrip()
    if redact(text) == text or not isinstance(error, Exception):
        return error
    stand_in = RedactedError(redact(text), classify_failure(error))
    return stand_in.with_traceback(error.__traceback__)


def _without_secret_in_group(
    group: BaseExceptionGroup[BaseException], done: dict[int, BaseException]
) -> BaseException:
    """The group itself, or a new one: neither message nor members of a group can be exchanged."""
    members = [_clean(member, done) for member in group.exceptions]
    fresh = BaseExceptionGroup(redact(group.message), members)
    if fresh.message == group.message and _are_same(members, group.exceptions):
        return group
    for note in getattr(group, "__notes__", ()):
        fresh.add_note(note)
    return fresh.with_traceback(group.__traceback__)


def _are_same(new: Sequence[object], old: Sequence[object]) -> bool:
    return all(a is b for a, b in zip(new, old, strict=True))


def _clean_links(old: BaseException, new: BaseException, done: dict[int, BaseException]) -> None:
    """Link what stands for `old` to what stands for its cause and context."""
    cause, context = (
        None if link is None else _clean(link, done) for link in (old.__cause__, old.__context__)
    )
    suppressed = old.__suppress_context__
    if not _are_same((cause, context), (new.__cause__, new.__context__)):
        new.__cause__, new.__context__ = cause, context
        new.__suppress_context__ = suppressed
