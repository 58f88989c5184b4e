"""Storage samples

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storage_sample",
        sa.Column("day", sa.Date(), nullable=False, comment="Day of the sample, UTC."),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="The table; empty for the whole database.",
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="On disk, indexes included."),
        sa.Column(
            "live_rows",
            sa.BigInteger(),
            nullable=False,
            comment="Rows, as PostgreSQL estimates them.",
        ),
        sa.Column(
            "dead_rows",
            sa.BigInteger(),
            nullable=False,
            comment="Versions of rows that vacuum has not removed yet, as PostgreSQL estimates them.",
        ),
        sa.PrimaryKeyConstraint("day", "name", name=op.f("pk_storage_sample")),
        comment="What the database and each table took on disk, once a day.",
    )


def downgrade() -> None:
    op.drop_table("storage_sample")
