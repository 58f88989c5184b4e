"""What is proposed, what never is, and when a proposal goes away again."""

import random
from typing import Any

import pytest

from services.identity.services import commit_person, paper_author
from tests.services.identity.conftest import DAY, Identities, account, git, github

SLACK_ANN = account("slack", "T:U1", "ann", "Ann R.", email="ann@x.org")


def test_a_shared_mailbox_is_proposed_whatever_the_names(identities: Identities) -> None:
    identities.known(git("ann@x.org", "A"), SLACK_ANN, git("ann+boost@x.org", "Somebody Else"))
    accounts = {frozenset((m.account, m.other)) for m in identities.matches()}
    assert accounts == {
        frozenset(("git:ann@x.org", "slack:@ann (T:U1)")),
        frozenset(("git:ann@x.org", "git:ann+boost@x.org")),
        frozenset(("slack:@ann (T:U1)", "git:ann+boost@x.org")),
    }
    assert {(m.source, m.confidence) for m in identities.matches()} == {("shared_email", 0.9)}
    assert identities.matches()[0].evidence == "both use the mailbox ann@x.org"


@pytest.mark.parametrize("address", ["boost@lists.boost.org", "info@x.org", "noreply@github.com"])
def test_an_address_of_many_proves_nothing(identities: Identities, address: str) -> None:
    identities.known(
        github(1, "ann", email=address), account("slack", "T:U", "bob", "Bob", email=address)
    )
    assert identities.proposed() == []


def test_a_mailbox_that_too_many_use_is_no_mailbox(identities: Identities) -> None:
    identities.known(*(github(n, f"u{n}", email="office7@x.org") for n in range(5)))
    assert len(identities.proposed()) == 10
    identities.known(github(9, "u9", email="office7@x.org"))
    assert identities.proposed() == []
    identities.examine_again(shared=6)
    assert len(identities.proposed()) == 15


def test_a_login_in_a_noreply_address_is_proposed_for_the_account_that_has_had_it(
    identities: Identities,
) -> None:
    old = commit_person("Octo", "Octo-Cat@users.noreply.github.com", DAY, scope="o/r")
    identities.known(old, github(583231, "octo-cat"), github(583231, "renamed", days=9))
    (match,) = identities.matches()
    assert (match.source, match.confidence) == ("noreply_login", 0.95)
    assert {match.account, match.other} == {
        "github:@Octo-Cat (login:octo-cat)",
        "github:@renamed (583231)",
    }
    assert "octo-cat" in match.evidence


def test_a_recycled_login_proves_nothing(identities: Identities) -> None:
    old = commit_person("Octo", "octo@users.noreply.github.com", DAY, scope="o/r")
    identities.known(old, github(1, "octo"))
    assert len(identities.proposed()) == 1
    identities.known(github(1, "moved", days=1), github(2, "octo", days=2))
    assert identities.proposed() == []


def test_a_rare_name_is_proposed_and_never_more_than_that(identities: Identities) -> None:
    """Two people may share any name: nobody is merged by it."""
    identities.known(git("ann@x.org", "Ann Roe"), paper_author("ann  roe.", DAY))
    (match,) = identities.matches()
    assert (match.source, match.confidence, match.status) == ("rare_exact_name", 0.6, "proposed")
    assert identities.people() == [["git:ann@x.org"], ["wg21:ann roe"]]


def test_namesakes_on_github_are_less_likely_one_person(identities: Identities) -> None:
    identities.known(github(1, "ann", "Ann Roe"), github(2, "roe", "Ann Roe"))
    assert [match.confidence for match in identities.matches()] == [0.3]


def test_a_name_that_more_people_turn_out_to_have_is_no_longer_rare(identities: Identities) -> None:
    people = [git(f"{n}@x{n}.org", "John Smith") for n in range(4)]
    identities.known(*people[:2])
    assert [match.confidence for match in identities.matches()] == [0.6]
    identities.known(people[2])
    assert [match.confidence for match in identities.matches()] == [0.4] * 3
    identities.known(people[3])
    assert identities.matches() == []


@pytest.mark.parametrize("name", ["unknown", "root", "John Doe", "Your Name", "Ann"])
def test_everybody_called_unknown_or_root_is_never_proposed(
    identities: Identities, name: str
) -> None:
    identities.known(git("a@x.org", name), commit_person(name, "", DAY, scope="o/r"))
    assert identities.proposed() == []


def test_a_former_name_counts(identities: Identities) -> None:
    identities.known(
        git("ann@x.org", "Ann Roe"),
        git("ann@x.org", "Ann Doe-Roe", days=3),
        github(1, "a", "Ann Roe"),
    )
    assert [source for *_, source in identities.proposed()] == ["rare_exact_name"]


def test_organisations_and_bots_are_nobodys_and_never_proposed(identities: Identities) -> None:
    identities.known(
        git("ann@x.org", "Boost Organisation"),
        github(1, "org", "Boost Organisation", kind="organization", email="ann@x.org"),
        github(2, "bot", "Boost Organisation", kind="bot", email="ann@x.org"),
    )
    assert identities.proposed() == []
    assert identities.people() == [["git:ann@x.org"]]


def test_what_turns_out_to_be_an_organisation_is_nobodys_any_more_and_that_is_on_record(
    identities: Identities,
) -> None:
    identities.known(github(1, "org", "Boost Org", email="a@x.org"), git("a@x.org", "Ann"))
    identities.confirm()
    identities.known(
        git("b@x.org", "Boost Org"), github(1, "org", "Boost Org", kind="organization", days=-9)
    )
    assert identities.people() == [["git:a@x.org"], ["git:b@x.org"]]
    assert identities.proposed() == []
    record = "select action, subject, decided_by from identity_decision order by id desc limit 1"
    assert identities.rows(record) == [
        ("release", "github:1 is no person: organization", "cppa_user_tracker")
    ]


def test_the_best_evidence_for_two_people_is_what_is_proposed(identities: Identities) -> None:
    identities.known(git("ann@x.org", "Ann Roe"), github(1, "ann", "Ann Roe"))
    assert [source for *_, source in identities.proposed()] == ["rare_exact_name"]
    identities.known(github(1, "ann", email="ann@x.org"))
    (match,) = identities.matches()
    assert match.source == "shared_email"
    assert match.evidence == (
        "both are called ann roe, as are 2 people in all; both use the mailbox ann@x.org"
    )


def test_a_second_run_writes_nothing_even_when_it_examines_everything(
    identities: Identities,
) -> None:
    identities.known(*_crowd())
    before = identities.versions()
    assert identities.examine().accounts == 0
    assert identities.versions() == before
    again = identities.examine_again()
    assert again.accounts == len(identities.rows("select id from identity_profile"))
    assert sum(w.inserted + w.updated for w in again.tables.values()) == 0
    del before["identity_profile"]
    assert {name: identities.versions()[name] for name in before} == before


def test_the_outcome_does_not_depend_on_the_order_or_on_how_much_is_examined_at_once(
    identities: Identities,
) -> None:
    identities.known(*_crowd())
    wanted = identities.rows(PAIRS)
    assert len(wanted) > 20
    for seed, most in ((1, 1), (2, 7)):
        identities.rows("delete from identity_match returning 1")
        identities.rows("delete from identity_link returning 1")
        identities.rows("delete from identity_profile returning 1")
        people = _crowd()
        random.Random(seed).shuffle(people)
        for start in range(0, len(people), 30):
            identities.store(*people[start : start + 30])
            while identities.examine(most=most).accounts:
                pass
        assert identities.rows(PAIRS) == wanted


def test_only_what_has_changed_is_examined(identities: Identities) -> None:
    identities.known(*_crowd())
    identities.store(github(1, "u1", days=20), git("new@x.org", "New Person"))
    assert identities.examine().accounts == 1
    identities.store(github(1, "u1", "Another Name", days=21))
    assert identities.examine().accounts == 1
    identities.store(github(1, "u1", email="another@x.org", days=21))
    assert identities.examine().accounts == 1
    assert identities.examine().accounts == 0


def test_an_account_that_somebody_writes_to_is_left_to_the_next_run(identities: Identities) -> None:
    identities.store(git("ann@x.org", "Ann Roe"), git("bob@x.org", "Bob Poe"))
    held = "select id from identity_profile where external_id = 'ann@x.org' for update"
    with identities.database.transaction() as session:
        session.connection().exec_driver_sql(held)
        assert identities.examine().accounts == 1
    assert identities.examine().accounts == 1


def test_a_person_is_called_by_the_fullest_name(identities: Identities) -> None:
    identities.known(git("ann@x.org", "ann"), github(1, "ann", email="ann@x.org"))
    identities.confirm()
    assert identities.rows(NAME_OF_FIRST) == [("ann",)]
    identities.known(github(1, "ann", "Ann Roe", days=1))
    assert identities.rows(NAME_OF_FIRST) == [("Ann Roe",)]


NAME_OF_FIRST = """
    select distinct i.display_name from identity_person i join identity_link on person_id = i.id
"""
# A pair, however its accounts are numbered.
PAIRS = """
    select least(a, b), greatest(a, b), source, confidence, evidence from (
        select p.platform || p.external_id as a, q.platform || q.external_id as b, m.*
        from identity_match m join identity_profile p on p.id = m.profile_id
        join identity_profile q on q.id = m.other_id
    ) pairs order by 1, 2
"""


def _crowd() -> list[Any]:
    """Fifty people with accounts everywhere; some names and mailboxes are rare, some are not."""
    return [
        person
        for n in range(50)
        for person in (
            github(n, f"u{n}", f"Name Number{n % 20}", email=f"u{n % 24}@x.org"),
            git(f"u{n % 24}+git{n}@x.org", f"Name Number{n % 30}"),
            commit_person(f"Name Number{n}", f"u{n}@users.noreply.github.com", DAY, scope="o/r"),
        )
    ]
