"""Batches and occasions

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule_batch",
        sa.Column(
            "flow_run_id",
            sa.Uuid(),
            nullable=False,
            comment="Prefect's id of the batch's flow run.",
        ),
        sa.Column("group_name", sa.Text(), nullable=False, comment="Group of the schedule."),
        sa.Column(
            "scheduled_for",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was to start.",
        ),
        sa.Column(
            "through", sa.Date(), nullable=False, comment="The last day whose tasks it looked at."
        ),
        sa.Column(
            "tasks",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Keys of the tasks that the group had; others start anew later.",
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, completed, partial, failed, incomplete (left what still runs) or crashed.",
        ),
        sa.Column(
            "settles",
            sa.Boolean(),
            nullable=False,
            comment="Whether its end settles the days up to `through`, unlike a run by hand.",
        ),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), nullable=False, comment="When it started."
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended; empty while running.",
        ),
        sa.PrimaryKeyConstraint("flow_run_id", name=op.f("pk_schedule_batch")),
        comment="Batches of schedule groups: one row for each that really ran.",
    )
    op.create_index(
        op.f("ix_schedule_batch_group_name_started_at"),
        "schedule_batch",
        ["group_name", "started_at"],
        unique=False,
    )
    op.create_table(
        "schedule_occasion",
        sa.Column("group_name", sa.Text(), nullable=False, comment="Group of the schedule."),
        sa.Column(
            "task",
            sa.Text(),
            nullable=False,
            comment="Key of the task: its collector, a digest of its parameters.",
        ),
        sa.Column(
            "occasion",
            sa.Text(),
            nullable=False,
            comment="Day (2026-01-31), or project and tag of the release.",
        ),
        sa.Column("collector", sa.Text(), nullable=False, comment="Slug of the collector."),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Parameters of the task, without secrets.",
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, succeeded, failed or skipped.",
        ),
        sa.Column(
            "attempt",
            sa.BigInteger(),
            nullable=False,
            comment="How often its turn has come; 0 for a release from before the task.",
        ),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="Why it was skipped, or what its run said at the end.",
        ),
        sa.Column(
            "flow_run_id",
            sa.Uuid(),
            nullable=True,
            comment="Prefect's id of the collector's flow run.",
        ),
        sa.Column("batch", sa.Uuid(), nullable=False, comment="Batch whose turn it was last."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When its turn came last.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was settled; empty while running.",
        ),
        sa.ForeignKeyConstraint(
            ["batch"], ["schedule_batch.flow_run_id"], name=op.f("fk_schedule_occasion_batch")
        ),
        sa.PrimaryKeyConstraint(
            "group_name", "task", "occasion", name=op.f("pk_schedule_occasion")
        ),
        comment="Occasions of tasks: a due day or a release, each run once.",
    )
    op.create_index(
        op.f("ix_schedule_occasion_batch"), "schedule_occasion", ["batch"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_schedule_occasion_batch"), table_name="schedule_occasion")
    op.drop_table("schedule_occasion")
    op.drop_index(op.f("ix_schedule_batch_group_name_started_at"), table_name="schedule_batch")
    op.drop_table("schedule_batch")
