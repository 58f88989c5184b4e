"""Who decides what, that it is kept, and that it can be taken back."""

from typing import Any

import pytest

from services.errors import ConfigError
from services.identity.accounts import describe_person, find_account, list_decisions
from services.identity.decisions import Decider, confirm
from services.identity.services import paper_author
from tests.services.identity.conftest import DAY, EVA, Identities, account, git, github

ANN = github(1, "ann", "Ann Roe", email="ann@x.org")
ANNS_GIT = git("ann@x.org", "ann")
PAPER = paper_author("Ann Roe", DAY)
BOB = github(2, "bob", "Bob Poe")


@pytest.fixture
def anns(identities: Identities) -> Identities:
    """Three accounts of Ann's as far as one can know, and Bob's."""
    return identities.known(ANN, ANNS_GIT, PAPER, BOB)


def test_confirming_makes_two_accounts_one_persons(anns: Identities) -> None:
    mail, name = anns.matches()
    assert (mail.source, name.source) == ("shared_email", "rare_exact_name")
    anns.confirm(mail.match)
    assert anns.people() == [["git:ann@x.org", "github:1"], ["github:2"], ["wg21:ann roe"]]
    anns.confirm(name.match)
    assert anns.people() == [["git:ann@x.org", "github:1", "wg21:ann roe"], ["github:2"]]
    links = "select source, confidence from identity_link order by profile_id"
    assert anns.rows(links) == [
        ("shared_email", 0.9),
        ("account", 1.0),
        ("account", 1.0),
        ("rare_exact_name", 0.6),
    ]
    assert anns.confirm(mail.match, name.match) == []


def test_a_rejected_pair_is_never_proposed_again(anns: Identities) -> None:
    mail, name = anns.matches()
    anns.reject(name.match)
    for _ in range(2):
        anns.examine_again()
        assert [match.match for match in anns.matches()] == [mail.match]
    assert anns.reject(name.match) == []


def test_a_rejected_pair_is_not_proposed_by_way_of_another_account(anns: Identities) -> None:
    """Once they are one person's, what is said of one account is said of both."""
    mail, name = anns.matches()
    anns.reject(name.match)
    anns.confirm(mail.match)
    anns.known(git("ann@x.org", "Ann Roe", days=3))
    assert anns.matches() == []


def test_a_rejected_match_can_be_confirmed_after_all(anns: Identities) -> None:
    _, name = anns.matches()
    anns.reject(name.match)
    anns.confirm(name.match)
    assert ["github:1", "wg21:ann roe"] in anns.people()


def test_a_confirmed_match_is_not_rejected_but_taken_back_or_split(anns: Identities) -> None:
    mail, _ = anns.matches()
    anns.confirm(mail.match)
    with pytest.raises(ConfigError, match=f"match {mail.match} is confirmed: .*undo.*split"):
        anns.reject(mail.match)


def test_what_contradicts_a_rejection_is_refused(anns: Identities) -> None:
    mail, name = anns.matches()
    anns.reject(name.match)
    with pytest.raises(ConfigError, match=f"match {name.match} says that they are not one person"):
        anns.merge("github:1", "wg21:ann roe")
    anns.confirm(mail.match)
    with pytest.raises(ConfigError, match=f"match {name.match} says"):
        anns.merge("wg21:ann roe", "git:ann@x.org")


def test_accounts_are_merged_without_any_evidence(anns: Identities) -> None:
    anns.merge("github:@BOB", "git:ann@x.org")
    assert anns.people() == [["git:ann@x.org", "github:2"], ["github:1"], ["wg21:ann roe"]]
    with pytest.raises(ConfigError, match="one person's already"):
        anns.merge("github:2", "git:ann@x.org")
    with pytest.raises(ConfigError, match="one person's already"):
        anns.merge("github:2")


def test_accounts_that_nobody_has_examined_yet_can_be_merged(identities: Identities) -> None:
    identities.store(ANN, BOB)
    identities.merge("github:1", "github:2")
    assert identities.people() == [["github:1", "github:2"]]


def test_merging_people_brings_all_their_accounts_along(anns: Identities) -> None:
    anns.merge("github:1", "git:ann@x.org")
    anns.merge("github:2", "wg21:ann roe")
    anns.merge("wg21:ann roe", "git:ann@x.org")
    assert len(anns.people()) == 1
    assert anns.matches() == []
    assert {m.status for m in anns.matches(None)} == {"confirmed"}


def test_splitting_takes_accounts_out_and_they_are_not_proposed_again(anns: Identities) -> None:
    anns.confirm()
    anns.split("wg21:ann roe", "git:ann@x.org")
    assert anns.people() == [["git:ann@x.org", "wg21:ann roe"], ["github:1"], ["github:2"]]
    anns.examine_again()
    assert anns.matches() == []
    assert len(anns.matches("rejected")) == 2


def test_one_cannot_split_what_is_not_together_or_all_there_is(anns: Identities) -> None:
    with pytest.raises(ConfigError, match="of several people"):
        anns.split("github:1", "github:2")
    with pytest.raises(ConfigError, match=r"github:@bob \(2\): its person would have no account"):
        anns.split("github:2")


def test_every_decision_is_kept_with_who_why_and_what_was(anns: Identities) -> None:
    mail, name = anns.matches()
    anns.confirm(mail.match)
    anns.reject(name.match)
    with anns.database.transaction() as session:
        rejected, confirmed = list_decisions(session, limit=9)
    assert (confirmed.action, confirmed.decided_by, confirmed.reason) == (
        "confirm",
        "eva",
        "asked them",
    )
    assert confirmed.subject == f"match {mail.match}: git:ann@x.org and github:@ann (1)"
    git_id, github_id = map(str, anns.ids("git:ann@x.org", "github:1"))
    before, after = confirmed.before["links"], confirmed.after["links"]
    assert before[github_id] == after[github_id]
    assert before[git_id][1:] == ["account", 1.0]
    assert after[git_id] == [after[github_id][0], "shared_email", 0.9]
    assert [*rejected.after["matches"].values()][-1][0] == "rejected"


def _merge_all(anns: Identities) -> int:
    return anns.merge("github:2", "git:ann@x.org", "wg21:ann roe", "github:1")


def _confirm_mail(anns: Identities) -> int:
    return anns.confirm(anns.matches()[0].match)[0]


def _reject_name(anns: Identities) -> int:
    return anns.reject(anns.matches()[1].match)[0]


def _split_merged(anns: Identities) -> int:
    return anns.split("github:1", "wg21:ann roe")


@pytest.mark.parametrize("decide", [_merge_all, _confirm_mail, _reject_name, _split_merged])
def test_taking_a_decision_back_leaves_everything_as_it_was(anns: Identities, decide: Any) -> None:
    if decide is _split_merged:
        _merge_all(anns)
    before, people = anns.contents(), anns.people()
    decision = decide(anns)
    anns.examine()
    assert anns.contents() != before
    back = anns.undo(decision)
    anns.examine()
    assert (anns.people(), anns.contents()) == (people, before)
    anns.undo(back)
    assert anns.contents() != before


def test_a_decision_is_taken_back_once_and_the_last_one_first(anns: Identities) -> None:
    mail, name = anns.matches()
    (first,) = anns.confirm(mail.match)
    (second,) = anns.confirm(name.match)
    with pytest.raises(ConfigError, match=rf"first take back what came later \({second}\)"):
        anns.undo(first)
    back = anns.undo(second)
    with pytest.raises(ConfigError, match=f"taken back already, by decision {back}"):
        anns.undo(second)
    anns.undo(first)
    with pytest.raises(ConfigError, match="no decision 99"):
        anns.undo(99)


def test_an_organisation_stays_nobodys(anns: Identities) -> None:
    anns.known(github(2, "bob", kind="organization"), account("slack", "T:B", "b", "B", kind="bot"))
    with pytest.raises(ConfigError, match=r"github:@bob \(2\) is no person's account: .*organiz"):
        anns.merge("github:1", "github:2")
    with pytest.raises(ConfigError, match="of type bot"):
        anns.merge("slack:@b", "github:1")
    released = anns.rows("select id from identity_decision")[0][0]
    with pytest.raises(ConfigError, match="cannot be taken back: github:2 is no person"):
        anns.undo(released)


def test_several_matches_are_confirmed_together_or_not_at_all(anns: Identities) -> None:
    with pytest.raises(ConfigError, match="no match 98, 99"):
        anns.confirm(*(match.match for match in anns.matches()), 98, 99)
    assert len(anns.matches()) == 2
    assert len(anns.confirm()) == 2


def test_a_match_that_an_earlier_one_has_settled_needs_no_decision(identities: Identities) -> None:
    """Of three accounts with one mailbox, two matches say it all."""
    identities.known(ANN, ANNS_GIT, account("slack", "T:U", "a", "A", email="ann@x.org"))
    matches = [match.match for match in identities.matches()]
    assert len(matches) == 3
    assert len(identities.confirm(*matches)) == 2
    assert len(identities.people()) == 1


def test_two_accounts_of_one_person_can_be_confirmed_once_more(anns: Identities) -> None:
    """After a rejection inside of a person, e.g. by hand in the database."""
    mail, _ = anns.matches()
    anns.confirm(mail.match)
    anns.rows(f"update identity_match set status = 'rejected' where id = {mail.match} returning 1")
    with anns.database.transaction() as session:
        assert len(confirm(session, [mail.match], Decider("eva"))) == 1
    assert [match.status for match in anns.matches("confirmed")] == ["confirmed"]


def test_a_person_is_shown_whole(anns: Identities) -> None:
    anns.confirm(anns.matches()[0].match)
    with anns.database.transaction() as session:
        (person,) = {row[0] for row in anns.rows("select min(person_id) from identity_link")}
        facts = describe_person(session, person)
        with pytest.raises(ConfigError, match="no person 99"):
            describe_person(session, 99)
    assert facts.name == "Ann Roe"
    assert [a.account for a in facts.accounts] == ["git:ann@x.org", "github:@ann (1)"]
    assert sorted(facts.accounts[1].names) == ["Ann Roe", "ann"]
    assert facts.accounts[1].emails == ["ann@x.org"]
    assert [match.status for match in facts.matches] == ["confirmed", "proposed"]


def test_an_account_is_named_by_its_id_or_login(anns: Identities) -> None:
    anns.store(github(7, "ann", days=4))
    with anns.database.transaction() as session:
        assert find_account(session, "github:7").external_id == "7"
        with pytest.raises(ConfigError, match="several accounts: say github:1 or github:7"):
            find_account(session, "github:@Ann")
        with pytest.raises(ConfigError, match="no account is called github:8"):
            find_account(session, "github:8")
        with pytest.raises(ConfigError, match="PLATFORM:ID or PLATFORM:@LOGIN"):
            find_account(session, "ann")
    assert EVA.name == "eva"
