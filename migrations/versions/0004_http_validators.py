"""HTTP validators

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "http_validator",
        sa.Column(
            "owner",
            sa.Text(),
            nullable=False,
            comment="Who stores what the page holds, e.g. collector/source/stream.",
        ),
        sa.Column(
            "page",
            sa.Text(),
            nullable=False,
            comment="Hash of the page's URL and of the representation asked for.",
        ),
        sa.Column("url", sa.Text(), nullable=False, comment="The URL, without secrets."),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            comment="Hash of the credentials it was told to; empty without credentials.",
        ),
        sa.Column("etag", sa.Text(), nullable=True, comment="ETag of the version stored."),
        sa.Column(
            "last_modified",
            sa.Text(),
            nullable=True,
            comment="Last-Modified of the version stored.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the page was first stored.",
        ),
        sa.PrimaryKeyConstraint("owner", "page", name=op.f("pk_http_validator")),
        comment="Version of each page that is stored, to ask for changes only.",
    )


def downgrade() -> None:
    op.drop_table("http_validator")
