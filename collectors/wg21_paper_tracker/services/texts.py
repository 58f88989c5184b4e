"""One document for each revision of a paper, as its row says now."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.wg21_paper_tracker.models import Paper
from services.upsert import Written
from services.vectors.services import Text, delete_documents, put_documents

COLLECTOR = "wg21_paper_tracker"


def refresh_documents(session: Session, papers: Collection[int], now: datetime) -> Written:
    """Bring the documents of these papers, by their ids, to what the tables say.

    Papers that are withdrawn are not to be found any more.
    """
    stored = session.scalars(select(Paper).where(Paper.id.in_(papers))).all()
    gone = [paper.paper_id for paper in stored if paper.withdrawn_at is not None]
    written = put_documents(
        session, COLLECTOR, (_text(paper) for paper in stored if paper.withdrawn_at is None)
    )
    return written + delete_documents(session, COLLECTOR, gone, now)


def _text(paper: Paper) -> Text:
    facts = {
        "Authors": paper.authors_text,
        "Audience": ", ".join(paper.subgroups),
        "Mailing": paper.mailing_date,
        "Previous version": paper.previous_version,
        "Disposition": paper.disposition,
    }
    return Text(
        paper.paper_id,
        f"{paper.paper_id.upper()} {paper.title}",
        "\n".join(f"{name}: {fact}" for name, fact in facts.items() if fact),
        paper.authors_text,
        paper.url,
        paper.document_date,
    )
