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
        "{{ cookiecutter.slug }}_record",
        sa.Column("source_key", sa.Text(), nullable=False, comment="The folder."),
        sa.Column("file", sa.Text(), nullable=False, comment="Path of the file below it."),
        sa.Column("key", sa.Text(), nullable=False, comment="The record's id in the file."),
        sa.Column("title", sa.Text(), nullable=False, comment="Its title."),
        sa.Column(
            "is_deleted",
            sa.Boolean(),
            nullable=False,
            comment="Whether the file has it no more.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint(
            "source_key", "file", "key", name=op.f("pk_{{ cookiecutter.slug }}_record")
        ),
        comment="Records of files; a deleted one keeps its row.",
    )


def downgrade() -> None:
    op.drop_table("{{ cookiecutter.slug }}_record")
