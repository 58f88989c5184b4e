"""What is gone from the pages stays in the tables, marked; what comes back loses the mark."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from collectors.wg21_paper_tracker.models import Listing, Mailing, Paper
from collectors.wg21_paper_tracker.parsing.records import PaperRow
from services.upsert import Written

# A paper that no page or file of metadata puts into a mailing has nowhere to be gone from.
_FILES = text(
    """
    with listed as (
        select distinct paper_id from wg21_paper_tracker_listing where paper_id = any(:papers)
    ), linked as (
        select paper_id, unnest(urls) as url from wg21_paper_tracker_listing
        where paper_id = any(:papers) and withdrawn_at is null
    )
    update wg21_paper_tracker_file f
    set withdrawn_at = case when f.withdrawn_at is null then cast(:now as timestamptz) end
    from listed
    where f.paper_id = listed.paper_id
        and (f.withdrawn_at is not null) = ((f.paper_id, f.url) in (select paper_id, url from linked))
    returning f.id
    """
)
_PAPERS = text(
    """
    with listed as (
        select paper_id, bool_or(withdrawn_at is null) as is_present
        from wg21_paper_tracker_listing where paper_id = any(:papers) group by paper_id
    )
    update wg21_paper_tracker_paper p
    set withdrawn_at = case when p.withdrawn_at is null then cast(:now as timestamptz) end
    from listed
    where p.id = listed.paper_id and (p.withdrawn_at is not null) = listed.is_present
    returning p.paper_id, p.withdrawn_at is not null
    """
)


@dataclass(frozen=True, slots=True)
class GoneRow:
    """A listing that its page no longer has."""

    paper_id: int
    mailing_id: int
    mailing: str


def find_gone(session: Session, year: int, rows: Iterable[PaperRow]) -> list[GoneRow]:
    """What was on the page of the year when it was last stored, and is not among its rows now."""
    present = {(row.paper.text, row.mailing) for row in rows}
    on_page = (
        select(Paper.paper_id, Mailing.key, Listing.paper_id, Listing.mailing_id)
        .join(Paper, Paper.id == Listing.paper_id)
        .join(Mailing, Mailing.id == Listing.mailing_id)
        .where(Listing.page_year == year, Listing.is_from_page, Listing.withdrawn_at.is_(None))
    )
    return [
        GoneRow(paper_id, mailing_id, mailing)
        for name, mailing, paper_id, mailing_id in session.execute(on_page).tuples()
        if (name, mailing) not in present
    ]


def withdraw(session: Session, gone: Iterable[GoneRow], year: int, now: datetime) -> Written:
    """Mark listings; a paper that one of them described is described by what is delivered next.

    Even if that is the same again: the hash goes too.
    """
    count = 0
    for row in gone:
        is_it = (Listing.paper_id == row.paper_id, Listing.mailing_id == row.mailing_id)
        session.execute(
            update(Listing).where(*is_it, Listing.page_year == year).values(withdrawn_at=now)
        )
        described_by_it = (Paper.id == row.paper_id, Paper.described_in == row.mailing)
        undescribed = {"described_in": "", "content_hash": b""}
        session.execute(update(Paper).where(*described_by_it).values(undescribed))
        count += 1
    return Written(updated=count)


def stale_pages(session: Session, gone: Iterable[GoneRow], year: int) -> tuple[int, ...]:
    """Years of the other pages that list papers which lost with these rows what described them."""
    undescribed = (Paper.id.in_([row.paper_id for row in gone]), Paper.described_in == "")
    pages = (
        select(Listing.page_year)
        .join(Paper, Paper.id == Listing.paper_id)
        .where(*undescribed, Listing.is_from_page, Listing.withdrawn_at.is_(None))
        .where(Listing.page_year != year)
    )
    return tuple(session.scalars(pages.distinct()))


def refresh_marks(
    session: Session, papers: Collection[int], now: datetime
) -> tuple[dict[str, Written], tuple[str, ...]]:
    """Mark papers and files that no row has any more, unmark the others; and the papers marked now."""
    values: dict[str, Any] = {"papers": list(papers), "now": now}
    files = session.execute(_FILES, values).all()
    found = session.execute(_PAPERS, values).tuples().all()
    withdrawn = tuple(name for name, is_withdrawn in found if is_withdrawn)
    return {"paper": Written(updated=len(found)), "file": Written(updated=len(files))}, withdrawn
