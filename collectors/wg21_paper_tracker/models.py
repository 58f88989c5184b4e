"""Tables that only this room writes."""

from datetime import date, datetime

from sqlalchemy import ARRAY, ForeignKey, Identity, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Mailing(Base):
    """A mailing: the papers that the committee is sent together."""

    __tablename__ = "wg21_paper_tracker_mailing"
    __table_args__ = {"comment": "Mailings, as the index of papers names them."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True, comment="YYYY-MM.")
    title: Mapped[str] = mapped_column(
        comment="As the index names it; else as its year's page does, else the key."
    )
    year: Mapped[int] = mapped_column(comment="Whose page it is on.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class Paper(Base):
    """A document: each revision of a paper is one of its own."""

    __tablename__ = "wg21_paper_tracker_paper"
    __table_args__ = (
        Index(None, "kind", "number", "revision"),
        {"comment": "Papers, one row for each revision."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    paper_id: Mapped[str] = mapped_column(unique=True, comment="In lower case, e.g. p1234r0.")
    kind: Mapped[str] = mapped_column(
        comment="P (proposal), N (document), SD (standing document) or D (draft of a P)."
    )
    number: Mapped[int] = mapped_column(comment="Its number, which all its revisions share.")
    revision: Mapped[int | None] = mapped_column(comment="Empty where the kind has none.")
    title: Mapped[str] = mapped_column(comment="Title; the paper's id where there is none.")
    authors_text: Mapped[str] = mapped_column(comment="The authors as they are written.")
    document_date: Mapped[date | None] = mapped_column(comment="Empty where it cannot be read.")
    mailing_date: Mapped[str | None] = mapped_column(
        comment="YYYY-MM, as the paper's row says; its mailings are in _listing."
    )
    previous_version: Mapped[str | None] = mapped_column(
        comment="paper_id of the revision before, which need not be stored."
    )
    subgroups: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="In the order written.")
    disposition: Mapped[str | None] = mapped_column(
        comment="What became of it, e.g. Adopted 2023-02."
    )
    url: Mapped[str | None] = mapped_column(
        comment="The file to read: adoc, html, ps, pdf, any other."
    )
    is_from_page: Mapped[bool] = mapped_column(
        comment="Whether this is what a page says; else it comes from a file of metadata."
    )
    described_in: Mapped[str] = mapped_column(
        comment="Key of the mailing that this was last taken from: the newest one describes it."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found on no page any more; empty while it is on one."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class Listing(Base):
    """A paper's row in a mailing, on the page of a year."""

    __tablename__ = "wg21_paper_tracker_listing"
    __table_args__ = (
        Index(None, "mailing_id"),
        Index(None, "page_year"),
        {"comment": "Which paper is in which mailing; a paper may be in several."},
    )

    paper_id: Mapped[int] = mapped_column(
        ForeignKey(Paper.id, ondelete="CASCADE"), primary_key=True, comment="The paper."
    )
    mailing_id: Mapped[int] = mapped_column(
        ForeignKey(Mailing.id, ondelete="CASCADE"), primary_key=True, comment="The mailing."
    )
    page_year: Mapped[int] = mapped_column(primary_key=True, comment="Whose page the row is on.")
    urls: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Files that the row links to.")
    is_from_page: Mapped[bool] = mapped_column(
        comment="Whether a page says so; else a file of metadata does."
    )
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        comment="When the row was first found gone from the page."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class PaperFile(Base):
    """A paper in one format."""

    __tablename__ = "wg21_paper_tracker_file"
    __table_args__ = (
        UniqueConstraint("paper_id", "url"),
        {"comment": "Files of each paper, one row for each format."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    paper_id: Mapped[int] = mapped_column(
        ForeignKey(Paper.id, ondelete="CASCADE"), comment="The paper."
    )
    url: Mapped[str] = mapped_column(comment="Where it is.")
    format: Mapped[str] = mapped_column(comment="html, pdf, …: the end of its name.")
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        comment="When no row of the paper was first found to link to it."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class PaperAuthor(Base):
    """Somebody who signs a paper."""

    __tablename__ = "wg21_paper_tracker_author"
    __table_args__ = (Index(None, "profile_id"), {"comment": "Authors of each paper, in order."})

    paper_id: Mapped[int] = mapped_column(
        ForeignKey(Paper.id, ondelete="CASCADE"), primary_key=True, comment="The paper."
    )
    position: Mapped[int] = mapped_column(primary_key=True, comment="From 1, in the order written.")
    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile of the author."
    )
    name: Mapped[str] = mapped_column(comment="The author's name on this paper.")
