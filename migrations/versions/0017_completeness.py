"""Comparisons of streams with their sources, and the repair of what they find

Revision: 0017, after 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTS = {
    "at_source": "Records that the source has.",
    "stored": "Records here that are not marked as gone.",
    "sampled": "Records that were compared one by one.",
    "missing": "Records that a run should have stored.",
    "stale": "Records whose newest version is not here.",
    "gone": "Records here that the source does not have.",
}


def _text(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _now(name: str, comment: str) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, server_default=sa.text("now()"), nullable=False, comment=comment)


def _stream() -> tuple[sa.Column[Any], ...]:
    return (
        _text("collector", "Slug of the collector."),
        _text("source_key", "Which source."),
        _text("stream", "Which kind of its records."),
    )


def upgrade() -> None:
    table = "collector_completeness"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_stream(),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)
            for name, comment in COUNTS.items()
        ),
        _now("compared_at", "When they were compared."),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        comment="Comparisons of streams with their sources, one row each time.",
    )
    op.create_index(
        op.f(f"ix_{table}_collector_source_key_stream_id"),
        table,
        ["collector", "source_key", "stream", "id"],
    )
    op.create_table(
        "collector_repair",
        *_stream(),
        _text("item_key", "The record; * for the whole stream, to be read again."),
        _text("reason", "missing, stale or gone."),
        _now("found_at", "When it was first found."),
        sa.PrimaryKeyConstraint(
            "collector", "source_key", "stream", "item_key", name=op.f("pk_collector_repair")
        ),
        comment="Gaps that a comparison has found, for the next run to repair.",
    )


def downgrade() -> None:
    op.drop_table("collector_repair")
    op.drop_table("collector_completeness")
