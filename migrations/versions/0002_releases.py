"""Releases

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("project", sa.Text(), nullable=False, comment="Project, e.g. boost."),
        sa.Column("tag", sa.Text(), nullable=False, comment="Tag, e.g. boost-1.90.0."),
        sa.Column(
            "version",
            sa.ARRAY(sa.Integer()),
            nullable=False,
            comment="Parts of the version, which sort as versions do.",
        ),
        sa.Column(
            "commit",
            sa.Text(),
            nullable=False,
            comment="Commit that the tag stands at, as last seen.",
        ),
        sa.Column(
            "detected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the tag was first seen.",
        ),
        sa.Column(
            "announced_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the event of it was sent; empty for what is still to be announced.",
        ),
        sa.PrimaryKeyConstraint("project", "tag", name=op.f("pk_release")),
        comment="Releases of the projects that we follow, by their tags.",
    )
    op.create_index(op.f("ix_release_project_version"), "release", ["project", "version"])


def downgrade() -> None:
    op.drop_table("release")
