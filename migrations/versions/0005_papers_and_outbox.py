"""Papers of WG21, and the outbox

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="Who is told what, e.g. wg21_papers."),
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="What makes it one message; kept for ever, so that it is not said again.",
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What is said.",
        ),
        sa.Column(
            "status",
            sa.Text(),
            server_default="waiting",
            nullable=False,
            comment="waiting or sent.",
        ),
        sa.Column(
            "batch",
            sa.Text(),
            nullable=True,
            comment="What is sent together, under this key, however often it has to be sent.",
        ),
        sa.Column(
            "attempts",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often sending it has failed.",
        ),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Not to be sent before; empty as long as nothing has failed.",
        ),
        sa.Column(
            "category", sa.Text(), nullable=True, comment="Failure category of the last failure."
        ),
        sa.Column(
            "last_error",
            sa.Text(),
            nullable=True,
            comment="The last failure in one line, without secrets.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the receiver took it.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_outbox_kind_key")),
        comment="What is to be said outside the database, each message once.",
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["kind", "batch"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "wg21_paper_tracker_mailing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="YYYY-MM."),
        sa.Column(
            "title",
            sa.Text(),
            nullable=False,
            comment="As the index names it; else as its year's page does, else the key.",
        ),
        sa.Column("year", sa.BigInteger(), nullable=False, comment="Whose page it is on."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wg21_paper_tracker_mailing")),
        sa.UniqueConstraint("key", name=op.f("uq_wg21_paper_tracker_mailing_key")),
        comment="Mailings, as the index of papers names them.",
    )
    op.create_table(
        "wg21_paper_tracker_paper",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False, comment="In lower case, e.g. p1234r0."),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="P (proposal), N (document), SD (standing document) or D (draft of a P).",
        ),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="Its number, which all its revisions share.",
        ),
        sa.Column(
            "revision", sa.BigInteger(), nullable=True, comment="Empty where the kind has none."
        ),
        sa.Column(
            "title", sa.Text(), nullable=False, comment="Title; the paper's id where there is none."
        ),
        sa.Column(
            "authors_text", sa.Text(), nullable=False, comment="The authors as they are written."
        ),
        sa.Column(
            "document_date", sa.Date(), nullable=True, comment="Empty where it cannot be read."
        ),
        sa.Column(
            "mailing_date",
            sa.Text(),
            nullable=True,
            comment="YYYY-MM, as the paper's row says; its mailings are in _listing.",
        ),
        sa.Column(
            "previous_version",
            sa.Text(),
            nullable=True,
            comment="paper_id of the revision before, which need not be stored.",
        ),
        sa.Column(
            "subgroups", sa.ARRAY(sa.Text()), nullable=False, comment="In the order written."
        ),
        sa.Column(
            "disposition",
            sa.Text(),
            nullable=True,
            comment="What became of it, e.g. Adopted 2023-02.",
        ),
        sa.Column(
            "url",
            sa.Text(),
            nullable=True,
            comment="The file to read: adoc, html, ps, pdf, any other.",
        ),
        sa.Column(
            "is_from_page",
            sa.Boolean(),
            nullable=False,
            comment="Whether this is what a page says; else it comes from a file of metadata.",
        ),
        sa.Column(
            "described_in",
            sa.Text(),
            nullable=False,
            comment="Key of the mailing that this was last taken from: the newest one describes it.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the columns above, to see that nothing changed.",
        ),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found on no page any more; empty while it is on one.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wg21_paper_tracker_paper")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_wg21_paper_tracker_paper_paper_id")),
        comment="Papers, one row for each revision.",
    )
    op.create_index(
        op.f("ix_wg21_paper_tracker_paper_kind_number_revision"),
        "wg21_paper_tracker_paper",
        ["kind", "number", "revision"],
        unique=False,
    )
    op.create_table(
        "wg21_paper_tracker_author",
        sa.Column("paper_id", sa.BigInteger(), nullable=False, comment="The paper."),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="From 1, in the order written."
        ),
        sa.Column("profile_id", sa.BigInteger(), nullable=False, comment="Profile of the author."),
        sa.Column("name", sa.Text(), nullable=False, comment="The author's name on this paper."),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["wg21_paper_tracker_paper.id"],
            name=op.f("fk_wg21_paper_tracker_author_paper_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["identity_profile.id"],
            name=op.f("fk_wg21_paper_tracker_author_profile_id"),
        ),
        sa.PrimaryKeyConstraint("paper_id", "position", name=op.f("pk_wg21_paper_tracker_author")),
        comment="Authors of each paper, in order.",
    )
    op.create_index(
        op.f("ix_wg21_paper_tracker_author_profile_id"),
        "wg21_paper_tracker_author",
        ["profile_id"],
        unique=False,
    )
    op.create_table(
        "wg21_paper_tracker_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("paper_id", sa.BigInteger(), nullable=False, comment="The paper."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where it is."),
        sa.Column(
            "format", sa.Text(), nullable=False, comment="html, pdf, …: the end of its name."
        ),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When no row of the paper was first found to link to it.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["wg21_paper_tracker_paper.id"],
            name=op.f("fk_wg21_paper_tracker_file_paper_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wg21_paper_tracker_file")),
        sa.UniqueConstraint(
            "paper_id", "url", name=op.f("uq_wg21_paper_tracker_file_paper_id_url")
        ),
        comment="Files of each paper, one row for each format.",
    )
    op.create_table(
        "wg21_paper_tracker_listing",
        sa.Column("paper_id", sa.BigInteger(), nullable=False, comment="The paper."),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False, comment="The mailing."),
        sa.Column(
            "page_year", sa.BigInteger(), nullable=False, comment="Whose page the row is on."
        ),
        sa.Column(
            "urls", sa.ARRAY(sa.Text()), nullable=False, comment="Files that the row links to."
        ),
        sa.Column(
            "is_from_page",
            sa.Boolean(),
            nullable=False,
            comment="Whether a page says so; else a file of metadata does.",
        ),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the row was first found gone from the page.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["wg21_paper_tracker_mailing.id"],
            name=op.f("fk_wg21_paper_tracker_listing_mailing_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["wg21_paper_tracker_paper.id"],
            name=op.f("fk_wg21_paper_tracker_listing_paper_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "paper_id", "mailing_id", "page_year", name=op.f("pk_wg21_paper_tracker_listing")
        ),
        comment="Which paper is in which mailing; a paper may be in several.",
    )
    op.create_index(
        op.f("ix_wg21_paper_tracker_listing_mailing_id"),
        "wg21_paper_tracker_listing",
        ["mailing_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_wg21_paper_tracker_listing_page_year"),
        "wg21_paper_tracker_listing",
        ["page_year"],
        unique=False,
    )
    op.alter_column(
        "identity_profile",
        "platform",
        existing_type=sa.TEXT(),
        comment="github; git for people known by e-mail only, wg21 for those known by name only.",
        existing_comment="github, or git for people known by e-mail only.",
        existing_nullable=False,
    )
    op.alter_column(
        "identity_profile",
        "external_id",
        existing_type=sa.TEXT(),
        comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one; wg21: the name in lower case.",
        existing_comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one.",
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "identity_profile",
        "external_id",
        existing_type=sa.TEXT(),
        comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one.",
        existing_comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one; wg21: the name in lower case.",
        existing_nullable=False,
    )
    op.alter_column(
        "identity_profile",
        "platform",
        existing_type=sa.TEXT(),
        comment="github, or git for people known by e-mail only.",
        existing_comment="github; git for people known by e-mail only, wg21 for those known by name only.",
        existing_nullable=False,
    )
    op.drop_index(
        op.f("ix_wg21_paper_tracker_listing_page_year"), table_name="wg21_paper_tracker_listing"
    )
    op.drop_index(
        op.f("ix_wg21_paper_tracker_listing_mailing_id"), table_name="wg21_paper_tracker_listing"
    )
    op.drop_table("wg21_paper_tracker_listing")
    op.drop_table("wg21_paper_tracker_file")
    op.drop_index(
        op.f("ix_wg21_paper_tracker_author_profile_id"), table_name="wg21_paper_tracker_author"
    )
    op.drop_table("wg21_paper_tracker_author")
    op.drop_index(
        op.f("ix_wg21_paper_tracker_paper_kind_number_revision"),
        table_name="wg21_paper_tracker_paper",
    )
    op.drop_table("wg21_paper_tracker_paper")
    op.drop_table("wg21_paper_tracker_mailing")
    op.drop_index(
        "ix_outbox_waiting", table_name="outbox", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_table("outbox")
