"""{{ cookiecutter.title }}

Revision: {{ cookiecutter.__revision }}, after {{ cookiecutter.__down_revision }}
"""

import sqlalchemy as sa
from alembic import op

revision = "{{ cookiecutter.__revision }}"
down_revision = "{{ cookiecutter.__down_revision }}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "{{ cookiecutter.slug }}_item",
        sa.Column("source_key", sa.Text(), nullable=False, comment="The project."),
        sa.Column("key", sa.Text(), nullable=False, comment="The item's id at the source."),
        sa.Column("title", sa.Text(), nullable=False, comment="Its title."),
        sa.Column(
            "body", sa.Text(), nullable=True, comment="Its text; empty where it has none."
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it changed, by the source's clock.",
        ),
        sa.Column(
            "is_deleted",
            sa.Boolean(),
            nullable=False,
            comment="Whether the source has deleted it.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint(
            "source_key", "key", name=op.f("pk_{{ cookiecutter.slug }}_item")
        ),
        comment="Items of projects; a deleted one keeps its row.",
    )


def downgrade() -> None:
    op.drop_table("{{ cookiecutter.slug }}_item")
