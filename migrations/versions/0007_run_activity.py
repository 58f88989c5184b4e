"""What runs are doing, and up to when the tables are right

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "collector_run",
        sa.Column(
            "data_through",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Up to when the tables say what the source said: when the run started; empty unless it read all of the source, to the end.",
        ),
    )
    op.create_table(
        "collector_activity",
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run in the ledger."),
        sa.Column(
            "doing",
            sa.Text(),
            nullable=False,
            comment="What it is doing, in words, without secrets.",
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Its last sign of life; none for long while it waits for nothing: it is stuck.",
        ),
        sa.Column(
            "waits_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When what it waits for is over, e.g. a quota; empty while it works.",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["collector_run.id"],
            name=op.f("fk_collector_activity_run_id_collector_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_collector_activity")),
        comment="What each run is doing, or was when it ended.",
    )


def downgrade() -> None:
    op.drop_table("collector_activity")
    op.drop_column("collector_run", "data_through")
