"""Who a commit's signature stands for, and how sightings become profiles."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from services.database import Database
from services.identity.models import EmailAddress, Profile, ProfileEmail
from services.identity.services import Person, commit_person, store_people

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def person(
    name: str = "Ann", email: str = "ann@example.org", days: int = 0, scope: str = "o/r"
) -> Person:
    return commit_person(name, email, DAY + timedelta(days=days), scope=scope)


def store(database: Database, *people: Person) -> dict[tuple[str, str], int]:
    with database.transaction() as session:
        return store_people(session, people)


def profiles(database: Database) -> list[Any]:
    columns = (Profile.platform, Profile.external_id, Profile.username, Profile.display_name)
    with database.transaction() as session:
        return list(session.execute(select(*columns).order_by(*columns[:2])).all())


@pytest.mark.parametrize(
    ("email", "platform", "external_id", "username", "kind"),
    [
        ("12345+Octo-Cat@users.noreply.github.com", "github", "12345", "Octo-Cat", "user"),
        ("Octo-Cat@users.noreply.github.com", "github", "login:octo-cat", "Octo-Cat", "user"),
        (
            "41898282+github-actions[bot]@users.noreply.github.com",
            "github",
            "41898282",
            "github-actions[bot]",
            "bot",
        ),
        ("Ann@Example.ORG ", "git", "ann@example.org", None, "user"),
        ("noreply@github.com", "git", "noreply@github.com", None, "user"),
    ],
)
def test_an_address_says_whose_account_it_is(
    email: str, platform: str, external_id: str, username: str | None, kind: str
) -> None:
    found = person(email=email)
    assert (found.platform, found.external_id, found.username, found.account_type) == (
        platform,
        external_id,
        username,
        kind,
    )


@pytest.mark.parametrize("email", ["", "root", "@", "none", "x" * 400 + "@example.org"])
def test_namesakes_without_an_address_stay_apart_between_repositories(email: str) -> None:
    here, there = person("root", email, scope="a/a"), person("root", email, scope="b/b")
    assert here.key != there.key
    assert here.key == person("root", email, scope="a/a").key
    assert here.email is None


def test_two_people_of_one_name_are_two_profiles(database: Database) -> None:
    store(database, person("John Smith", "a@x.org"), person("John Smith", "b@x.org"))
    assert len(profiles(database)) == 2


def test_the_newest_sighting_names_the_profile_whatever_the_order(database: Database) -> None:
    sightings = [person(f"Ann {day}", days=day) for day in range(20)]
    random.Random(7).shuffle(sightings)
    for chunk in (sightings[:5], sightings[5:12], sightings[12:]):
        store(database, *chunk)
    assert profiles(database) == [("git", "ann@example.org", None, "Ann 19")]


def test_two_names_at_the_same_time_settle_and_stay(database: Database) -> None:
    store(database, person("B"), person("A"))
    store(database, person("A"))
    assert profiles(database)[0].display_name == "B"


def test_the_same_sightings_again_write_nothing(database: Database) -> None:
    people = [person(email=f"p{number}@example.org") for number in range(10)]
    ids = store(database, *people)
    with database.transaction() as session:
        before = session.execute(text("select xmin, ctid from identity_profile order by id")).all()
    assert store(database, *people) == ids
    with database.transaction() as session:
        assert (
            session.execute(text("select xmin, ctid from identity_profile order by id")).all()
            == before
        )


def test_addresses_are_kept_once_and_linked(database: Database) -> None:
    store(database, person(), person("Ann", "ANN@example.org", 1), person("Bob", "", 1))
    with database.transaction() as session:
        assert session.scalars(select(EmailAddress.address)).all() == ["ann@example.org"]
        assert session.scalar(select(func.count()).select_from(ProfileEmail)) == 1


def test_a_name_that_cannot_be_stored_is_cleaned(database: Database) -> None:
    store(database, person("A\0nn\ud800", "a\0nn@example.org"))
    assert profiles(database) == [("git", "ann@example.org", None, "Ann")]
