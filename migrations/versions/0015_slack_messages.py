"""slack messages

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "cppa_slack_tracker_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False, comment="Slack's id of the team, T…."),
        sa.Column("event_id", sa.Text(), nullable=False, comment="Slack's id of the event, Ev…."),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="Its type, as message or reaction_added."
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="The event as it came; emptied once it is drained.",
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was stored.",
        ),
        sa.Column(
            "drained_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a run has acted on it; empty while it waits.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_event")),
        sa.UniqueConstraint(
            "team_id", "event_id", name=op.f("uq_cppa_slack_tracker_event_team_id_event_id")
        ),
        comment="Events that Slack has sent, once each.",
    )
    op.create_index(
        "ix_cppa_slack_tracker_event_waiting",
        "cppa_slack_tracker_event",
        ["team_id", "id"],
        unique=False,
        postgresql_where=sa.text("drained_at is null"),
    )
    op.create_table(
        "cppa_slack_tracker_team",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False, comment="Slack's id, T…."),
        sa.Column("name", sa.Text(), nullable=False, comment="Its name, as last seen."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where people open it."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_team")),
        sa.UniqueConstraint("team_id", name=op.f("uq_cppa_slack_tracker_team_team_id")),
        comment="Slack teams.",
    )
    op.create_table(
        "cppa_slack_tracker_channel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False, comment="The team."),
        sa.Column(
            "channel_id",
            sa.Text(),
            nullable=False,
            comment="Slack's id, C…, which survives renaming.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Its name, as last seen."),
        sa.Column("kind", sa.Text(), nullable=False, comment="public_channel or private_channel."),
        sa.Column("topic", sa.Text(), nullable=False, comment="What it is about now."),
        sa.Column("purpose", sa.Text(), nullable=False, comment="What it is for."),
        sa.Column("creator", sa.Text(), nullable=True, comment="Slack's id of who opened it."),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=True, comment="When it was opened."
        ),
        sa.Column(
            "is_archived", sa.Boolean(), nullable=False, comment="Whether it is closed for writing."
        ),
        sa.Column(
            "is_member", sa.Boolean(), nullable=False, comment="Whether our own account is in it."
        ),
        sa.Column("member_count", sa.BigInteger(), nullable=True, comment="How many are in it."),
        sa.Column(
            "is_selected",
            sa.Boolean(),
            nullable=False,
            comment="Whether the settings want it to be read.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what Slack says, to see that nothing changed.",
        ),
        sa.Column(
            "members_read",
            sa.Text(),
            nullable=True,
            comment="What was known of joining and leaving when the members were last listed.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default="new",
            nullable=False,
            comment="new, read, or why it is not: not_in_channel, is_archived, channel_not_found; gone when Slack no longer lists it.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["cppa_slack_tracker_team.id"],
            name=op.f("fk_cppa_slack_tracker_channel_team_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_channel")),
        sa.UniqueConstraint(
            "team_id", "channel_id", name=op.f("uq_cppa_slack_tracker_channel_team_id_channel_id")
        ),
        comment="Channels of each team, also those that are not read.",
    )
    op.create_table(
        "cppa_slack_tracker_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False, comment="The team."),
        sa.Column("file_id", sa.Text(), nullable=False, comment="Slack's id, F…."),
        sa.Column("name", sa.Text(), nullable=True, comment="File name."),
        sa.Column("title", sa.Text(), nullable=True, comment="Title."),
        sa.Column("mimetype", sa.Text(), nullable=True, comment="As text/plain."),
        sa.Column("filetype", sa.Text(), nullable=True, comment="Slack's short name of the type."),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="Bytes."),
        sa.Column("user", sa.Text(), nullable=True, comment="Slack's id of who uploaded it."),
        sa.Column(
            "url", sa.Text(), nullable=True, comment="Where its content is, for those with a token."
        ),
        sa.Column("permalink", sa.Text(), nullable=True, comment="Where people see it."),
        sa.Column(
            "uploaded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was uploaded.",
        ),
        sa.Column(
            "is_deleted", sa.Boolean(), nullable=False, comment="Whether Slack no longer shows it."
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what Slack says, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["cppa_slack_tracker_team.id"],
            name=op.f("fk_cppa_slack_tracker_file_team_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_file")),
        sa.UniqueConstraint(
            "team_id", "file_id", name=op.f("uq_cppa_slack_tracker_file_team_id_file_id")
        ),
        comment="What is known of files, which stay at Slack.",
    )
    op.create_table(
        "cppa_slack_tracker_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False, comment="The team."),
        sa.Column("user_id", sa.Text(), nullable=False, comment="Slack's id, U… or W…."),
        sa.Column("profile_id", sa.BigInteger(), nullable=False, comment="The person's profile."),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="Account name; the id of one that is unknown.",
        ),
        sa.Column(
            "display_name", sa.Text(), nullable=False, comment="What the user wants to be called."
        ),
        sa.Column("real_name", sa.Text(), nullable=True, comment="Full name."),
        sa.Column("title", sa.Text(), nullable=True, comment="What the user does."),
        sa.Column("time_zone", sa.Text(), nullable=True, comment="As Europe/Berlin."),
        sa.Column("is_bot", sa.Boolean(), nullable=False, comment="Whether a program writes."),
        sa.Column(
            "is_guest", sa.Boolean(), nullable=False, comment="Whether limited to some channels."
        ),
        sa.Column(
            "is_deleted", sa.Boolean(), nullable=False, comment="Whether the account was closed."
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Last change, as Slack says.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what Slack says, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["identity_profile.id"],
            name=op.f("fk_cppa_slack_tracker_user_profile_id"),
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["cppa_slack_tracker_team.id"],
            name=op.f("fk_cppa_slack_tracker_user_team_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_user")),
        sa.UniqueConstraint(
            "team_id", "user_id", name=op.f("uq_cppa_slack_tracker_user_team_id_user_id")
        ),
        comment="Users and bots of each team, and strangers who wrote in shared channels.",
    )
    op.create_index(
        op.f("ix_cppa_slack_tracker_user_profile_id"),
        "cppa_slack_tracker_user",
        ["profile_id"],
        unique=False,
    )
    op.create_table(
        "cppa_slack_tracker_membership",
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="The channel."),
        sa.Column("user", sa.Text(), nullable=False, comment="Slack's id of the member."),
        sa.Column(
            "left_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the member was first found gone; empty while in the channel.",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["cppa_slack_tracker_channel.id"],
            name=op.f("fk_cppa_slack_tracker_membership_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "channel_id", "user", name=op.f("pk_cppa_slack_tracker_membership")
        ),
        comment="Members of each channel; those who left stay, marked.",
    )
    op.create_table(
        "cppa_slack_tracker_membership_change",
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="The channel."),
        sa.Column("user", sa.Text(), nullable=False, comment="Slack's id of who it was."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, as a message says; else when the list first showed it.",
        ),
        sa.Column("has_joined", sa.Boolean(), nullable=False, comment="Whether joined; else left."),
        sa.Column("ts", sa.Text(), nullable=True, comment="The message that says so."),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["cppa_slack_tracker_channel.id"],
            name=op.f("fk_cppa_slack_tracker_membership_change_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "channel_id", "user", "at", name=op.f("pk_cppa_slack_tracker_membership_change")
        ),
        comment="Who joined and left each channel, in order.",
    )
    op.create_table(
        "cppa_slack_tracker_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="The channel."),
        sa.Column(
            "ts",
            sa.Text(),
            nullable=False,
            comment="Slack's id within the channel, 1700000000.000100.",
        ),
        sa.Column(
            "thread_ts",
            sa.Text(),
            nullable=True,
            comment="ts of the message that the thread begins with, itself included.",
        ),
        sa.Column(
            "posted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The time that ts says.",
        ),
        sa.Column(
            "user_id", sa.BigInteger(), nullable=True, comment="Who wrote it; empty for some bots."
        ),
        sa.Column("bot_id", sa.Text(), nullable=True, comment="Slack's id of the bot, B…."),
        sa.Column("author_name", sa.Text(), nullable=True, comment="Name that a bot wrote under."),
        sa.Column("subtype", sa.Text(), nullable=True, comment="Empty for what people write."),
        sa.Column("text", sa.Text(), nullable=False, comment="Plain text, attachments included."),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True, comment="Last edit."),
        sa.Column(
            "is_in_channel",
            sa.Boolean(),
            nullable=False,
            comment="False for what is in a thread only.",
        ),
        sa.Column("permalink", sa.Text(), nullable=False, comment="Where to read it."),
        sa.Column(
            "reactions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Emoji as they are now: name, count, users (of many not all are named).",
        ),
        sa.Column(
            "file_ids", sa.ARRAY(sa.Text()), nullable=False, comment="Files it shows, as in _file."
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="As Slack sent it, blocks included; without what other columns hold.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first found deleted at Slack.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what Slack says, to see that nothing changed.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first stored.",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["cppa_slack_tracker_channel.id"],
            name=op.f("fk_cppa_slack_tracker_message_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["cppa_slack_tracker_user.id"],
            name=op.f("fk_cppa_slack_tracker_message_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cppa_slack_tracker_message")),
        sa.UniqueConstraint(
            "channel_id", "ts", name=op.f("uq_cppa_slack_tracker_message_channel_id_ts")
        ),
        comment="Messages as they are now; those that were deleted stay, marked.",
    )
    op.create_index(
        op.f("ix_cppa_slack_tracker_message_channel_id_thread_ts"),
        "cppa_slack_tracker_message",
        ["channel_id", "thread_ts"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cppa_slack_tracker_message_posted_at"),
        "cppa_slack_tracker_message",
        ["posted_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cppa_slack_tracker_message_user_id"),
        "cppa_slack_tracker_message",
        ["user_id"],
        unique=False,
    )
    op.create_table(
        "cppa_slack_tracker_thread",
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="The channel."),
        sa.Column(
            "thread_ts",
            sa.Text(),
            nullable=False,
            comment="ts of the message that the thread begins with.",
        ),
        sa.Column(
            "reply_count",
            sa.BigInteger(),
            nullable=False,
            comment="How many replies Slack last spoke of.",
        ),
        sa.Column("latest_reply", sa.Text(), nullable=True, comment="ts of the newest of them."),
        sa.Column("told", sa.Text(), nullable=False, comment="Both of them, as one mark."),
        sa.Column(
            "read",
            sa.Text(),
            nullable=True,
            comment="The mark that the replies were last read at; empty before they are all stored.",
        ),
        sa.Column(
            "is_due",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether an event asks to read it again.",
        ),
        sa.Column(
            "read_until",
            sa.Text(),
            nullable=True,
            comment="ts up to which all replies are stored, from the oldest on.",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["cppa_slack_tracker_channel.id"],
            name=op.f("fk_cppa_slack_tracker_thread_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "channel_id", "thread_ts", name=op.f("pk_cppa_slack_tracker_thread")
        ),
        comment="Threads, and how far their replies are stored.",
    )
    op.create_index(
        "ix_cppa_slack_tracker_thread_due",
        "cppa_slack_tracker_thread",
        ["channel_id"],
        unique=False,
        postgresql_where=sa.text("is_due or told is distinct from read"),
    )


def downgrade() -> None:

    op.drop_index(
        "ix_cppa_slack_tracker_thread_due",
        table_name="cppa_slack_tracker_thread",
        postgresql_where=sa.text("is_due or told is distinct from read"),
    )
    op.drop_table("cppa_slack_tracker_thread")
    op.drop_index(
        op.f("ix_cppa_slack_tracker_message_user_id"), table_name="cppa_slack_tracker_message"
    )
    op.drop_index(
        op.f("ix_cppa_slack_tracker_message_posted_at"), table_name="cppa_slack_tracker_message"
    )
    op.drop_index(
        op.f("ix_cppa_slack_tracker_message_channel_id_thread_ts"),
        table_name="cppa_slack_tracker_message",
    )
    op.drop_table("cppa_slack_tracker_message")
    op.drop_table("cppa_slack_tracker_membership_change")
    op.drop_table("cppa_slack_tracker_membership")
    op.drop_index(
        op.f("ix_cppa_slack_tracker_user_profile_id"), table_name="cppa_slack_tracker_user"
    )
    op.drop_table("cppa_slack_tracker_user")
    op.drop_table("cppa_slack_tracker_file")
    op.drop_table("cppa_slack_tracker_channel")
    op.drop_table("cppa_slack_tracker_team")
    op.drop_index(
        "ix_cppa_slack_tracker_event_waiting",
        table_name="cppa_slack_tracker_event",
        postgresql_where=sa.text("drained_at is null"),
    )
    op.drop_table("cppa_slack_tracker_event")
