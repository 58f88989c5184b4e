"""Commits: branches, commits, files and what was done to them."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Identity, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from collectors.github_activity_tracker.models.repositories import Repository
from services.database import Base


class Branch(Base):
    """A branch that is or was followed."""

    __tablename__ = "github_activity_tracker_branch"
    __table_args__ = {"comment": "Branches that are or were followed."}  # noqa: RUF012

    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True, comment="The repository."
    )
    name: Mapped[str] = mapped_column(primary_key=True, comment="Name without refs/heads/.")
    head_sha: Mapped[str] = mapped_column(comment="Its newest commit, as last seen.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether the source no longer has it.")


class Commit(Base):
    """A commit reachable, now or formerly, from a followed branch."""

    __tablename__ = "github_activity_tracker_commit"
    __table_args__ = (
        UniqueConstraint("repository_id", "sha"),
        Index(None, "author_id"),
        Index(None, "committer_id"),
        Index(None, "repository_id", "committed_at"),
        {"comment": "Commits; a rewritten history leaves its old ones, marked."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    sha: Mapped[str] = mapped_column(comment="Full object name, hexadecimal.")
    parents: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Object names of its parents.")
    message: Mapped[str] = mapped_column(comment="The whole message, without NUL characters.")
    author_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile of who wrote the change."
    )
    author_name: Mapped[str] = mapped_column(comment="Author's name as the commit states it.")
    author_email: Mapped[str] = mapped_column(comment="Author's e-mail as the commit states it.")
    authored_at: Mapped[datetime] = mapped_column(comment="When, by the author's clock.")
    committer_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile of who put it into the repository."
    )
    committer_name: Mapped[str] = mapped_column(comment="Committer's name as the commit states it.")
    committer_email: Mapped[str] = mapped_column(
        comment="Committer's e-mail as the commit states it."
    )
    committed_at: Mapped[datetime] = mapped_column(comment="When, by the committer's clock.")
    files_changed: Mapped[int | None] = mapped_column(
        comment="Number of files; empty where a shallow source hides the parents."
    )
    additions: Mapped[int | None] = mapped_column(
        comment="Lines added; empty where lines were not counted."
    )
    deletions: Mapped[int | None] = mapped_column(
        comment="Lines removed; empty where lines were not counted."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    rewritten_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found unreachable from every followed branch; empty while reachable."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class File(Base):
    """A path that some commit of the repository has touched."""

    __tablename__ = "github_activity_tracker_file"
    __table_args__ = (
        UniqueConstraint("repository_id", "path"),
        {"comment": "Paths that some commit has touched."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    path: Mapped[str] = mapped_column(
        comment="Path in the repository; bytes that are not UTF-8 stand as \\xNN."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class FileChange(Base):
    """What a commit did to a file; merges carry none, their changes stand at the commits merged."""

    __tablename__ = "github_activity_tracker_file_change"
    __table_args__ = (
        Index(None, "file_id"),
        {"comment": "What each commit did to each file; merges carry no changes of their own."},
    )

    commit_id: Mapped[int] = mapped_column(
        ForeignKey(Commit.id, ondelete="CASCADE"), primary_key=True, comment="The commit."
    )
    file_id: Mapped[int] = mapped_column(
        ForeignKey(File.id, ondelete="CASCADE"),
        primary_key=True,
        comment="The file, by its new path.",
    )
    status: Mapped[str] = mapped_column(
        comment="added, modified, removed, renamed, copied or type_changed."
    )
    old_path: Mapped[str | None] = mapped_column(comment="Path before, when renamed or copied.")
    additions: Mapped[int | None] = mapped_column(comment="Lines added; empty for binary files.")
    deletions: Mapped[int | None] = mapped_column(comment="Lines removed; empty for binary files.")
