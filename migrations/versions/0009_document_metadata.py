"""What a document says for a hosted index: namespace, metadata, whether it is private

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "document",
        sa.Column(
            "namespace",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="Part of a hosted index that it goes to, e.g. slack-boost.",
        ),
    )
    op.add_column(
        "document",
        sa.Column(
            "is_private",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether it may go to the private instance of a hosted index only.",
        ),
    )
    op.add_column(
        "document",
        sa.Column(
            "metadata",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="What else the source says of it, e.g. state: what an index can filter by.",
        ),
    )


def downgrade() -> None:
    op.drop_column("document", "metadata")
    op.drop_column("document", "is_private")
    op.drop_column("document", "namespace")
