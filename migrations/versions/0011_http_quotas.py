"""HTTP quotas

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "http_quota",
        sa.Column("source", sa.Text(), nullable=False, comment="Scheme and host of the source."),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            comment="Hash of whose quota it is: of a token, or of an installation.",
        ),
        sa.Column(
            "resource",
            sa.Text(),
            nullable=False,
            comment="Class of resources, e.g. core, search, graphql; empty for a limit on all of them.",
        ),
        sa.Column(
            "remaining",
            sa.BigInteger(),
            nullable=True,
            comment="Requests left, as the source counts.",
        ),
        sa.Column(
            "resets_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it is filled again, by the database's clock.",
        ),
        sa.Column(
            "closed_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when nothing may be asked; past or empty when something may.",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the source said it.",
        ),
        sa.PrimaryKeyConstraint("source", "scope", "resource", name=op.f("pk_http_quota")),
        comment="What is left of each quota of a source, as it said last.",
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("http_quota")
