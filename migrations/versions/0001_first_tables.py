"""Ledger, identity and commits

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collector_cursor",
        sa.Column("collector", sa.Text(), nullable=False, comment="Slug of the collector."),
        sa.Column("source_key", sa.Text(), nullable=False, comment="Which source."),
        sa.Column("stream", sa.Text(), nullable=False, comment="Which kind of its records."),
        sa.Column(
            "value",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="The position, in the collector's own terms.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the position last changed.",
        ),
        sa.PrimaryKeyConstraint(
            "collector", "source_key", "stream", name=op.f("pk_collector_cursor")
        ),
        comment="How far each stream of a source has been stored.",
    )
    op.create_table(
        "collector_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("collector", sa.Text(), nullable=False, comment="Slug of the collector."),
        sa.Column(
            "source_key",
            sa.Text(),
            nullable=False,
            comment="Which source of the collector, e.g. a repository.",
        ),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True, comment="Prefect's id of the flow run."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, completed, partial, failed, interrupted (asked to stop) or crashed (died).",
        ),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Parameters of the flow, without secrets.",
        ),
        sa.Column(
            "phase", sa.Text(), nullable=True, comment="Lifecycle hook it is in, or ended in."
        ),
        sa.Column(
            "category", sa.Text(), nullable=True, comment="Failure category, when it failed."
        ),
        sa.Column(
            "error", sa.Text(), nullable=True, comment="The error in one line, without secrets."
        ),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Records: fetched, inserted, updated, unchanged, quarantined.",
        ),
        sa.Column(
            "cursor_before",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Cursors by stream when the run started.",
        ),
        sa.Column(
            "cursor_after",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Cursors by stream when the run ended.",
        ),
        sa.Column(
            "host", sa.Text(), nullable=False, comment="Machine that the run's process is on."
        ),
        sa.Column(
            "pid", sa.BigInteger(), nullable=False, comment="Process of the run on that machine."
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it took the source's lock.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended; empty while running.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collector_run")),
        comment="One attempt of a collector at one source.",
    )
    op.create_index(
        op.f("ix_collector_run_collector_source_key_started_at"),
        "collector_run",
        ["collector", "source_key", "started_at"],
        unique=False,
    )
    op.create_index(
        "uq_collector_run_running",
        "collector_run",
        ["collector", "source_key"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "github_activity_tracker_repository",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "source_key",
            sa.Text(),
            nullable=False,
            comment="owner/name on GitHub, host/path elsewhere, the path of a local one.",
        ),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="github, git (any other host) or local."
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Last part of the key."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where it is fetched from."),
        sa.Column(
            "default_branch", sa.Text(), nullable=True, comment="Empty while it has no commits."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_repository")),
        sa.UniqueConstraint(
            "source_key", name=op.f("uq_github_activity_tracker_repository_source_key")
        ),
        comment="Git repositories that are or were collected.",
    )
    op.create_table(
        "identity_email",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "address", sa.Text(), nullable=False, comment="Lower case, without spaces around it."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_email")),
        sa.UniqueConstraint("address", name=op.f("uq_identity_email_address")),
        comment="E-mail addresses, normalised.",
    )
    op.create_table(
        "identity_profile",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "platform",
            sa.Text(),
            nullable=False,
            comment="github, or git for people known by e-mail only.",
        ),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=False,
            comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one.",
        ),
        sa.Column(
            "username", sa.Text(), nullable=True, comment="Login on the platform, as last seen."
        ),
        sa.Column(
            "display_name", sa.Text(), nullable=False, comment="Name of the account, as last seen."
        ),
        sa.Column("account_type", sa.Text(), nullable=False, comment="user, bot or organization."),
        sa.Column(
            "observed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Time, at the source, of what name and login were last taken from.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_profile")),
        sa.UniqueConstraint(
            "platform", "external_id", name=op.f("uq_identity_profile_platform_external_id")
        ),
        comment="Accounts: one row for each platform and external id.",
    )
    op.create_index(
        "ix_identity_profile_username",
        "identity_profile",
        ["platform", sa.literal_column("lower(username)")],
        unique=False,
    )
    op.create_table(
        "collector_dead_letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("collector", sa.Text(), nullable=False, comment="Slug of the collector."),
        sa.Column("source_key", sa.Text(), nullable=False, comment="Which source."),
        sa.Column("stream", sa.Text(), nullable=False, comment="Which kind of record."),
        sa.Column("item_key", sa.Text(), nullable=False, comment="The record's key at the source."),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the source sent, enough to try again.",
        ),
        sa.Column("error", sa.Text(), nullable=False, comment="Why it was set aside, in one line."),
        sa.Column("category", sa.Text(), nullable=False, comment="Failure category of that."),
        sa.Column(
            "status",
            sa.Text(),
            server_default="open",
            nullable=False,
            comment="open, resolved (stored by a retry) or discarded (by a person).",
        ),
        sa.Column(
            "attempts",
            sa.BigInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="How often storing it was tried.",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True, comment="Run that set it aside."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was set aside.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last tried or dealt with.",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["collector_run.id"],
            name=op.f("fk_collector_dead_letter_run_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collector_dead_letter")),
        sa.UniqueConstraint(
            "collector",
            "source_key",
            "stream",
            "item_key",
            name=op.f("uq_collector_dead_letter_collector_source_key_stream_item_key"),
        ),
        comment="Records that could not be stored, kept until they can be, or are discarded.",
    )
    op.create_index(
        op.f("ix_collector_dead_letter_run_id"), "collector_dead_letter", ["run_id"], unique=False
    )
    op.create_index(
        op.f("ix_collector_dead_letter_status_collector"),
        "collector_dead_letter",
        ["status", "collector"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_branch",
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("name", sa.Text(), nullable=False, comment="Name without refs/heads/."),
        sa.Column(
            "head_sha", sa.Text(), nullable=False, comment="Its newest commit, as last seen."
        ),
        sa.Column(
            "is_deleted",
            sa.Boolean(),
            nullable=False,
            comment="Whether the source no longer has it.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_branch_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "repository_id", "name", name=op.f("pk_github_activity_tracker_branch")
        ),
        comment="Branches that are or were followed.",
    )
    op.create_table(
        "github_activity_tracker_commit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column("sha", sa.Text(), nullable=False, comment="Full object name, hexadecimal."),
        sa.Column(
            "parents", sa.ARRAY(sa.Text()), nullable=False, comment="Object names of its parents."
        ),
        sa.Column(
            "message",
            sa.Text(),
            nullable=False,
            comment="The whole message, without NUL characters.",
        ),
        sa.Column(
            "author_id", sa.BigInteger(), nullable=False, comment="Profile of who wrote the change."
        ),
        sa.Column(
            "author_name",
            sa.Text(),
            nullable=False,
            comment="Author's name as the commit states it.",
        ),
        sa.Column(
            "author_email",
            sa.Text(),
            nullable=False,
            comment="Author's e-mail as the commit states it.",
        ),
        sa.Column(
            "authored_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, by the author's clock.",
        ),
        sa.Column(
            "committer_id",
            sa.BigInteger(),
            nullable=False,
            comment="Profile of who put it into the repository.",
        ),
        sa.Column(
            "committer_name",
            sa.Text(),
            nullable=False,
            comment="Committer's name as the commit states it.",
        ),
        sa.Column(
            "committer_email",
            sa.Text(),
            nullable=False,
            comment="Committer's e-mail as the commit states it.",
        ),
        sa.Column(
            "committed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, by the committer's clock.",
        ),
        sa.Column(
            "files_changed",
            sa.BigInteger(),
            nullable=True,
            comment="Number of files; empty where a shallow source hides the parents.",
        ),
        sa.Column(
            "additions",
            sa.BigInteger(),
            nullable=True,
            comment="Lines added; empty where lines were not counted.",
        ),
        sa.Column(
            "deletions",
            sa.BigInteger(),
            nullable=True,
            comment="Lines removed; empty where lines were not counted.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "rewritten_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found unreachable from every followed branch; empty while reachable.",
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
            name=op.f("fk_github_activity_tracker_commit_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["committer_id"],
            ["identity_profile.id"],
            name=op.f("fk_github_activity_tracker_commit_committer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["github_activity_tracker_repository.id"],
            name=op.f("fk_github_activity_tracker_commit_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_commit")),
        sa.UniqueConstraint(
            "repository_id", "sha", name=op.f("uq_github_activity_tracker_commit_repository_id_sha")
        ),
        comment="Commits; a rewritten history leaves its old ones, marked.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_commit_author_id"),
        "github_activity_tracker_commit",
        ["author_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_commit_committer_id"),
        "github_activity_tracker_commit",
        ["committer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_github_activity_tracker_commit_repository_id_committed_at"),
        "github_activity_tracker_commit",
        ["repository_id", "committed_at"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False, comment="The repository."),
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="Path in the repository; bytes that are not UTF-8 stand as \\xNN.",
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
            name=op.f("fk_github_activity_tracker_file_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_activity_tracker_file")),
        sa.UniqueConstraint(
            "repository_id", "path", name=op.f("uq_github_activity_tracker_file_repository_id_path")
        ),
        comment="Paths that some commit has touched.",
    )
    op.create_table(
        "identity_profile_email",
        sa.Column("profile_id", sa.BigInteger(), nullable=False, comment="The profile."),
        sa.Column("email_id", sa.BigInteger(), nullable=False, comment="The address."),
        sa.ForeignKeyConstraint(
            ["email_id"],
            ["identity_email.id"],
            name=op.f("fk_identity_profile_email_email_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["identity_profile.id"],
            name=op.f("fk_identity_profile_email_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("profile_id", "email_id", name=op.f("pk_identity_profile_email")),
        comment="Addresses that a profile has been seen with.",
    )
    op.create_index(
        op.f("ix_identity_profile_email_email_id"),
        "identity_profile_email",
        ["email_id"],
        unique=False,
    )
    op.create_table(
        "github_activity_tracker_file_change",
        sa.Column("commit_id", sa.BigInteger(), nullable=False, comment="The commit."),
        sa.Column("file_id", sa.BigInteger(), nullable=False, comment="The file, by its new path."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="added, modified, removed, renamed, copied or type_changed.",
        ),
        sa.Column(
            "old_path", sa.Text(), nullable=True, comment="Path before, when renamed or copied."
        ),
        sa.Column(
            "additions",
            sa.BigInteger(),
            nullable=True,
            comment="Lines added; empty for binary files.",
        ),
        sa.Column(
            "deletions",
            sa.BigInteger(),
            nullable=True,
            comment="Lines removed; empty for binary files.",
        ),
        sa.ForeignKeyConstraint(
            ["commit_id"],
            ["github_activity_tracker_commit.id"],
            name=op.f("fk_github_activity_tracker_file_change_commit_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["github_activity_tracker_file.id"],
            name=op.f("fk_github_activity_tracker_file_change_file_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "commit_id", "file_id", name=op.f("pk_github_activity_tracker_file_change")
        ),
        comment="What each commit did to each file; merges carry no changes of their own.",
    )
    op.create_index(
        op.f("ix_github_activity_tracker_file_change_file_id"),
        "github_activity_tracker_file_change",
        ["file_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_github_activity_tracker_file_change_file_id"),
        table_name="github_activity_tracker_file_change",
    )
    op.drop_table("github_activity_tracker_file_change")
    op.drop_index(op.f("ix_identity_profile_email_email_id"), table_name="identity_profile_email")
    op.drop_table("identity_profile_email")
    op.drop_table("github_activity_tracker_file")
    op.drop_index(
        op.f("ix_github_activity_tracker_commit_repository_id_committed_at"),
        table_name="github_activity_tracker_commit",
    )
    op.drop_index(
        op.f("ix_github_activity_tracker_commit_committer_id"),
        table_name="github_activity_tracker_commit",
    )
    op.drop_index(
        op.f("ix_github_activity_tracker_commit_author_id"),
        table_name="github_activity_tracker_commit",
    )
    op.drop_table("github_activity_tracker_commit")
    op.drop_table("github_activity_tracker_branch")
    op.drop_index(
        op.f("ix_collector_dead_letter_status_collector"), table_name="collector_dead_letter"
    )
    op.drop_index(op.f("ix_collector_dead_letter_run_id"), table_name="collector_dead_letter")
    op.drop_table("collector_dead_letter")
    op.drop_index("ix_identity_profile_username", table_name="identity_profile")
    op.drop_table("identity_profile")
    op.drop_table("identity_email")
    op.drop_table("github_activity_tracker_repository")
    op.drop_index(
        "uq_collector_run_running",
        table_name="collector_run",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index(
        op.f("ix_collector_run_collector_source_key_started_at"), table_name="collector_run"
    )
    op.drop_table("collector_run")
    op.drop_table("collector_cursor")
