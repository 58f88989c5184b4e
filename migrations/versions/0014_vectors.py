"""Chunks, the queue of what is to be indexed, and what indexes hold

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


# Tables of vectors are made by who indexes first: their dimension is the model's, and without the
# extension there are none. It is a trusted one: the owner of a database may create it.
EXTENSION = """
do $$ begin
    if exists (select from pg_available_extensions where name = 'vector') then
        create extension if not exists vector;
    end if;
exception when insufficient_privilege then
    raise notice 'extension vector is not created: its owner or a superuser may';
end $$
"""
# As `bdc db roles` does where the roles are there already.
GRANTS = """
do $$ begin
    if exists (select from pg_roles where rolname = 'bdc_collector') then
        grant usage, create on schema vectors to bdc_collector;
    end if;
    if exists (select from pg_roles where rolname = 'bdc_reader') then
        grant usage on schema vectors to bdc_reader;
    end if;
end $$
"""
# Documents from before are cut and indexed by the next run.
QUEUE = "insert into vector_queue (document_id) select id from document where deleted_at is null"


def upgrade() -> None:
    op.execute(EXTENSION)
    op.execute("create schema vectors")
    op.execute(GRANTS)
    op.create_table(
        "vector_index",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="pgvector, pinecone or none."),
        sa.Column(
            "model",
            sa.Text(),
            nullable=False,
            comment="Embedding model, e.g. wordllama/l2_supercat_256.",
        ),
        sa.Column(
            "dimension",
            sa.BigInteger(),
            nullable=False,
            comment="Numbers in a vector; 0: the index embeds.",
        ),
        sa.Column(
            "location",
            sa.Text(),
            nullable=False,
            comment="Table or hosted index that holds the vectors.",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="building, serving or retired."),
        sa.Column(
            "fill_until",
            sa.BigInteger(),
            nullable=False,
            comment="Complete once the queue holds nothing up to this number.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was begun.",
        ),
        sa.Column(
            "serving_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was complete.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_index")),
        comment="Indexes: the one that serves, and the one that is built to follow it.",
    )
    op.create_index(
        "uq_vector_index_building",
        "vector_index",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'building'"),
    )
    op.create_index(
        "uq_vector_index_serving",
        "vector_index",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'serving'"),
    )
    op.create_table(
        "document_chunk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "document_id",
            sa.BigInteger(),
            nullable=False,
            comment="The document that it is a part of.",
        ),
        sa.Column(
            "vector_id",
            sa.Text(),
            nullable=False,
            comment="What it is called in an index; the same for the same part of the same document.",
        ),
        sa.Column(
            "begins", sa.BigInteger(), nullable=False, comment="Characters of the text before it."
        ),
        sa.Column(
            "ends", sa.BigInteger(), nullable=False, comment="Characters of the text up to its end."
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what is embedded: title and part.",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_chunk_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_chunk")),
        sa.UniqueConstraint("vector_id", name=op.f("uq_document_chunk_vector_id")),
        comment="What an index is to hold: parts of documents, cut where the text pauses.",
    )
    op.create_index(
        "ix_document_chunk_document_id", "document_chunk", ["document_id"], unique=False
    )
    op.create_table(
        "vector_entry",
        sa.Column("index_id", sa.BigInteger(), nullable=False, comment="The index."),
        sa.Column(
            "is_private",
            sa.Boolean(),
            nullable=False,
            comment="Whether it is in the private instance.",
        ),
        sa.Column("namespace", sa.Text(), nullable=False, comment="Its part of the index."),
        sa.Column("vector_id", sa.Text(), nullable=False, comment="What it is called there."),
        sa.Column(
            "document_id",
            sa.BigInteger(),
            nullable=False,
            comment="The document that it is, or was, a part of.",
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=True,
            comment="Hash of what was embedded; empty while nobody knows whether it arrived.",
        ),
        sa.Column(
            "facts_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="Hash of the metadata that it has there.",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_vector_entry_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["index_id"],
            ["vector_index.id"],
            name=op.f("fk_vector_entry_index_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "index_id", "is_private", "namespace", "vector_id", name=op.f("pk_vector_entry")
        ),
        comment="What each index holds; noted before it is sent, confirmed once it is there.",
    )
    op.create_index("ix_vector_entry_document_id", "vector_entry", ["document_id"], unique=False)
    op.create_table(
        "vector_queue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False, comment="The document."),
        sa.Column(
            "queued_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it changed: the beginning of that transaction.",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_vector_queue_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_queue")),
        comment="Documents that have changed, in the order of their changes; gone once indexed.",
    )
    op.create_index("ix_vector_queue_document_id", "vector_queue", ["document_id"], unique=False)
    op.add_column(
        "document",
        sa.Column(
            "cut_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="Which content its chunks were cut from, and by which rules; empty before the first time.",
        ),
    )
    op.execute(QUEUE)


def downgrade() -> None:
    op.execute("drop schema vectors cascade")
    op.drop_column("document", "cut_hash")
    op.drop_index("ix_vector_queue_document_id", table_name="vector_queue")
    op.drop_table("vector_queue")
    op.drop_index("ix_vector_entry_document_id", table_name="vector_entry")
    op.drop_table("vector_entry")
    op.drop_index("ix_document_chunk_document_id", table_name="document_chunk")
    op.drop_table("document_chunk")
    op.drop_index(
        "uq_vector_index_serving",
        table_name="vector_index",
        postgresql_where=sa.text("status = 'serving'"),
    )
    op.drop_index(
        "uq_vector_index_building",
        table_name="vector_index",
        postgresql_where=sa.text("status = 'building'"),
    )
    op.drop_table("vector_index")
