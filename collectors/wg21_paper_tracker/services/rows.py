"""Papers with all that belongs to them: mailings, listings, files, authors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.wg21_paper_tracker.models import (
    Listing,
    Mailing,
    Paper,
    PaperAuthor,
    PaperFile,
)
from collectors.wg21_paper_tracker.parsing.records import Mailing as MailingFacts
from collectors.wg21_paper_tracker.parsing.records import PaperRow
from services.identity.services import paper_author, store_people
from services.upsert import Written, bulk_upsert, stored_ids, stored_values

PAPER_COLUMNS = (
    "paper_id",
    "kind",
    "number",
    "revision",
    "title",
    "authors_text",
    "document_date",
    "mailing_date",
    "previous_version",
    "subgroups",
    "disposition",
    "url",
    "is_from_page",
    "described_in",
)

Tables = dict[str, Written]
Ids = dict[str, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written, and which papers are new, corrected or withdrawn, by their names.

    `stale_pages` are the years of other pages that list a paper which no row describes any more.
    """

    tables: Tables
    new: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    stale_pages: tuple[int, ...] = ()


def store_rows(
    session: Session,
    rows: Sequence[PaperRow],
    mailings: Sequence[MailingFacts],
    page_year: int | None,
) -> Stored:
    """Papers with their mailings, files and authors; `page_year` is None for rows of no page."""
    before = _hashes(session, rows)
    known_mailings, mailing = _add_mailings(session, mailings)
    paper = bulk_upsert(
        session,
        Paper,
        PAPER_COLUMNS,
        (_paper_row(row, is_from_page=page_year is not None) for row in rows),
        key=("paper_id",),
        newer=("is_from_page", "described_in"),
    )
    after, ids = _hashes(session, rows), paper_ids(session, rows)
    tables = {
        "mailing": mailing,
        "paper": paper,
        "listing": _store_listings(session, rows, ids, known_mailings, page_year),
        "file": _store_files(session, rows, ids),
        "author": _store_authors(session, _describing(session, rows, page_year), ids),
    }
    corrected = tuple(name for name in before if before[name] != after[name])
    return Stored(tables, tuple(name for name in after if name not in before), corrected)


def _paper_row(row: PaperRow, *, is_from_page: bool) -> tuple[object, ...]:
    paper, details = row.paper, row.details
    return (
        paper.text,
        paper.kind,
        paper.number,
        paper.revision,
        row.title,
        details.authors_text,
        details.document_date,
        details.mailing_date,
        details.previous_version,
        list(details.subgroups),
        details.disposition,
        row.preferred_url,
        is_from_page,
        row.mailing or "",
    )


def paper_ids(session: Session, rows: Iterable[PaperRow]) -> Ids:
    """The ids of the rows' papers, by their names."""
    names = ((row.paper.text,) for row in rows)
    found = stored_ids(session, Paper, ("paper_id",), names)
    return {str(name): number for (name,), number in found.items()}


def _hashes(session: Session, rows: Iterable[PaperRow]) -> dict[str, bytes]:
    names = ((row.paper.text,) for row in rows)
    found = stored_values(session, Paper, ("paper_id",), names, ("content_hash",))
    return {str(name): content_hash for (name,), content_hash in found}


def _add_mailings(
    session: Session, mailings: Iterable[MailingFacts]
) -> tuple[dict[str, tuple[int, int]], Written]:
    """The id and the year of each mailing.

    Those that are stored keep title and year: the index knows them, not what comes later.
    """
    facts = {mailing.key: mailing for mailing in mailings}
    keys = [(key,) for key in facts]
    known = stored_ids(session, Mailing, ("key",), keys)
    rows = [(m.key, m.title, m.year) for m in facts.values() if (m.key,) not in known]
    written = bulk_upsert(session, Mailing, ("key", "title", "year"), rows, key=("key",))
    found = stored_values(session, Mailing, ("key",), keys, ("id", "year"))
    return {str(key): (number, year) for (key,), (number, year) in found}, written


def _store_listings(
    session: Session,
    rows: Iterable[PaperRow],
    ids: Ids,
    mailings: Mapping[str, tuple[int, int]],
    page_year: int | None,
) -> Written:
    listed = (
        (
            ids[row.paper.text],
            mailings[row.mailing][0],
            mailings[row.mailing][1] if page_year is None else page_year,
            [file.url for file in row.files],
            page_year is not None,
            None,
        )
        for row in rows
        if row.mailing is not None
    )
    key = ("paper_id", "mailing_id", "page_year")
    columns = (*key, "urls", "is_from_page", "withdrawn_at")
    return bulk_upsert(session, Listing, columns, listed, key=key, newer=("is_from_page",))


def _store_files(session: Session, rows: Iterable[PaperRow], ids: Ids) -> Written:
    files = ((ids[row.paper.text], file.url, file.format) for row in rows for file in row.files)
    columns = ("paper_id", "url", "format")
    return bulk_upsert(session, PaperFile, columns, files, key=("paper_id", "url"))


def _describing(
    session: Session, rows: Iterable[PaperRow], page_year: int | None
) -> dict[str, PaperRow]:
    """The rows that their papers are described by now: a newer or better one may have been stored."""
    by_name = {(row.paper.text, row.mailing or ""): row for row in rows}
    names = ((name,) for name, _ in by_name)
    wanted = ("is_from_page", "described_in")
    found = stored_values(session, Paper, ("paper_id",), names, wanted)
    return {
        str(name): by_name[name, mailing]
        for (name,), (is_from_page, mailing) in found
        if is_from_page == (page_year is not None) and (name, mailing) in by_name
    }


def _store_authors(session: Session, rows: Mapping[str, PaperRow], ids: Ids) -> Written:
    """The authors in order; those after the last are gone."""
    people = {
        (paper, position): (paper_author(name, _seen_at(row)), name)
        for paper, row in rows.items()
        for position, name in enumerate(row.details.authors, start=1)
    }
    profiles = store_people(session, [person for person, _ in people.values()])
    signed = (
        (ids[paper], position, profiles[person.key], name)
        for (paper, position), (person, name) in people.items()
    )
    columns = ("paper_id", "position", "profile_id", "name")
    written = bulk_upsert(session, PaperAuthor, columns, signed, key=columns[:2])
    counts = {ids[paper]: len(row.details.authors) for paper, row in rows.items()}
    return written + _drop_authors(session, counts)


def _drop_authors(session: Session, counts: Mapping[int, int]) -> Written:
    dropped = session.execute(
        text(
            """
            delete from wg21_paper_tracker_author a
            using unnest(cast(:papers as bigint[]), cast(:counts as bigint[])) as k(paper_id, most)
            where a.paper_id = k.paper_id and a.position > k.most
            returning a.paper_id
            """
        ),
        {"papers": list(counts), "counts": list(counts.values())},
    )
    return Written(updated=len(dropped.all()))


def _seen_at(row: PaperRow) -> datetime:
    """When the author called themselves so: the day of the paper, else the month of its mailing."""
    if row.details.document_date:
        return datetime.combine(row.details.document_date, time(), UTC)
    year, month = (row.mailing or "1970-01").split("-")
    return datetime(int(year), int(month), 1, tzinfo=UTC)
