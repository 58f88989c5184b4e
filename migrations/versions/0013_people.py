"""People, their accounts, and the decisions about whose accounts are whose

Revision: 0013, after 0012
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What was stored before: names and logins as their first history, addresses without those of roles.
FILL = """
update identity_profile set named_at = observed_at
where display_name <> '' and display_name is distinct from username;

insert into identity_profile_name (profile_id, kind, value, match_key, last_seen_at)
select id, 'name', display_name,
    case when key ~ '^[^ @]{2,} .*[^ @]{2,}$' and key not in ('unknown user', 'no author', 'root user',
        'your name', 'john doe', 'jane doe') then key end,
    named_at
from (
    select *, btrim(regexp_replace(lower(translate(display_name, '.,', '  ')), '\\s+', ' ', 'g')) as key
    from identity_profile where named_at is not null
) named
union all
select id, 'login', username, lower(username), observed_at
from identity_profile where username is not null;

update identity_email set mailbox = regexp_replace(address, '\\+[^@]*@', '@')
where address !~ '@(users\\.)?noreply\\.github\\.com$'
    and address !~ '^(no-?reply|noreply|root|admin|administrator|info|support|webmaster|postmaster|git|svn|build|builds|bot|ci|jenkins|dev|devel|team|contact|nobody|unknown|none|user|test)(\\+[^@]*)?@'
    and address !~ '@(.*\\.)?(lists?|googlegroups|yahoogroups|groups)\\.'
    and address ~ '@.*\\.'
    and address !~ '(\\.|@)(localhost|localdomain|local|lan|internal|\\(none\\))$';
"""


def _when(name: str, comment: str, *, now: bool = False) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=default, nullable=not now, comment=comment
    )


def _number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _text(name: str, comment: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=optional, comment=comment)


def _reference(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def _key(table: str, column: str, target: str, *, cascades: bool = True) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}"),
        ondelete="CASCADE" if cascades else None,
    )


def upgrade() -> None:
    for column in (
        _when(
            "named_at",
            "Time, at the source, of what the name was last taken from; empty: no name was seen.",
        ),
        _when(
            "examined_at",
            "When it was last compared with the other accounts; empty: not since it has changed.",
        ),
    ):
        op.add_column("identity_profile", column)
    for column_name, comment in (
        (
            "platform",
            "github, slack; git for people known by e-mail only, wg21 for those known by name only.",
        ),
        (
            "display_name",
            "Name of the account, as last seen; its login as long as no name was seen.",
        ),
        (
            "account_type",
            "user, bot or organization; what was once seen as one of the latter stays it.",
        ),
        ("observed_at", "Time, at the source, of what the login was last taken from."),
    ):
        op.alter_column("identity_profile", column_name, comment=comment)
    op.create_index(
        "ix_identity_profile_unexamined",
        "identity_profile",
        ["id"],
        postgresql_where=sa.text("examined_at is null"),
    )
    op.add_column(
        "identity_email",
        _text(
            "mailbox",
            "Whose post it is: the address without +tag; empty for lists, roles and noreply.",
            optional=True,
        ),
    )
    op.create_index(op.f("ix_identity_email_mailbox"), "identity_email", ["mailbox"])
    op.add_column(
        "identity_profile_email",
        _when("last_seen_at", "Newest time, at the source, that the account was seen with it."),
    )
    _create_names()
    _create_people()
    _create_matches()
    _create_decisions()
    op.execute(FILL)


def _create_names() -> None:
    table = "identity_profile_name"
    op.create_table(
        table,
        _reference("profile_id", "The account."),
        _text("kind", "name or login."),
        _text("value", "The name or the login."),
        _text(
            "match_key",
            "What it is compared by: without case, dots and spare space; "
            "empty where it says nothing about who somebody is.",
            optional=True,
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Newest time, at the source, that the account was seen with it.",
        ),
        _key(table, "profile_id", "identity_profile"),
        sa.PrimaryKeyConstraint("profile_id", "kind", "value", name=op.f(f"pk_{table}")),
        comment="Names and logins that an account has, or has had.",
    )
    op.create_index(
        "ix_identity_profile_name_match_key",
        table,
        ["kind", "match_key"],
        postgresql_where=sa.text("match_key is not null"),
    )


def _create_people() -> None:
    op.create_table(
        "identity_person",
        _number(),
        _text("display_name", "The fullest name of the person's accounts."),
        _when("created_at", "When the row was first stored.", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_person")),
        comment="People: whoever is behind one account or several.",
    )
    table = "identity_link"
    op.create_table(
        table,
        _reference("profile_id", "The account."),
        _reference("person_id", "The person."),
        _text(
            "source",
            "Why: account (nothing else is known of it), shared_email, noreply_login, rare_exact_name or manual.",
        ),
        sa.Column(
            "confidence", sa.Float(), nullable=False, comment="0 to 1; 1: a person has said so."
        ),
        _when("linked_at", "When it came to be so.", now=True),
        _key(table, "profile_id", "identity_profile"),
        _key(table, "person_id", "identity_person", cascades=False),
        sa.PrimaryKeyConstraint("profile_id", name=op.f(f"pk_{table}")),
        comment="Whose an account is: one person; organisations and bots are nobody's.",
    )
    op.create_index(op.f("ix_identity_link_person_id"), table, ["person_id"])


def _create_matches() -> None:
    table = "identity_match"
    op.create_table(
        table,
        _number(),
        _reference("profile_id", "One of the accounts."),
        _reference("other_id", "The other."),
        _text(
            "source",
            "What speaks for it most: shared_email, noreply_login, rare_exact_name or manual.",
        ),
        sa.Column("confidence", sa.Float(), nullable=False, comment="How much, 0 to 1."),
        _text("evidence", "All that speaks for it, in words."),
        _text(
            "status", "proposed, confirmed or rejected; a rejected pair is never proposed again."
        ),
        _when("created_at", "When it was first proposed.", now=True),
        _when("decided_at", "When somebody decided it."),
        sa.CheckConstraint("profile_id < other_id", name=op.f("ck_identity_match_order")),
        _key(table, "profile_id", "identity_profile"),
        _key(table, "other_id", "identity_profile"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("profile_id", "other_id", name=op.f(f"uq_{table}_profile_id_other_id")),
        comment="Pairs of accounts that may be, are, or are not one person's.",
    )
    op.create_index("ix_identity_match_status", table, ["status", "confidence"])
    op.create_index(op.f("ix_identity_match_other_id"), table, ["other_id"])


def _create_decisions() -> None:
    table = "identity_decision"
    op.create_table(
        table,
        _number(),
        _text(
            "action",
            "confirm, reject, merge, split, undo, or release (of what turned out to be no person).",
        ),
        _text("subject", "What it was about, in words."),
        _text("decided_by", "Who decided it."),
        _text("reason", "Why, in the decider's words; may be empty."),
        sa.Column(
            "before",
            postgresql.JSONB(),
            nullable=False,
            comment="Links and matches of the accounts concerned, as they were.",
        ),
        sa.Column(
            "after", postgresql.JSONB(), nullable=False, comment="The same, as they were left."
        ),
        sa.Column(
            "undoes_id",
            sa.BigInteger(),
            nullable=True,
            comment="The decision that this one took back.",
        ),
        _when("decided_at", "When.", now=True),
        _key(table, "undoes_id", table, cascades=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("undoes_id", name=op.f(f"uq_{table}_undoes_id")),
        comment="Every decision about whose accounts are whose.",
    )


def downgrade() -> None:
    for table in ("decision", "match", "link", "person", "profile_name"):
        op.drop_table(f"identity_{table}")
    op.drop_column("identity_profile_email", "last_seen_at")
    op.drop_column("identity_email", "mailbox")
    op.drop_column("identity_profile", "examined_at")
    op.drop_column("identity_profile", "named_at")
