"""Issues and pull requests, and what is attached to them."""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from collectors.github_activity_tracker.models.repositories import Repository
from services.database import Base


class Milestone(Base):
    """A milestone of a repository."""

    __tablename__ = "github_activity_tracker_milestone"
    __table_args__ = (
        UniqueConstraint("repository_id", "github_id"),
        {"comment": "Milestones, as the issues that have them showed them last."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    github_id: Mapped[int] = mapped_column(BigInteger, comment="GitHub's number of it.")
    number: Mapped[int] = mapped_column(comment="Its number in the repository.")
    title: Mapped[str] = mapped_column(comment="Title.")
    description: Mapped[str | None] = mapped_column(comment="Description.")
    state: Mapped[str] = mapped_column(comment="open or closed.")
    due_at: Mapped[datetime | None] = mapped_column(comment="When it is due.")
    opened_at: Mapped[datetime] = mapped_column(comment="When it was made on GitHub.")
    updated_at: Mapped[datetime] = mapped_column(comment="When it last changed on GitHub.")
    closed_at: Mapped[datetime | None] = mapped_column(comment="When it was closed.")


class Label(Base):
    """A label of a repository."""

    __tablename__ = "github_activity_tracker_label"
    __table_args__ = (
        UniqueConstraint("repository_id", "github_id"),
        {"comment": "Labels, as the issues that have them showed them last."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    github_id: Mapped[int] = mapped_column(
        BigInteger, comment="GitHub's number of it, which stays when it is renamed."
    )
    name: Mapped[str] = mapped_column(comment="Name.")
    colour: Mapped[str] = mapped_column(comment="Six hexadecimal digits.")
    description: Mapped[str | None] = mapped_column(comment="Description.")
    observed_at: Mapped[datetime] = mapped_column(
        comment="Time, at the source, of the issue that this was last taken from."
    )


class Issue(Base):
    """An issue or a pull request: they share their numbers, titles, labels and conversations."""

    __tablename__ = "github_activity_tracker_issue"
    __table_args__ = (
        UniqueConstraint("repository_id", "number"),
        Index(None, "repository_id", "kind", "updated_at"),
        Index(None, "kind", "github_id"),
        Index(None, "author_id"),
        Index(None, "milestone_id"),
        {"comment": "Issues and pull requests; what is gone from GitHub stays, marked."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), comment="The repository."
    )
    number: Mapped[int] = mapped_column(comment="Number in the repository, after the #.")
    kind: Mapped[str] = mapped_column(comment="issue or pull_request.")
    github_id: Mapped[int] = mapped_column(
        BigInteger, comment="GitHub's number of it, among issues or among pull requests."
    )
    node_id: Mapped[str] = mapped_column(comment="GitHub's name of it in GraphQL.")
    title: Mapped[str] = mapped_column(comment="Title.")
    body: Mapped[str] = mapped_column(comment="Text in Markdown; empty where there is none.")
    state: Mapped[str] = mapped_column(comment="open, closed or, of pull requests, merged.")
    state_reason: Mapped[str | None] = mapped_column(
        comment="Why, of issues: completed, not_planned, duplicate, reopened or what GitHub adds."
    )
    issue_type: Mapped[str | None] = mapped_column(
        comment="Type of an issue, where its owner has types, e.g. Bug."
    )
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), comment="Profile; empty for a deleted account."
    )
    author_association: Mapped[str | None] = mapped_column(
        comment="What the author is to the repository, in GitHub's words, e.g. MEMBER."
    )
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey(Milestone.id), comment="Milestone.")
    is_locked: Mapped[bool] = mapped_column(comment="Whether only members may comment.")
    lock_reason: Mapped[str | None] = mapped_column(comment="Why it is locked.")
    url: Mapped[str] = mapped_column(comment="Its page.")
    opened_at: Mapped[datetime] = mapped_column(comment="When it was opened.")
    updated_at: Mapped[datetime] = mapped_column(comment="When GitHub last saw it change.")
    closed_at: Mapped[datetime | None] = mapped_column(comment="When it was last closed.")
    moved_to: Mapped[str | None] = mapped_column(
        comment="Its page in the repository that it was transferred to."
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When it was first found gone from this repository; empty while it is there."
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class IssueLabel(Base):
    """Which issue has which label now."""

    __tablename__ = "github_activity_tracker_issue_label"
    __table_args__ = {"comment": "Labels of each issue and pull request, as they are now."}  # noqa: RUF012

    issue_id: Mapped[int] = mapped_column(
        ForeignKey(Issue.id, ondelete="CASCADE"), primary_key=True, comment="The issue."
    )
    label_id: Mapped[int] = mapped_column(
        ForeignKey(Label.id, ondelete="CASCADE"),
        primary_key=True,
        index=True,
        comment="The label.",
    )


class IssueAssignee(Base):
    """Who is assigned to which issue now."""

    __tablename__ = "github_activity_tracker_issue_assignee"
    __table_args__ = {"comment": "Assignees of each issue and pull request, as they are now."}  # noqa: RUF012

    issue_id: Mapped[int] = mapped_column(
        ForeignKey(Issue.id, ondelete="CASCADE"), primary_key=True, comment="The issue."
    )
    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id"), primary_key=True, index=True, comment="Who is assigned."
    )


class PullRequest(Base):
    """What a pull request has besides what every issue has."""

    __tablename__ = "github_activity_tracker_pull_request"
    __table_args__ = (
        Index(None, "merge_commit_sha"),
        Index(None, "head_sha"),
        {"comment": "What pull requests have besides what issues have; one row for each."},
    )

    issue_id: Mapped[int] = mapped_column(
        ForeignKey(Issue.id, ondelete="CASCADE"), primary_key=True, comment="Its row among issues."
    )
    is_draft: Mapped[bool] = mapped_column(comment="Whether it is not yet to be reviewed.")
    is_merged: Mapped[bool] = mapped_column(comment="Whether it was merged.")
    merged_at: Mapped[datetime | None] = mapped_column(comment="When it was merged.")
    merge_commit_sha: Mapped[str | None] = mapped_column(
        comment="The commit that merged it; before that, a trial merge of GitHub's."
    )
    head_ref: Mapped[str] = mapped_column(comment="Branch that it comes from.")
    head_sha: Mapped[str] = mapped_column(comment="Newest commit of that branch.")
    head_repository: Mapped[str | None] = mapped_column(
        comment="owner/name that it comes from; empty when that is deleted."
    )
    head_repository_github_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="GitHub's number of that repository."
    )
    base_ref: Mapped[str] = mapped_column(comment="Branch that it is to be merged into.")
    base_sha: Mapped[str] = mapped_column(comment="Commit of that branch that it starts from.")
    requested_reviewers: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        comment="Logins, and teams as @slug, who are asked and have not answered; sorted.",
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )


class PullRequestDetail(Base):
    """What only a pull request itself tells, and no listing."""

    __tablename__ = "github_activity_tracker_pull_request_detail"
    __table_args__ = {  # noqa: RUF012
        "comment": "Sizes of pull requests and who merged them, fetched together with their reviews."
    }

    issue_id: Mapped[int] = mapped_column(
        ForeignKey(Issue.id, ondelete="CASCADE"), primary_key=True, comment="Its row among issues."
    )
    merged_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), index=True, comment="Profile of who merged it."
    )
    commits: Mapped[int] = mapped_column(comment="Number of its commits.")
    changed_files: Mapped[int] = mapped_column(comment="Number of files that it changes.")
    additions: Mapped[int] = mapped_column(comment="Lines added.")
    deletions: Mapped[int] = mapped_column(comment="Lines removed.")
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
