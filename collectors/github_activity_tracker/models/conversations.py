"""What people say: comments, reviews, and comments on lines of code.

They name their issue by its number: a comment may arrive before its issue does.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from collectors.github_activity_tracker.models.repositories import Repository
from services.database import Base


class Comment(Base):
    """A comment in the conversation of an issue or a pull request."""

    __tablename__ = "github_activity_tracker_comment"
    __table_args__ = (
        UniqueConstraint("repository_id", "github_id"),
        Index(None, "repository_id", "number"),
        Index(None, "repository_id", "updated_at"),
        Index(None, "author_id"),
        {"comment": "Comments on issues and pull requests; deleted ones stay, marked."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    number: Mapped[int] = mapped_column(comment="Number of the issue or pull request.")
    github_id: Mapped[int] = mapped_column(BigInteger, comment="GitHub's number of the comment.")
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile; empty for a deleted account."
    )
    author_association: Mapped[str | None] = mapped_column(
        comment="What the author is to the repository, in GitHub's words, e.g. MEMBER."
    )
    body: Mapped[str] = mapped_column(comment="Text in Markdown.")
    url: Mapped[str] = mapped_column(comment="Where to read it.")
    posted_at: Mapped[datetime] = mapped_column(comment="When it was written.")
    updated_at: Mapped[datetime] = mapped_column(comment="When it was last edited.")
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found gone from GitHub; empty while it is there."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class Review(Base):
    """A review of a pull request: a verdict, perhaps with words."""

    __tablename__ = "github_activity_tracker_review"
    __table_args__ = (
        UniqueConstraint("repository_id", "github_id"),
        Index(None, "repository_id", "number"),
        Index(None, "reviewer_id"),
        {"comment": "Reviews of pull requests; their comments on lines are in _review_comment."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    number: Mapped[int] = mapped_column(comment="Number of the pull request.")
    github_id: Mapped[int] = mapped_column(BigInteger, comment="GitHub's number of the review.")
    reviewer_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile; empty for a deleted account."
    )
    author_association: Mapped[str | None] = mapped_column(
        comment="What the reviewer is to the repository, in GitHub's words, e.g. MEMBER."
    )
    state: Mapped[str] = mapped_column(
        comment="approved, changes_requested, commented, dismissed or pending."
    )
    body: Mapped[str] = mapped_column(comment="Text in Markdown; empty where there is none.")
    commit_sha: Mapped[str | None] = mapped_column(
        comment="The commit that was reviewed; empty when it is gone."
    )
    url: Mapped[str] = mapped_column(comment="Where to read it.")
    submitted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was submitted; empty while it is pending."
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found gone from its pull request; empty while it is there."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class ReviewComment(Base):
    """A comment on lines of a pull request's changes."""

    __tablename__ = "github_activity_tracker_review_comment"
    __table_args__ = (
        UniqueConstraint("repository_id", "github_id"),
        Index(None, "repository_id", "number"),
        Index(None, "repository_id", "updated_at"),
        Index(None, "author_id"),
        {"comment": "Comments on lines of pull requests; deleted ones stay, marked."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    number: Mapped[int] = mapped_column(comment="Number of the pull request.")
    github_id: Mapped[int] = mapped_column(BigInteger, comment="GitHub's number of the comment.")
    review_github_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="github_id of the review that it belongs to."
    )
    reply_to_github_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="github_id of the comment that it answers: the first of its thread."
    )
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile; empty for a deleted account."
    )
    author_association: Mapped[str | None] = mapped_column(
        comment="What the author is to the repository, in GitHub's words, e.g. MEMBER."
    )
    body: Mapped[str] = mapped_column(comment="Text in Markdown.")
    path: Mapped[str] = mapped_column(comment="The file.")
    subject_type: Mapped[str | None] = mapped_column(comment="line, or file for all of it.")
    side: Mapped[str | None] = mapped_column(comment="LEFT, what was, or RIGHT, what is to be.")
    line: Mapped[int | None] = mapped_column(
        comment="Last line meant; empty when later commits have taken it away."
    )
    start_side: Mapped[str | None] = mapped_column(comment="The same for the first line.")
    start_line: Mapped[int | None] = mapped_column(comment="First line meant, where several are.")
    original_line: Mapped[int | None] = mapped_column(
        comment="Last line meant, when it was written."
    )
    original_start_line: Mapped[int | None] = mapped_column(
        comment="First line meant, when it was written."
    )
    hunk: Mapped[str] = mapped_column(comment="The lines around it, as a diff.")
    commit_sha: Mapped[str | None] = mapped_column(comment="The commit that it stands at now.")
    original_commit_sha: Mapped[str | None] = mapped_column(
        comment="The commit that it was written on."
    )
    url: Mapped[str] = mapped_column(comment="Where to read it.")
    posted_at: Mapped[datetime] = mapped_column(comment="When it was written.")
    updated_at: Mapped[datetime] = mapped_column(comment="When it was last edited.")
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found gone from GitHub; empty while it is there."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class Due(Base):
    """Work that a stored change has made necessary."""

    __tablename__ = "github_activity_tracker_due"
    __table_args__ = {  # noqa: RUF012
        "comment": "Issues and pull requests whose reviews or document have to be brought up to date."
    }

    task: Mapped[str] = mapped_column(
        primary_key=True, comment="reviews: ask for them; document: what search finds of it."
    )
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True, comment="The repository."
    )
    number: Mapped[int] = mapped_column(
        primary_key=True, comment="Number of the issue or pull request."
    )
