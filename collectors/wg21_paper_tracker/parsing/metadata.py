"""From a file of metadata (CSV) to papers.

Columns, in any order and case: filename, paper_id, url, title, author, date, mailing_date, subgroup.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from collectors.wg21_paper_tracker.parsing.fields import (
    collapse,
    file_format,
    locate,
    mailing_key,
    paper_id,
    read_subgroups,
)
from collectors.wg21_paper_tracker.parsing.names import problem_of_names, read_authors
from collectors.wg21_paper_tracker.parsing.records import (
    Details,
    Mailing,
    PaperFile,
    PaperId,
    PaperRow,
    merged,
)
from services.errors import RecordRejected

REQUIRED = ("paper_id", "url")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says: papers, the mailings they are in, and its lines that say nothing, with why."""

    rows: tuple[PaperRow, ...]
    mailings: tuple[Mailing, ...]
    skipped: tuple[str, ...]
    lines: int


def read_metadata(lines: Iterable[str], base_url: str) -> Metadata:
    """The content of a CSV file whose URLs are at `base_url`.

    Raises:
        RecordRejected: it has no column paper_id or url.
    """
    found: list[PaperRow] = []
    skipped: list[str] = []
    count = 0
    for number, fields in _records(lines):
        count += 1
        try:
            found.append(_row(fields, base_url))
        except RecordRejected as error:
            skipped.append(f"line {number}: {error}")
    keys = dict.fromkeys(row.mailing for row in found if row.mailing)
    mailings = tuple(Mailing(key, f"{key} (from metadata)", int(key[:4])) for key in keys)
    return Metadata(tuple(merged(found)), mailings, tuple(skipped), count)


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each record by the names of its columns, with the number of its last line."""
    reader = csv.reader(lines)
    header = [name.strip().lstrip("\ufeff").lower() for name in next(reader, [])]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise RecordRejected(f"the file has no column {' and no column '.join(missing)}")
    for values in reader:
        if values:
            yield reader.line_num, dict(zip(header, values, strict=False))


def _row(fields: Mapping[str, str], base_url: str) -> PaperRow:
    paper = _paper(fields)
    mailing = mailing_key(fields.get("mailing_date", "").strip())
    authors = fields.get("author", "")
    names = read_authors(authors)
    if problem := problem_of_names(names):
        raise RecordRejected(problem)
    details = Details(
        title=collapse(fields.get("title", "")),
        authors=names,
        authors_text=collapse(authors),
        document_date=_date(fields.get("date", "").strip()),
        mailing_date=mailing,
        subgroups=read_subgroups(fields.get("subgroup", "")),
    )
    return PaperRow(paper, mailing, details, (_file(fields, base_url),))


def _paper(fields: Mapping[str, str]) -> PaperId:
    text = fields.get("paper_id", "").strip()
    if not text:
        raise RecordRejected("there is no paper_id")
    paper = paper_id(text)
    if paper is None or paper.text != text.lower():
        raise RecordRejected(f"paper_id {text} is none")
    return paper


def _file(fields: Mapping[str, str], base_url: str) -> PaperFile:
    text = fields.get("url", "").strip()
    if not text:
        raise RecordRejected("there is no url")
    try:
        url = locate(base_url, text)
    except ValueError as error:
        raise RecordRejected(f"url {text[:200]} is none: {error}") from error
    if url is None:
        raise RecordRejected(f"url {text} is not at the site of the papers")
    return PaperFile(url, file_format(url))


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RecordRejected(f"date {text} is none") from error
