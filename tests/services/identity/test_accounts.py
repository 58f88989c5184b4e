"""Accounts and matches are found by what people know of them."""

from services.identity.accounts import FoundAccount, list_matches, search_accounts
from services.identity.services import paper_author
from tests.services.identity.conftest import DAY, Identities, git, github

ANN = github(1, "ann", "Ann Roe", email="ann@x.org")


def test_matches_are_listed_by_where_they_come_from(identities: Identities) -> None:
    identities.known(ANN, git("ann@x.org", "ann"), paper_author("Ann Roe", DAY))
    with identities.database.transaction() as session:
        (found,) = list_matches(session, source="rare_exact_name")
        assert list_matches(session, source="manual") == []
    assert found.other == "wg21:ann roe"


def test_an_account_is_found_by_name_login_number_or_address(identities: Identities) -> None:
    identities.known(ANN, github(22, "bob", "Bob Poe"), github(3, "ci", "CI", kind="bot"))
    with identities.database.transaction() as session:
        for words in ("ann roe", "ANN", "x.org"):
            (found,) = search_accounts(session, words, limit=5)
            assert found.account == "github:@ann (1)", words
            assert found.person is not None
        assert [one.account for one in search_accounts(session, "22", limit=5)] == [
            "github:@bob (22)"
        ]
        assert len(search_accounts(session, "", limit=2)) == 2
        assert search_accounts(session, "100%", limit=5) == []
        (robot,) = search_accounts(session, "ci", limit=5)
    assert robot == FoundAccount("github:@ci (3)", "CI", "bot", None, None)
