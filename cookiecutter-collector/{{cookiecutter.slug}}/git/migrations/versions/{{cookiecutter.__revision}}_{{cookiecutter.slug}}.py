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
        "{{ cookiecutter.slug }}_reference",
        sa.Column("source_key", sa.Text(), nullable=False, comment="The repository."),
        sa.Column("name", sa.Text(), nullable=False, comment="Full name, e.g. refs/tags/v1."),
        sa.Column(
            "sha",
            sa.Text(),
            nullable=False,
            comment="The object that it stands for, as last seen.",
        ),
        sa.Column(
            "is_deleted",
            sa.Boolean(),
            nullable=False,
            comment="Whether the repository has it no more.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint(
            "source_key", "name", name=op.f("pk_{{ cookiecutter.slug }}_reference")
        ),
        comment="Branches and tags; a deleted one keeps its row.",
    )


def downgrade() -> None:
    op.drop_table("{{ cookiecutter.slug }}_reference")
