"""Which tags are releases, and in which order."""

import pytest

from collectors.boost_release_tracker.parsing import read_tags, stable_releases

LISTING = """\
aaa\trefs/tags/boost-1.90.0
bbb\trefs/tags/boost-1.90.0^{}
ccc\trefs/tags/boost-1.9.0
"""


def test_an_annotated_tag_stands_at_the_commit_that_it_points_to() -> None:
    assert read_tags(LISTING) == {"boost-1.90.0": "bbb", "boost-1.9.0": "ccc"}


def test_the_commit_is_found_whichever_line_comes_first() -> None:
    reversed_lines = "\n".join(reversed(LISTING.splitlines()))
    assert read_tags(reversed_lines)["boost-1.90.0"] == "bbb"


def test_versions_sort_as_numbers() -> None:
    tags = dict.fromkeys(["boost-1.100.0", "boost-1.90.0", "boost-1.90.10", "boost-1.90.2"], "c")
    assert [release.tag for release in stable_releases(tags)] == [
        "boost-1.90.0",
        "boost-1.90.2",
        "boost-1.90.10",
        "boost-1.100.0",
    ]


@pytest.mark.parametrize("tag", ["boost-1.16.1", "boost-1.17.0", "boost-2.0.0"])
def test_a_stable_tag_from_the_first_version_on_is_a_release(tag: str) -> None:
    assert [release.tag for release in stable_releases({tag: "c"})] == [tag]


@pytest.mark.parametrize(
    "tag",
    [
        "boost-1.16.0",
        "boost-1.90.0.beta1",
        "boost-1.90.0-rc1",
        "boost-1.90",
        "boost-1.90.0.1",
        "Boost-1.90.0",
        "boost-1.090.0",
        "boost-1.90.0 ",
        "boost-\u0661.90.0",
        "boost-1.9999999999.0",
        "optional-last-merge-to-develop",
    ],
)
def test_anything_else_is_none(tag: str) -> None:
    assert stable_releases({tag: "c"}) == []
