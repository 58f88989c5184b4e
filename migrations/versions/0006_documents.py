"""Documents

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORDS = """to_tsvector('english'::regconfig, (title || ' '::text) || "left"(text, 200000))"""


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "collector",
            sa.Text(),
            nullable=False,
            comment="Slug of the collector whose record it is.",
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="The record's key, e.g. p1234r0."),
        sa.Column("title", sa.Text(), nullable=False, comment="What people call it."),
        sa.Column("text", sa.Text(), nullable=False, comment="What is searched besides the title."),
        sa.Column(
            "author",
            sa.Text(),
            nullable=False,
            comment="Who wrote it, as the source says; may be several.",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="Where to read it."),
        sa.Column(
            "published_on", sa.Date(), nullable=True, comment="Its day, where the source tells."
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was first found gone; such a document is not found.",
        ),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed(WORDS, persisted=True),
            nullable=False,
            comment="Its words, as search compares them.",
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("collector", "key", name=op.f("uq_document_collector_key")),
        comment="What search finds: one document for each record that people look for.",
    )
    op.create_index("ix_document_words", "document", ["words"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("document")
