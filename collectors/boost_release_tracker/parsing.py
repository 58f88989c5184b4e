"""From the names of tags to releases."""

import re
from collections.abc import Mapping

from services.releases.services import ReleaseTag

# https://github.com/boostorg/boost/tags: older tags follow no single scheme.
FIRST_VERSION = (1, 16, 1)
_STABLE = re.compile(r"boost-(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)
_PEELED = "^{}"


def read_tags(listing: str) -> dict[str, str]:
    """The commit that each tag stands at, from `git ls-remote --tags`.

    An annotated tag has two lines, its own and, marked with ^{}, that of the commit it points to.
    """
    tags: dict[str, str] = {}
    for line in listing.splitlines():
        sha, _, reference = line.partition("\t")
        name = reference.removeprefix("refs/tags/")
        if name.endswith(_PEELED) or name not in tags:
            tags[name.removesuffix(_PEELED)] = sha
    return tags


def stable_releases(tags: Mapping[str, str]) -> list[ReleaseTag]:
    """The tags that are stable releases, the oldest version first."""
    found = [
        ReleaseTag(name, tuple(int(part) for part in match.groups()), commit)
        for name, commit in tags.items()
        if (match := _STABLE.fullmatch(name))
    ]
    return sorted(
        (one for one in found if one.version >= FIRST_VERSION), key=lambda one: one.version
    )
