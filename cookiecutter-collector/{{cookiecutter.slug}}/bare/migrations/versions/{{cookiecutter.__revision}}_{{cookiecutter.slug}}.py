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
        "{{ cookiecutter.slug }}_run_state",
        sa.Column("source_key", sa.Text(), nullable=False, comment="Which source."),
        sa.Column("run_count", sa.BigInteger(), nullable=False, comment="How often it was run."),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last run.",
        ),
        sa.PrimaryKeyConstraint("source_key", name=op.f("pk_{{ cookiecutter.slug }}_run_state")),
        comment="How often each source was run.",
    )


def downgrade() -> None:
    op.drop_table("{{ cookiecutter.slug }}_run_state")
