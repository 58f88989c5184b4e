"""Alerts

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="Kind and subject: what makes it one alert."
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="What kind of thing is wrong, e.g. failed, stuck, stale.",
        ),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            comment="What it is wrong with, as people call it.",
        ),
        sa.Column(
            "details",
            postgresql.JSONB(),
            nullable=False,
            comment="What the message says: text, next step, collector, source, group, run, category, counts.",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="open or resolved."),
        sa.Column(
            "untold",
            sa.Text(),
            nullable=True,
            comment="What is still to be told: opened, repeated or resolved; empty when all is told.",
        ),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was first seen, this time.",
        ),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was last to be told.",
        ),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was no longer so; empty while it is open.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
        comment="What is wrong or was, one row for each kind and subject.",
    )
    op.create_index(
        "ix_alert_untold", "alert", ["id"], postgresql_where=sa.text("untold is not null")
    )


def downgrade() -> None:
    op.drop_table("alert")
