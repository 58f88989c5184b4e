"""How accounts come to be what they are, in whatever order they are seen."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from services.database import Database
from services.identity.services import commit_person, store_people
from tests.services.identity.conftest import DAY, Identities, account, git, github


def test_an_organisation_or_a_bot_stays_one_whoever_sees_it_as_a_user(
    identities: Identities,
) -> None:
    """A collector that does not know what kind of account it sees says `user`."""
    sightings = [
        github(1, "boostorg", kind="organization", days=1),
        github(2, "helper", kind="bot", days=1),
        *(
            github(n, login, days=d)
            for n, login in [(1, "boostorg"), (2, "helper")]
            for d in (0, 2)
        ),
    ]
    for seed in range(4):
        random.Random(seed).shuffle(sightings)
        for sighting in sightings:
            identities.store(sighting)
        identities.store(*sightings)
        kinds = identities.rows("select account_type from identity_profile order by external_id")
        assert kinds == [("organization",), ("bot",)]
        identities.rows("delete from identity_profile returning id")


def test_a_bot_that_turns_out_to_be_an_organisation_is_one(identities: Identities) -> None:
    for kind in ("bot", "organization", "bot"):
        identities.store(github(1, "boostorg", kind=kind))
    assert identities.rows("select account_type from identity_profile") == [("organization",)]


def test_a_sender_without_an_address_is_one_account_not_one_for_each_message(
    identities: Identities,
) -> None:
    for _ in range(3):
        identities.store(commit_person("Ann Roe", "", DAY, scope="boost-users"))
    assert len(identities.rows("select id from identity_profile")) == 1


def test_one_address_under_two_spellings_of_a_name_is_one_account(identities: Identities) -> None:
    identities.store(git("ann@x.org", "Ann Roe"), git("ann@x.org", "A. Roe", days=1))
    assert identities.rows("select display_name from identity_profile") == [("A. Roe",)]
    names = identities.rows("select value from identity_profile_name order by value")
    assert names == [("A. Roe",), ("Ann Roe",)]


def test_a_renamed_login_is_the_same_account_and_its_history_is_kept(
    identities: Identities,
) -> None:
    identities.store(github(1, "new", days=5), github(1, "old", days=1), github(1, "old", days=3))
    assert identities.rows("select username from identity_profile") == [("new",)]
    history = (
        "select value, extract(day from last_seen_at)::int from identity_profile_name order by 2"
    )
    assert identities.rows(history) == [("old", 4), ("new", 6)]


def test_a_recycled_login_is_another_account(identities: Identities) -> None:
    identities.store(github(1, "ann"), github(2, "ann", days=9))
    assert len(identities.rows("select id from identity_profile")) == 2


def test_a_sighting_without_a_name_leaves_the_name(identities: Identities) -> None:
    """GitHub's lists of issues show logins, its commits show names."""
    sightings = [github(1, "ann", days=9), github(1, "ann", "Ann Roe", days=1), github(1, "ann")]
    for seed in range(4):
        random.Random(seed).shuffle(sightings)
        for sighting in sightings:
            identities.store(sighting)
        stored = "select display_name, username, observed_at - named_at from identity_profile"
        assert [row[:2] for row in identities.rows(stored)] == [("Ann Roe", "ann")]
        identities.rows("delete from identity_profile returning id")


def test_a_login_that_was_unknown_is_taken_from_an_older_sighting(identities: Identities) -> None:
    identities.store(account("slack", "T:U", None, "Ann Roe", days=2))
    identities.store(account("slack", "T:U", "ann", "Ann Roe", days=1))
    identities.store(account("slack", "T:U", None, "Ann Roe", days=3))
    assert identities.rows("select username from identity_profile") == [("ann",)]


@pytest.mark.parametrize("name", ["", "   ", "\0"])
def test_blank_is_stored_as_empty_never_as_null(identities: Identities, name: str) -> None:
    identities.store(git("ann@x.org", name))
    assert identities.rows("select display_name, named_at from identity_profile") == [("", None)]


def test_space_around_a_name_is_no_part_of_it(identities: Identities) -> None:
    identities.store(github(1, " ann ", "  Ann Roe\n"))
    stored = identities.rows("select username, display_name from identity_profile")
    assert stored == [("ann", "Ann Roe")]


def test_addresses_of_an_account_are_kept_once_with_the_newest_time(identities: Identities) -> None:
    for days, email in enumerate(["a@x.org", "b@x.org", "a@x.org"]):
        identities.store(github(1, "ann", email=email, days=days))
    kept = """
        select e.address, extract(day from l.last_seen_at)::int from identity_profile_email l
        join identity_email e on e.id = l.email_id order by 1
    """
    assert identities.rows(kept) == [("a@x.org", 3), ("b@x.org", 2)]


def test_the_same_sightings_again_write_no_row_of_any_table(identities: Identities) -> None:
    seen = [github(1, "ann", "Ann Roe", email="ann@x.org"), github(1, "ann"), git("bob@x.org")]
    identities.known(*seen)
    before = identities.versions()
    identities.store(*seen)
    identities.store(*seen[:1])
    assert identities.versions() == before
    assert identities.store() == {}


def test_two_workers_that_see_the_same_people_at_once_store_each_once(database: Database) -> None:
    people = [
        *(github(number, f"u{number}", email=f"u{number}@x.org") for number in range(40)),
        commit_person("root", "", DAY, scope="o/r"),
    ]
    start = Barrier(2)

    def work(order: int) -> dict[tuple[str, str], int]:
        with database.transaction() as session:
            session.execute(text("select 1"))
            start.wait(timeout=30)
            return store_people(session, people[::order])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, [1, -1])
    assert first == second
    assert len(first) == len(people)


def test_a_thousand_people_cost_as_many_statements_as_ten(identities: Identities) -> None:
    with identities.database.transaction() as session:
        session.execute(text("create extension if not exists pg_stat_statements"))
    counts = []
    for number in (10, 1000):
        people = [github(n, f"u{n}", f"U Number{n}", email=f"u{n}@x.org") for n in range(number)]
        identities.rows("select pg_stat_statements_reset() is null")
        identities.store(*people)
        calls = """
            select sum(calls)::int from pg_stat_statements s join pg_database d on d.oid = s.dbid
            where d.datname = current_database() and query not like '%pg_stat_statements%'
        """
        counts += identities.rows(calls)
    assert counts[0] == counts[1]
    assert counts[0][0] < 20
