"""Issues, pull requests, comments, reviews; what GitHub says of repositories

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "github_activity_tracker_comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the issue or pull request.",
        ),
        sa.Column(
            "github_id", sa.BigInteger(), nullable=False, comment="GitHub's number of the comment."
        ),
        sa.Column(
            "author_id",
            sa.BigInteger(),
            nullable=True,
            comment="Profile; empty for a deleted account.",
        ),
        sa.Column(
            "author_association",
            sa.Text(),
            nullable=True,
            comment="What the author is to the repository, in GitHub's words, e.g. MEMBER.",
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="Text in Markdown."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where to read it."),
        sa.Column(
            "posted_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written."
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was last edited.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found gone from GitHub; empty while it is there.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_comment_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_comment_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_comment")),
        sa.UniqueConstraint(
            "repository_id",
            "github_id",
            name=op.f("uq_github_activity_tracker_comment_repository_id_github_id"),
        ),
        comment="Comments on issues and pull requests; deleted ones stay, marked.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_comment_author_id"),
        "github_activity_tracker_comment",
        ["author_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_comment_repository_id_number"),
        "github_activity_tracker_comment",
        ["repository_id", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_comment_repository_id_updated_at"),
        "github_activity_tracker_comment",
        ["repository_id", "updated_at"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_due",
        sa.Column(
            "task",
            sa.Text(),
            nullable=False,
            comment="reviews: ask for them; document: what search finds of it.",
        ),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the issue or pull request.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_due_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "task", "repository_id", "number", name=op.f("pk_github_activity_tracker_due")
        ),
        comment="Issues and pull requests whose reviews or document have to be brought up to date.",
    )
    op.create_table(
        "github_activity_tracker_label",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "github_id",
            sa.BigInteger(),
            nullable=False,
            comment="GitHub's number of it, which stays when it is renamed.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Name."),
        sa.Column("colour", sa.Text(), nullable=False, comment="Six hexadecimal digits."),
        sa.Column("description", sa.Text(), nullable=True, comment="Description."),
        sa.Column(
            "observed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Time, at the source, of the issue that this was last taken from.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_label_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_label")),
        sa.UniqueConstraint(
            "repository_id",
            "github_id",
            name=op.f("uq_github_activity_tracker_label_repository_id_github_id"),
        ),
        comment="Labels, as the issues that have them showed them last.",
    )
    op.create_table(
        "github_activity_tracker_language",
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("language", sa.Text(), nullable=False, comment="As GitHub names it."),
        sa.Column(
            "size", sa.BigInteger(), nullable=False, comment="Bytes of code on the default branch."
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_language_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "repository_id", "language", name=op.f("pk_github_activity_tracker_language")
        ),
        comment="Languages of each repository, as last seen.",
    )
    op.create_table(
        "github_activity_tracker_metadata",
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("node_id", sa.Text(), nullable=False, comment="GitHub's name of it in GraphQL."),
        sa.Column("full_name", sa.Text(), nullable=False, comment="owner/name now."),
        sa.Column("owner_id", sa.BigInteger(), nullable=True, comment="Profile of the owner."),
        sa.Column("description", sa.Text(), nullable=True, comment="What its page says of it."),
        sa.Column("homepage", sa.Text(), nullable=True, comment="Its own site."),
        sa.Column(
            "main_language", sa.Text(), nullable=True, comment="What most of it is written in."
        ),
        sa.Column(
            "licence",
            sa.Text(),
            nullable=True,
            comment="SPDX identifier; NOASSERTION where GitHub cannot tell; empty without a licence.",
        ),
        sa.Column("licence_name", sa.Text(), nullable=True, comment="The licence's name."),
        sa.Column("topics", sa.ARRAY(sa.Text()), nullable=False, comment="Topics, sorted."),
        sa.Column("visibility", sa.Text(), nullable=False, comment="public, private or internal."),
        sa.Column(
            "is_fork",
            sa.Boolean(),
            nullable=False,
            comment="Whether it was forked from another one.",
        ),
        sa.Column(
            "parent", sa.Text(), nullable=True, comment="owner/name of what it was forked from."
        ),
        sa.Column(
            "is_archived", sa.Boolean(), nullable=False, comment="Whether it is read-only for good."
        ),
        sa.Column(
            "has_issues", sa.Boolean(), nullable=False, comment="Whether issues are switched on."
        ),
        sa.Column(
            "stars", sa.BigInteger(), nullable=False, comment="How many accounts have starred it."
        ),
        sa.Column("forks", sa.BigInteger(), nullable=False, comment="How many forks it has."),
        sa.Column(
            "subscribers", sa.BigInteger(), nullable=True, comment="How many accounts watch it."
        ),
        sa.Column(
            "open_issues",
            sa.BigInteger(),
            nullable=False,
            comment="Open issues and pull requests together.",
        ),
        sa.Column(
            "size_kilobytes", sa.BigInteger(), nullable=False, comment="Size, by GitHub's account."
        ),
        sa.Column(
            "founded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was made on GitHub.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When its description last changed.",
        ),
        sa.Column(
            "pushed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When commits last arrived.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_metadata_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_metadata_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_github_activity_tracker_metadata")),
        comment="What GitHub says of each repository, as last seen.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_metadata_owner_id"),
        "github_activity_tracker_metadata",
        ["owner_id"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_milestone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("github_id", sa.BigInteger(), nullable=False, comment="GitHub's number of it."),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="Its number in the repository."
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="Title."),
        sa.Column("description", sa.Text(), nullable=True, comment="Description."),
        sa.Column("state", sa.Text(), nullable=False, comment="open or closed."),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="When it is due."),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was made on GitHub.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it last changed on GitHub.",
        ),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), nullable=True, comment="When it was closed."
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_milestone_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_milestone")),
        sa.UniqueConstraint(
            "repository_id",
            "github_id",
            name=op.f("uq_github_activity_tracker_milestone_repository_id_github_id"),
        ),
        comment="Milestones, as the issues that have them showed them last.",
    )
    op.create_table(
        "github_activity_tracker_repository_name",
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "full_name", sa.Text(), nullable=False, comment="owner/name, as GitHub spelt it."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first seen with this name.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_repository_name_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "repository_id", "full_name", name=op.f("pk_github_activity_tracker_repository_name")
        ),
        comment="Every name that a repository on GitHub was seen with; renames and moves add one.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_repository_name_full_name"),
        "github_activity_tracker_repository_name",
        ["full_name"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="Number of the pull request."),
        sa.Column(
            "github_id", sa.BigInteger(), nullable=False, comment="GitHub's number of the review."
        ),
        sa.Column(
            "reviewer_id",
            sa.BigInteger(),
            nullable=True,
            comment="Profile; empty for a deleted account.",
        ),
        sa.Column(
            "author_association",
            sa.Text(),
            nullable=True,
            comment="What the reviewer is to the repository, in GitHub's words, e.g. MEMBER.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="approved, changes_requested, commented, dismissed or pending.",
        ),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="Text in Markdown; empty where there is none.",
        ),
        sa.Column(
            "commit_sha",
            sa.Text(),
            nullable=True,
            comment="The commit that was reviewed; empty when it is gone.",
        ),
        sa.Column("url", sa.Text(), nullable=False, comment="Where to read it."),
        sa.Column(
            "submitted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was submitted; empty while it is pending.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found gone from its pull request; empty while it is there.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_review_repository_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_review_reviewer_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_review")),
        sa.UniqueConstraint(
            "repository_id",
            "github_id",
            name=op.f("uq_github_activity_tracker_review_repository_id_github_id"),
        ),
        comment="Reviews of pull requests; their comments on lines are in _review_comment.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_review_repository_id_number"),
        "github_activity_tracker_review",
        ["repository_id", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_review_reviewer_id"),
        "github_activity_tracker_review",
        ["reviewer_id"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_review_comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="Number of the pull request."),
        sa.Column(
            "github_id", sa.BigInteger(), nullable=False, comment="GitHub's number of the comment."
        ),
        sa.Column(
            "review_github_id",
            sa.BigInteger(),
            nullable=True,
            comment="github_id of the review that it belongs to.",
        ),
        sa.Column(
            "reply_to_github_id",
            sa.BigInteger(),
            nullable=True,
            comment="github_id of the comment that it answers: the first of its thread.",
        ),
        sa.Column(
            "author_id",
            sa.BigInteger(),
            nullable=True,
            comment="Profile; empty for a deleted account.",
        ),
        sa.Column(
            "author_association",
            sa.Text(),
            nullable=True,
            comment="What the author is to the repository, in GitHub's words, e.g. MEMBER.",
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="Text in Markdown."),
        sa.Column("path", sa.Text(), nullable=False, comment="The file."),
        sa.Column("subject_type", sa.Text(), nullable=True, comment="line, or file for all of it."),
        sa.Column(
            "side", sa.Text(), nullable=True, comment="LEFT, what was, or RIGHT, what is to be."
        ),
        sa.Column(
            "line",
            sa.BigInteger(),
            nullable=True,
            comment="Last line meant; empty when later commits have taken it away.",
        ),
        sa.Column("start_side", sa.Text(), nullable=True, comment="The same for the first line."),
        sa.Column(
            "start_line",
            sa.BigInteger(),
            nullable=True,
            comment="First line meant, where several are.",
        ),
        sa.Column(
            "original_line",
            sa.BigInteger(),
            nullable=True,
            comment="Last line meant, when it was written.",
        ),
        sa.Column(
            "original_start_line",
            sa.BigInteger(),
            nullable=True,
            comment="First line meant, when it was written.",
        ),
        sa.Column("hunk", sa.Text(), nullable=False, comment="The lines around it, as a diff."),
        sa.Column(
            "commit_sha", sa.Text(), nullable=True, comment="The commit that it stands at now."
        ),
        sa.Column(
            "original_commit_sha",
            sa.Text(),
            nullable=True,
            comment="The commit that it was written on.",
        ),
        sa.Column("url", sa.Text(), nullable=False, comment="Where to read it."),
        sa.Column(
            "posted_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written."
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was last edited.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found gone from GitHub; empty while it is there.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_review_comment_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_review_comment_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_review_comment")),
        sa.UniqueConstraint(
            "repository_id",
            "github_id",
            name=op.f("uq_github_activity_tracker_review_comment_repository_id_github_id"),
        ),
        comment="Comments on lines of pull requests; deleted ones stay, marked.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_review_comment_author_id"),
        "github_activity_tracker_review_comment",
        ["author_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_review_comment_repository_id_updated_at"),
        "github_activity_tracker_review_comment",
        ["repository_id", "updated_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_review_comment_repository_id_number"),
        "github_activity_tracker_review_comment",
        ["repository_id", "number"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_issue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="Number in the repository, after the #.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="issue or pull_request."),
        sa.Column(
            "github_id",
            sa.BigInteger(),
            nullable=False,
            comment="GitHub's number of it, among issues or among pull requests.",
        ),
        sa.Column("node_id", sa.Text(), nullable=False, comment="GitHub's name of it in GraphQL."),
        sa.Column("title", sa.Text(), nullable=False, comment="Title."),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="Text in Markdown; empty where there is none.",
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="open, closed or, of pull requests, merged."
        ),
        sa.Column(
            "state_reason",
            sa.Text(),
            nullable=True,
            comment="Why, of issues: completed, not_planned, duplicate, reopened or what GitHub adds.",
        ),
        sa.Column(
            "issue_type",
            sa.Text(),
            nullable=True,
            comment="Type of an issue, where its owner has types, e.g. Bug.",
        ),
        sa.Column(
            "author_id",
            sa.BigInteger(),
            nullable=True,
            comment="Profile; empty for a deleted account.",
        ),
        sa.Column(
            "author_association",
            sa.Text(),
            nullable=True,
            comment="What the author is to the repository, in GitHub's words, e.g. MEMBER.",
        ),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True, comment="Milestone."),
        sa.Column(
            "is_locked", sa.Boolean(), nullable=False, comment="Whether only members may comment."
        ),
        sa.Column("lock_reason", sa.Text(), nullable=True, comment="Why it is locked."),
        sa.Column("url", sa.Text(), nullable=False, comment="Its page."),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="When it was opened."
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When GitHub last saw it change.",
        ),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was last closed.",
        ),
        sa.Column(
            "moved_to",
            sa.Text(),
            nullable=True,
            comment="Its page in the repository that it was transferred to.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found gone from this repository; empty while it is there.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_issue_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["github_activity_tracker_milestone.id"],
            name=op.f("fk_github_activity_tracker_issue_milestone_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_issue_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_issue")),
        sa.UniqueConstraint(
            "repository_id",
            "number",
            name=op.f("uq_github_activity_tracker_issue_repository_id_number"),
        ),
        comment="Issues and pull requests; what is gone from GitHub stays, marked.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_author_id"),
        "github_activity_tracker_issue",
        ["author_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_kind_github_id"),
        "github_activity_tracker_issue",
        ["kind", "github_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_milestone_id"),
        "github_activity_tracker_issue",
        ["milestone_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_repository_id_kind_updated_at"),
        "github_activity_tracker_issue",
        ["repository_id", "kind", "updated_at"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_issue_assignee",
        sa.Column("issue_id", sa.BigInteger(), nullable=False, comment="The issue."),
        sa.Column("profile_id", sa.BigInteger(), nullable=False, comment="Who is assigned."),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["github_activity_tracker_issue.id"],
            name=op.f("fk_github_activity_tracker_issue_assignee_issue_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_issue_assignee_profile_id"),
        ),
        sa.PrimaryKeyConstraint(
            "issue_id", "profile_id", name=op.f("pk_github_activity_tracker_issue_assignee")
        ),
        comment="Assignees of each issue and pull request, as they are now.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_assignee_profile_id"),
        "github_activity_tracker_issue_assignee",
        ["profile_id"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_issue_label",
        sa.Column("issue_id", sa.BigInteger(), nullable=False, comment="The issue."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="The label."),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["github_activity_tracker_issue.id"],
            name=op.f("fk_github_activity_tracker_issue_label_issue_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["label_id"],
            ["github_activity_tracker_label.id"],
            name=op.f("fk_github_activity_tracker_issue_label_label_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "issue_id", "label_id", name=op.f("pk_github_activity_tracker_issue_label")
        ),
        comment="Labels of each issue and pull request, as they are now.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_issue_label_label_id"),
        "github_activity_tracker_issue_label",
        ["label_id"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_pull_request",
        sa.Column("issue_id", sa.BigInteger(), nullable=False, comment="Its row among issues."),
        sa.Column(
            "is_draft",
            sa.Boolean(),
            nullable=False,
            comment="Whether it is not yet to be reviewed.",
        ),
        sa.Column("is_merged", sa.Boolean(), nullable=False, comment="Whether it was merged."),
        sa.Column(
            "merged_at", sa.DateTime(timezone=True), nullable=True, comment="When it was merged."
        ),
        sa.Column(
            "merge_commit_sha",
            sa.Text(),
            nullable=True,
            comment="The commit that merged it; before that, a trial merge of GitHub's.",
        ),
        sa.Column("head_ref", sa.Text(), nullable=False, comment="Branch that it comes from."),
        sa.Column("head_sha", sa.Text(), nullable=False, comment="Newest commit of that branch."),
        sa.Column(
            "head_repository",
            sa.Text(),
            nullable=True,
            comment="owner/name that it comes from; empty when that is deleted.",
        ),
        sa.Column(
            "head_repository_github_id",
            sa.BigInteger(),
            nullable=True,
            comment="GitHub's number of that repository.",
        ),
        sa.Column(
            "base_ref", sa.Text(), nullable=False, comment="Branch that it is to be merged into."
        ),
        sa.Column(
            "base_sha",
            sa.Text(),
            nullable=False,
            comment="Commit of that branch that it starts from.",
        ),
        sa.Column(
            "requested_reviewers",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="Logins, and teams as @slug, who are asked and have not answered; sorted.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["github_activity_tracker_issue.id"],
            name=op.f("fk_github_activity_tracker_pull_request_issue_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_github_activity_tracker_pull_request")),
        comment="What pull requests have besides what issues have; one row for each.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_pull_request_head_sha"),
        "github_activity_tracker_pull_request",
        ["head_sha"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_pull_request_merge_commit_sha"),
        "github_activity_tracker_pull_request",
        ["merge_commit_sha"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_pull_request_detail",
        sa.Column("issue_id", sa.BigInteger(), nullable=False, comment="Its row among issues."),
        sa.Column(
            "merged_by_id", sa.BigInteger(), nullable=True, comment="Profile of who merged it."
        ),
        sa.Column("commits", sa.BigInteger(), nullable=False, comment="Number of its commits."),
        sa.Column(
            "changed_files",
            sa.BigInteger(),
            nullable=False,
            comment="Number of files that it changes.",
        ),
        sa.Column("additions", sa.BigInteger(), nullable=False, comment="Lines added."),
        sa.Column("deletions", sa.BigInteger(), nullable=False, comment="Lines removed."),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["github_activity_tracker_issue.id"],
            name=op.f("fk_github_activity_tracker_pull_request_detail_issue_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["merged_by_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_pull_request_detail_merged_by_id"),
        ),
        sa.PrimaryKeyConstraint(
            "issue_id", name=op.f("pk_github_activity_tracker_pull_request_detail")
        ),
        comment="Sizes of pull requests and who merged them, fetched together with their reviews.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_pull_request_detail_merged_by_id"),
        "github_activity_tracker_pull_request_detail",
        ["merged_by_id"],
        unique=False,
    )
    op.add_column(
        "github_activity_tracker_repository",
        sa.Column(
            "github_id",
            sa.BigInteger(),
            nullable=True,
            comment="GitHub's number of it, which outlives every name; empty until its API was asked.",
        ),
    )
    op.create_unique_constraint(
        op.f("uq_github_activity_tracker_repository_github_id"),
        "github_activity_tracker_repository",
        ["github_id"],
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("uq_github_activity_tracker_repository_github_id"),
        "github_activity_tracker_repository",
        type_="unique",
    )
    op.drop_column("github_activity_tracker_repository", "github_id")
    for name in (
        "due",
        "review_comment",
        "review",
        "comment",
        "pull_request_detail",
        "pull_request",
        "issue_assignee",
        "issue_label",
        "issue",
        "label",
        "milestone",
        "language",
        "metadata",
        "repository_name",
    ):
        op.drop_table(f"github_activity_tracker_{name}")
