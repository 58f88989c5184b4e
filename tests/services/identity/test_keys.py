"""What names and addresses are compared by, and which say nothing."""

import pytest

from services.identity.keys import login_key, mailbox, name_key, normalised_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ann@Example.ORG", "ann@example.org"),
        ("ann -at- example.org", "ann@example.org"),
        ("ann (at) example (dot) org", "ann@example.org"),
        ("ann at example dot org", "ann@example.org"),
        ("ann[at]example.org", "ann@example.org"),
        ("ann at home", None),
        ("look at example.org now", None),
        ("root", None),
        ("@", None),
    ],
)
def test_an_address_that_was_hidden_from_robots_is_the_one_it_stands_for(
    text: str, address: str | None
) -> None:
    assert normalised_email(text) == address


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("ann@example.org", "ann@example.org"),
        ("ann+boost@example.org", "ann@example.org"),
        ("devon@example.org", "devon@example.org"),
        ("+boost@example.org", None),
    ],
)
def test_what_follows_a_plus_is_the_same_mailbox(address: str, box: str | None) -> None:
    assert mailbox(address) == box


@pytest.mark.parametrize(
    "address",
    [
        "noreply@github.com",
        "583231+octocat@users.noreply.github.com",
        "boost@lists.boost.org",
        "boost-users@googlegroups.com",
        "dev@example.org",
        "info+x@example.org",
        "dependabot[bot]@example.org",
        "ann@localhost",
        "ann@laptop.(none)",
        "ann@laptop.local",
        "ann@b8fc166d-592f-0410-95f2-cb63ce0dd405",
    ],
)
def test_lists_offices_noreply_and_names_of_machines_are_nobodys(address: str) -> None:
    assert mailbox(address) is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Jane  Q. Doe-Smith", "jane q doe-smith"),
        ("JÖRG MÜLLER", "jörg müller"),
        ("\uff2aane Roe", "jane roe"),
        ("John Doe", None),
        ("Your Name", None),
        ("Ann", None),
        ("root", None),
        ("unknown", None),
        ("J D", None),
        ("", None),
        ("ann roe@example.org", None),
        ("renovate bot[bot]", None),
    ],
)
def test_a_name_of_many_says_nothing(name: str, key: str | None) -> None:
    assert name_key(name) == key


def test_logins_know_no_case() -> None:
    assert login_key("OctoCat") == login_key("octocat")
