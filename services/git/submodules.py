"""The repositories that another one is made of: its `.gitmodules`, read by git itself."""

import os
import posixpath
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from services.errors import ConfigError
from services.git.processes import GitFailed, child_environment, run_watched
from services.git.source import Remote

# Contents of files that are larger are not fetched; `.gitmodules` of five hundred modules has 60 kB.
LARGEST = "1m"
_HEAD = "refs/heads/head"
_FETCH = [
    "fetch",
    "--progress",
    "--depth=1",
    f"--filter=blob:limit={LARGEST}",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "origin",
    f"+HEAD:{_HEAD}",
]
_KEY = re.compile(r"submodule\.(?P<name>.+)\.url", re.DOTALL)
_SECURE_SHELL = re.compile(r"(?P<host>(?:[\w.-]+@)?\w[\w.-]*):(?!/?/)(?P<path>.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submodule:
    """One of them; `url` is absolute, or as it is written where nobody can say what is meant."""

    name: str
    url: str


def read_submodules(remote: Remote) -> list[Submodule]:
    """The submodules of the default branch, in the order written; none without a `.gitmodules`.

    Only the newest commit is fetched, into a folder that is thrown away.

    Raises:
        ConfigError, AccessDenied, SourceUnavailable, SourceTimedOut, GitFailed: see `Remote.run`.
    """
    if remote.find_head()[1] is None:
        return []
    with tempfile.TemporaryDirectory(prefix="bdc-submodules-") as folder:
        here = f"--git-dir={folder}"
        _local(["init", "--quiet", "--bare", "--template=", folder])
        remote.run([here, *_FETCH])
        if not _local([here, "ls-tree", "--name-only", _HEAD, ".gitmodules"]):
            return []
        return list(_parsed(_urls(here), remote.source.url))


def absolute_url(url: str, base: str) -> str:
    """`../asio.git` is meant from the repository that names it, as https://git-scm.com/docs/gitmodules says.

    Raises:
        ConfigError: it leads out of the host.
    """
    if not url.startswith(("./", "../")):
        return url
    prefix, path = _split(base)
    steps = path.strip("/").split("/")
    up = [part for part in posixpath.normpath(url).split("/") if part == ".."]
    if len(up) > len(steps):
        raise ConfigError(f"submodule URL {url} leads out of {base}")
    return prefix + posixpath.normpath(posixpath.join(path, url))


def _split(base: str) -> tuple[str, str]:
    """Scheme and host, and the path; of a local repository, all is path."""
    if "://" in base:
        parts = urlsplit(base)
        return urlunsplit((parts.scheme, parts.netloc, "", "", "")), parts.path.rstrip("/")
    found = _SECURE_SHELL.fullmatch(base)
    return (f"{found['host']}:", found["path"]) if found else ("", base.rstrip("/"))


def _urls(here: str) -> bytes:
    """Git says so by its status when no submodule has a URL."""
    keys = ["--null", "--get-regexp", r"^submodule\..*\.url$"]
    try:
        return _local([here, "config", "--blob", f"{_HEAD}:.gitmodules", *keys])
    except GitFailed as error:
        if str(error):
            raise
        return b""


def _parsed(listing: bytes, base: str) -> Iterator[Submodule]:
    """`submodule.<name>.url`, a line feed, the URL, a NUL."""
    for entry in listing.decode("utf-8", "replace").split("\0")[:-1]:
        key, _, url = entry.partition("\n")
        found = _KEY.fullmatch(key)
        name = found["name"] if found else key
        try:
            yield Submodule(name, absolute_url(url.strip(), base))
        except ConfigError:
            yield Submodule(name, url.strip())


def _local(arguments: list[str]) -> bytes:
    """A git that has no business outside."""
    environment = child_environment(os.environ, {}, protocols="none")
    return run_watched(arguments, environment, stall_seconds=60)
