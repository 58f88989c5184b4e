"""From the text of a cell or the target of a link to a value."""

import re
from datetime import date, datetime
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from collectors.wg21_paper_tracker.parsing.records import PaperFile, PaperId

# "p1234r0", "n4950", "sd-6", "d1234r1"; a letter before would make "reflection5" the paper N5.
_NAME = (
    r"(?<![a-z0-9])(?:(?P<revised>[pd])(?P<of>\d{1,9})r(?P<revision>\d{1,4})"
    r"|(?P<kind>n|sd-)(?P<number>\d{1,9}))"
)
_PAPER = re.compile(_NAME + r"(?![a-z0-9])", re.IGNORECASE)
_FILE = re.compile(_NAME + r"\.(?P<format>[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)*)$", re.IGNORECASE)
_FILE_NAME = re.compile(_NAME + r"\.(?:pdf|html?|ps|txt|md|asc|adoc)\b", re.IGNORECASE)
_MAILING_KEY = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A file beside the page, as nearly all links are: nothing in it to be taken apart.
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*", re.IGNORECASE)
_SUBGROUPS = re.compile(r"[,;\n]")
# "Core/Library", "LWG & SG1 Concurrency"; but one group is "SG1 Concurrency and Parallelism".
_JOINED_SUBGROUPS = re.compile(r"[/&]|\band\b")
_SUBGROUP = re.compile(
    r"(?:SG\s?\d+|[A-Z]*WG\w*|Core|Library|Evolution|Concurrency)\b", re.IGNORECASE
)
# What is longer is no address, and more than an index of PostgreSQL takes.
_LONGEST_URL = 500
# How dates are written in forty years of pages.
_DATE_FORMS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")


def collapse(text: str) -> str:
    """On one line, with single spaces."""
    return " ".join(text.split())


def mailing_key(text: str) -> str | None:
    """`YYYY-MM`, or None when it is no month."""
    return text if _MAILING_KEY.fullmatch(text) else None


def mailing_month(text: str) -> str | None:
    """The month at the start of a date: 2023-01 of 2023-01-15."""
    found = _MAILING_KEY.match(text.strip())
    return found[0] if found else None


def paper_id(text: str) -> PaperId | None:
    """The first paper that a text names."""
    found = _PAPER.search(text)
    return _paper_id(found) if found else None


def paper_link(href: str) -> tuple[PaperId, str] | None:
    """Which paper a link's target is, and in which format; None when it is no paper."""
    path = href if _PLAIN.fullmatch(href) else unquote(urlsplit(href).path)
    found = _FILE.search(path)
    return (_paper_id(found), found["format"].lower()) if found else None


def first_file_name(text: str) -> str | None:
    """The first paper's file that a text names, anywhere in it."""
    found = _FILE_NAME.search(text)
    return found[0] if found else None


def locate(page_url: str, href: str) -> str | None:
    """The target as a URL at the site of the page; None when it leads elsewhere.

    One file has one URL, however the page links to it: with http or https, with a fragment or none.

    Raises:
        ValueError: it is no address at all.
    """
    if len(href) > _LONGEST_URL:
        raise ValueError(f"it has {len(href)} characters")
    if _PLAIN.fullmatch(href) and page_url.endswith("/"):
        return page_url + href
    home, target = urlsplit(page_url), urlsplit(urljoin(page_url, href))
    at_home = target.hostname == home.hostname and target.scheme in {"http", "https"}
    if not at_home or target.username is not None:
        return None
    return urlunsplit((home.scheme, home.netloc, target.path, target.query, ""))


def file_format(url: str) -> str:
    """The end of a file's name: pdf, html, tar.gz."""
    return urlsplit(url).path.rpartition("/")[2].partition(".")[2].lower()


def located_file(page_url: str, href: str, format_: str) -> PaperFile | None:
    """The file behind a link; None when it is not at the site of the page."""
    url = locate(page_url, href)
    return PaperFile(url, format_) if url else None


def read_date(text: str) -> date | None:
    """A day, however it is written; None when it is none, or no day of the calendar."""
    if _ISO_DATE.fullmatch(text):
        return _iso_date(text)
    words = collapse(re.sub(r"[.,]", " ", text))
    plain = re.sub(r"\b(\d{4})[/ ](\d{1,2})[/ ](\d{1,2})\b", r"\1-\2-\3", words)
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day, at no place
        except ValueError:
            continue
    return None


def _iso_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_subgroups(text: str) -> tuple[str, ...]:
    """Each once, in the order written."""
    parts = (part for joined in _SUBGROUPS.split(text) for part in _split_subgroups(joined))
    return tuple(dict.fromkeys(part for part in parts if part.strip("-")))


def _split_subgroups(text: str) -> list[str]:
    """Apart where each part begins as groups are called; else it is the name of one."""
    parts = [collapse(part) for part in _JOINED_SUBGROUPS.split(text)]
    return parts if all(map(_SUBGROUP.match, parts)) else [collapse(text)]


def _paper_id(found: re.Match[str]) -> PaperId:
    if found["revised"]:
        letter, number, revision = found["revised"], found["of"], found["revision"]
        text = f"{letter}{number}r{revision}".lower()
        return PaperId(text, letter.upper(), int(number), int(revision))
    letters, number = found["kind"], found["number"]
    return PaperId(f"{letters}{number}".lower(), letters.strip("-").upper(), int(number), None)
