"""The only code that writes this room's tables. Never commits, never reads a page."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.wg21_paper_tracker.models import Listing, Mailing, Paper
from collectors.wg21_paper_tracker.parsing.fields import file_format
from collectors.wg21_paper_tracker.parsing.metadata import Metadata
from collectors.wg21_paper_tracker.parsing.names import read_authors
from collectors.wg21_paper_tracker.parsing.records import (
    Details,
    PaperFile,
    PaperRow,
    YearPage,
    distinct_files,
)
from collectors.wg21_paper_tracker.parsing.records import Mailing as MailingFacts
from collectors.wg21_paper_tracker.services.marks import (
    find_gone,
    refresh_marks,
    stale_pages,
    withdraw,
)
from collectors.wg21_paper_tracker.services.rows import Stored, Tables, paper_ids, store_rows
from collectors.wg21_paper_tracker.services.texts import refresh_documents
from services.errors import RecordRejected
from services.outbox.services import Message, enqueue
from services.upsert import Written, bulk_upsert

__all__ = [
    "ANNOUNCEMENTS",
    "Stored",
    "known_mailings",
    "require_no_papers",
    "store_index",
    "store_metadata",
    "store_page",
]

ANNOUNCEMENTS = "wg21_papers"
"""Kind of the messages that tell of new files."""


def store_index(session: Session, mailings: Sequence[MailingFacts]) -> Tables:
    """Bring the mailings to what the index calls them; those it no longer names stay."""
    rows = ((m.key, m.title, m.year) for m in mailings)
    written = bulk_upsert(session, Mailing, ("key", "title", "year"), rows, key=("key",))
    return {"mailing": written}


def known_mailings(session: Session) -> dict[str, int]:
    """The year of each mailing that is stored, by its key."""
    return dict(session.execute(select(Mailing.key, Mailing.year)).tuples().all())


def require_no_papers(session: Session, year: int) -> None:
    """Refuse a page without papers where it had some.

    Raises:
        RecordRejected: its layout has changed, or nothing of it has arrived.
    """
    if find_gone(session, year, ()):
        raise RecordRejected(f"no row on the page of {year} is a paper: has it a new layout?")


def store_page(
    session: Session, page: YearPage, *, wanted: Container[str], now: datetime
) -> Stored:
    """Bring the tables to what the page of a year says, and have its new files announced.

    The page holds all that it says of the `wanted` mailings, and nothing of others. Rows
    that are gone are marked, except in mailings that have a row which was not understood: it may be
    the one that is missing.
    """
    rows = find_gone(session, page.year, page.rows)
    gone = [row for row in rows if row.mailing in wanted]
    doubtful = {row.mailing for row in page.rejected}
    certain = [row for row in gone if not doubtful & {row.mailing, None}]
    listing = withdraw(session, certain, page.year, now)
    stored = store_rows(session, page.rows, page.mailings, page.year)
    touched = {row.paper_id for row in certain} | set(paper_ids(session, page.rows).values())
    marks, withdrawn = refresh_marks(session, touched, now)
    outbox = enqueue(session, ANNOUNCEMENTS, _announcements(page.rows))
    document = refresh_documents(session, touched, now)
    told = {"listing": listing, "outbox": outbox, "document": document}
    tables = _sum(stored.tables, marks, told)
    stale = stale_pages(session, certain, page.year)
    return replace(stored, tables=tables, withdrawn=withdrawn, stale_pages=stale)


def store_metadata(session: Session, metadata: Metadata, *, now: datetime) -> Stored:
    """Add what a file of metadata says where the pages of the site have not said it.

    Blanks take nothing away, not even from what another file has said. Nothing is announced: that
    is done when the site lists the paper.
    """
    rows = _completed(session, metadata.rows)
    stored = store_rows(session, rows, metadata.mailings, None)
    touched = paper_ids(session, rows).values()
    marks, _ = refresh_marks(session, touched, now)
    document = refresh_documents(session, touched, now)
    return replace(stored, tables=_sum(stored.tables, marks, {"document": document}))


def _announcements(rows: Iterable[PaperRow]) -> Iterator[Message]:
    """One for each paper and URL; the URL alone might be that of two papers."""
    for row in rows:
        for file in row.files:
            payload = {"paper": row.paper.text, "url": file.url}
            yield Message(f"{row.paper.text} {file.url}", payload)


def _completed(session: Session, rows: Sequence[PaperRow]) -> list[PaperRow]:
    """With what other files of metadata have said of the same papers, where these say nothing."""
    names = [row.paper.text for row in rows]
    papers = session.scalars(select(Paper).where(Paper.paper_id.in_(names), ~Paper.is_from_page))
    stored = {paper.paper_id: paper for paper in papers}
    listed = (
        select(Paper.paper_id, Mailing.key, Listing.urls)
        .join(Paper, Paper.id == Listing.paper_id)
        .join(Mailing, Mailing.id == Listing.mailing_id)
        .where(Paper.paper_id.in_(names), ~Listing.is_from_page)
    )
    urls = {(name, key): found for name, key, found in session.execute(listed).tuples()}
    return [
        _filled(row, stored.get(row.paper.text), urls.get((row.paper.text, row.mailing or ""), []))
        for row in rows
    ]


def _filled(row: PaperRow, paper: Paper | None, urls: Sequence[str]) -> PaperRow:
    known = [PaperFile(url, file_format(url)) for url in urls]
    files = distinct_files([*row.files, *known])
    details = row.details if paper is None else row.details.filled_from(_details(paper))
    return replace(row, details=details, files=files)


def _details(paper: Paper) -> Details:
    """What a paper's row says, in the terms of its source."""
    return Details(
        title=paper.title,
        authors=read_authors(paper.authors_text),
        authors_text=paper.authors_text,
        document_date=paper.document_date,
        mailing_date=paper.mailing_date,
        subgroups=tuple(paper.subgroups),
    )


def _sum(*parts: Tables) -> Tables:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum((p.get(name, Written()) for p in parts), Written()) for name in names}
