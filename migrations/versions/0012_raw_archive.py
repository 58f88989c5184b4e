"""Raw archive

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive_segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="Where it lies under RAW_ARCHIVE_URL."
        ),
        sa.Column("collector", sa.Text(), nullable=False, comment="Slug of the collector."),
        sa.Column("source_key", sa.Text(), nullable=False, comment="Which of its sources."),
        sa.Column(
            "run_id",
            sa.BigInteger(),
            nullable=False,
            comment="The run that was answered; the ledger may have forgotten it.",
        ),
        sa.Column(
            "exchanges", sa.BigInteger(), nullable=False, comment="How many answers it holds."
        ),
        sa.Column(
            "bytes",
            sa.BigInteger(),
            nullable=False,
            comment="How much of the file counts; what follows was never committed.",
        ),
        sa.Column("sha256", sa.Text(), nullable=False, comment="Of these bytes, in hexadecimal."),
        sa.Column(
            "first_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When its first answer arrived.",
        ),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When its last answer arrived.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_segment")),
        sa.UniqueConstraint("path", name=op.f("uq_archive_segment_path")),
        comment="Files of the raw archive: what sources answered, run by run.",
    )
    op.create_index(
        op.f("ix_archive_segment_collector_source_key_id"),
        "archive_segment",
        ["collector", "source_key", "id"],
    )


def downgrade() -> None:
    op.drop_table("archive_segment")
