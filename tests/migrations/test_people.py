"""What was stored before there were people is examined like what comes later."""

from sqlalchemy import text

import migrations
from deployments.local.postgres import EmbeddedPostgres
from services.database import open_database

BEFORE = "0012"


def test_names_logins_and_mailboxes_of_before_are_there(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_database("people_before")
    url = postgres.url("people_before")
    migrations.upgrade(url, BEFORE)
    database = open_database(url, application_name="test")
    with database.transaction() as session:
        session.execute(
            text(
                """
                insert into identity_profile
                    (platform, external_id, username, display_name, account_type, observed_at)
                values ('github', '1', 'Ann', 'Ann  Q. Roe', 'user', '2026-01-01'),
                    ('github', '2', 'bob', 'bob', 'user', '2026-01-01'),
                    ('git', 'root@x.org', null, 'root', 'user', '2026-01-01'),
                    ('git', 'x', null, '', 'user', '2026-01-01');
                insert into identity_email (address) values ('ann+x@x.org'), ('info@x.org'),
                    ('1+a@users.noreply.github.com'), ('boost@lists.boost.org'), ('a@laptop');
                """
            )
        )
    migrations.upgrade(url)
    with database.transaction() as session:
        names = "select kind, value, match_key from identity_profile_name order by 1, 2"
        assert [tuple(row) for row in session.execute(text(names))] == [
            ("login", "Ann", "ann"),
            ("login", "bob", "bob"),
            ("name", "Ann  Q. Roe", "ann q roe"),
            ("name", "root", None),
        ]
        boxes = "select mailbox from identity_email where mailbox is not null"
        assert session.scalars(text(boxes)).all() == ["ann@x.org"]
        unexamined = "select count(*) from identity_profile where examined_at is null"
        assert session.scalar(text(unexamined)) == 4
    database.close()
