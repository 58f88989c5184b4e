"""What names and addresses are compared by, and which of them say nothing about who somebody is."""

import re
import unicodedata

LONGEST_ADDRESS = 320  # RFC 3696 erratum 1690: 64 characters, @, 255 characters
# How archives and careful people write an address: ann -at- example.org, ann (at) example dot org.
_HIDDEN_AT = re.compile(r"\s*(?:-at-|\(at\)|\[at\]|<at>|\sat\s)\s*")
_HIDDEN_DOT = re.compile(r"\s*(?:-dot-|\(dot\)|\[dot\]|<dot>|\sdot\s)\s*")
_HIDDEN = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# What reaches an office or everybody, RFC 2142 and what repositories are full of.
_ROLES = re.compile(
    r"abuse|admin|administrator|all|anonymous|bot|bots|build|builder|builds|"
    r"buildbot|ci|contact|cvs|daemon|dev|devel|developer|developers|"
    r"donotreply|git|github|gitlab|help|hostmaster|hudson|info|jenkins|"
    r"list|lists|mailer-daemon|maintainer|maintainers|nobody|none|"
    r"noreply|no-reply|no_reply|null|office|owner|postmaster|release|releases|"
    r"robot|root|sales|security|support|svn|sysadmin|system|team|test|"
    r"unknown|user|username|webmaster|www|www-data"
)
_LIST_DOMAINS = re.compile(r"(?:^|\.)(?:lists?|googlegroups|yahoogroups|groups)\.")
_NOBODYS_DOMAINS = re.compile(r"(?:^|\.)(?:localhost|localdomain|local|lan|internal|\(none\))$")
_NOREPLY_DOMAINS = frozenset({"users.noreply.github.com", "noreply.github.com"})
# Names that stand where a name should.
_PLACEHOLDERS = frozenset(
    {
        "build bot",
        "first last",
        "firstname lastname",
        "github actions",
        "jane doe",
        "john doe",
        "mailing list",
        "name surname",
        "no author",
        "no name",
        "root user",
        "system administrator",
        "test user",
        "the maintainers",
        "unknown author",
        "unknown user",
        "user name",
        "your name",
    }
)


def normalised_email(text: str) -> str | None:
    """The address in lower case without surrounding space; None when it cannot be an address.

    One that was hidden from robots (`ann -at- example.org`) is the one that it stands for.
    """
    address = _revealed(text.strip().lower())
    return address if "@" in address.strip("@") and len(address) <= LONGEST_ADDRESS else None


def mailbox(address: str) -> str | None:
    """Whose post an address is: the same for `ann@…` and `ann+boost@…`.

    None where it says nothing about who uses it: lists, offices, noreply, machines' own names.
    """
    local, _, domain = address.rpartition("@")
    local = local.partition("+")[0]
    if domain in _NOREPLY_DOMAINS or _LIST_DOMAINS.search(domain) or _is_nobodys(domain):
        return None
    is_role = not local or bool(_ROLES.fullmatch(local)) or local.endswith("[bot]")
    return None if is_role else f"{local}@{domain}"


def name_key(name: str) -> str | None:
    """What a name is compared by: without case, dots and spare space.

    None for what many are called by: a single word (`root`, `Ann`), an address, a placeholder.
    """
    plain = unicodedata.normalize("NFKC", name).replace(".", " ").replace(",", " ")
    words = plain.casefold().split()
    key = " ".join(words)
    is_name = len(words) > 1 and "@" not in key and sum(map(str.isalpha, key)) > len(words)
    return key if is_name and key not in _PLACEHOLDERS and "[bot]" not in key else None


def login_key(login: str) -> str:
    """What a login is compared by: GitHub's and Slack's know no case."""
    return login.casefold()


def _revealed(address: str) -> str:
    if "@" in address:
        return address
    shown = _HIDDEN_DOT.sub(".", _HIDDEN_AT.sub("@", address))
    return shown if _HIDDEN.fullmatch(shown) else address


def _is_nobodys(domain: str) -> bool:
    """A machine's own name, as git puts it together where none is set."""
    return "." not in domain or bool(_NOBODYS_DOMAINS.search(domain))
