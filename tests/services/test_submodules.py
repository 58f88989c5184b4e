"""What a repository is made of, as its `.gitmodules` says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.errors import ConfigError
from services.git.source import Remote, parse_repository
from services.git.submodules import Submodule, absolute_url, read_submodules
from tests.support.git_repositories import Repository

BOOST = "https://github.com/boostorg/boost.git"
Read = Callable[[bytes | None], list[Submodule]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Makes a repository with this `.gitmodules` and reads it."""

    def make(content: bytes | None) -> list[Submodule]:
        repository = Repository.create(tmp_path / "super")
        repository.commit({".gitmodules": content} if content else {"readme": b"x"})
        return read_submodules(Remote(parse_repository(str(repository.path)), None, 30))

    return make


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("../asio.git", "https://github.com/boostorg/asio.git"),
        ("../asio", "https://github.com/boostorg/asio"),
        ("./inner", "https://github.com/boostorg/boost.git/inner"),
        ("../../llvm/llvm-project.git", "https://github.com/llvm/llvm-project.git"),
        ("https://github.com/boostorg/beast", "https://github.com/boostorg/beast"),
        ("git@github.com:boostorg/beast.git", "git@github.com:boostorg/beast.git"),
    ],
)
def test_a_url_is_meant_from_the_repository_that_names_it(url: str, meant: str) -> None:
    assert absolute_url(url, BOOST) == meant


@pytest.mark.parametrize(
    ("base", "meant"),
    [
        ("git@github.com:boostorg/boost.git", "git@github.com:boostorg/asio.git"),
        ("/srv/git/boost", "/srv/git/asio.git"),
        ("ssh://git@example.org:2222/x/boost/", "ssh://git@example.org:2222/x/asio.git"),
    ],
)
def test_every_form_of_address_has_neighbours(base: str, meant: str) -> None:
    assert absolute_url("../asio.git", base) == meant


def test_a_url_that_leaves_its_host_means_nothing() -> None:
    with pytest.raises(ConfigError, match="leads out of"):
        absolute_url("../../../../x", BOOST)


def test_modules_come_in_the_order_written_whatever_their_names(read: Read, tmp_path: Path) -> None:
    content = b"""
[submodule "numeric.conversion"]
\tpath = libs/numeric/conversion
\turl = ../numeric_conversion.git
\tbranch = .
# a comment
[Submodule "a \\"quoted\\" name"]
\tURL = https://github.com/boostorg/asio.git
[submodule "no-url"]
\tpath = libs/x
[submodule "outside"]
\turl = ../../../../../../../../../../../../../../../../../../../../../../../../x
"""
    assert read(content) == [
        Submodule("numeric.conversion", f"{tmp_path}/numeric_conversion.git"),
        Submodule('a "quoted" name', "https://github.com/boostorg/asio.git"),
        Submodule("outside", "../" * 24 + "x"),
    ]


@pytest.mark.parametrize("content", [None, b"# nothing yet\n"])
def test_a_repository_without_modules_has_none(read: Read, content: bytes | None) -> None:
    assert read(content) == []


def test_a_repository_without_commits_has_none(tmp_path: Path) -> None:
    path = Repository.create(tmp_path / "empty").path
    assert read_submodules(Remote(parse_repository(str(path)), None, 30)) == []


def test_a_broken_list_is_an_error_and_not_an_empty_one(read: Read) -> None:
    with pytest.raises(Exception, match="gitmodules"):
        read(b'[submodule "x\n')
