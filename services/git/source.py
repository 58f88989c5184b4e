"""Which repository is meant, and how git talks to it: addresses, token, the meaning of failures."""

import errno
import os
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from services.errors import (
    AccessDenied,
    ConfigError,
    RateLimited,
    SourceTimedOut,
    SourceUnavailable,
)
from services.git.processes import (
    GitFailed,
    child_environment,
    last_words,
    run_watched,
)

SourceKind = Literal["github", "git", "local"]

PROTOCOLS = "file:git:http:https:ssh"  # no remote helper, which could run any command
# A local source's own side of a fetch, which git starts without our configuration.
UPLOAD_PACK = "git -c safe.directory='*' -c uploadpack.allowFilter=true upload-pack"
# The same of a push.
RECEIVE_PACK = "git -c safe.directory='*' receive-pack"

_OWNER_AND_NAME = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
)
_SECURE_SHELL = re.compile(r"(?:[\w.-]+@)?(?P<host>\w[\w.-]*):(?!/?/)(?P<path>.+)", re.ASCII)

# What git says, in the order in which it is believed. Damage comes before the network: a broken
# mirror also makes "the remote end" hang up.
_MEANINGS = {
    "disk": ("no space left on device", "disk quota exceeded"),
    "damage": (
        "unresolved delta",
        "bad object",
        "corrupt",
        "did not send all necessary",
        "missing necessary",
    ),
    "limit": ("returned error: 429",),
    "moved": ("(fetch first)", "(non-fast-forward)", "(stale info)", "cannot lock ref"),
    "timeout": ("operation too slow", "timed out", "timeout was reached"),
    "access": (
        "could not read username",
        "could not read password",
        "authentication failed",
        "returned error: 401",
        "returned error: 403",
        "permission denied (",
        "host key verification failed",
    ),
    "missing": (
        "' not found",
        "repository not found",
        "does not appear to be a git repository",
        "returned error: 404",
        "is this a git repository",
        "repository not exported",
    ),
    "network": (
        "could not resolve",
        "couldn't connect",
        "failed to connect",
        "unable to access",
        "unable to look up",
        "unable to connect",
        "connection refused",
        "connection reset",
        "connection closed",
        "network is unreachable",
        "no route to host",
        "early eof",
        "hung up",
        "rpc failed",
        "unexpected disconnect",
        "expected flush after",
        "kex_exchange",
    ),
}

_PASSING: Mapping[str, Callable[[str], Exception]] = {
    "limit": RateLimited,
    "timeout": SourceTimedOut,
    "network": SourceUnavailable,
    "moved": SourceUnavailable,
}


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """A repository that can be fetched. `github_base` is the only place the token may go."""

    url: str
    source_key: str
    kind: SourceKind
    name: str
    github_base: str | None = None

    @property
    def directory_name(self) -> str:
        """A folder name of its own: readable, and different for every source key."""
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", self.source_key).strip("-.")[-80:]
        return f"{readable}-{sha256(self.source_key.encode()).hexdigest()[:8]}.git"


def parse_repository(text: str, github_base_url: str = "https://github.com") -> RepositorySource:
    """`owner/name` on GitHub, a git URL, or the path of a local repository.

    An existing folder wins over a GitHub repository of the same name. GitHub's web address and its
    ssh address have the source key of `owner/name`: it is the same repository.

    Raises:
        ConfigError: it is none of these, holds a secret, or is a path without a repository.
    """
    text, base = text.strip(), github_base_url.rstrip("/")
    if not text or text.startswith("-") or "::" in text or not text.isprintable():
        raise ConfigError(f"repository {text!r} is no owner/name, git URL or path")
    if "://" in text:
        return _parse_url(text, base)
    path = Path(text).expanduser()
    if text.startswith(("/", ".", "~")) or path.is_dir():
        return _local(path)
    if _OWNER_AND_NAME.fullmatch(text):
        return _github(text.removesuffix(".git"), base)
    return _parse_secure_shell(text, base)


def _parse_url(text: str, base: str) -> RepositorySource:
    if text.startswith(f"{base}/"):
        owner_and_name = text.removeprefix(f"{base}/").rstrip("/").removesuffix(".git")
        if _OWNER_AND_NAME.fullmatch(owner_and_name):
            return _github(owner_and_name, base)
    parts = urlsplit(text)
    host, path = parts.hostname or "", parts.path.strip("/").removesuffix(".git")
    _refuse_secrets(text)
    if parts.scheme == "file" and host in ("", "localhost"):
        return _local(Path(unquote(parts.path)))
    if parts.scheme not in PROTOCOLS.split(":") or not re.match(r"[\w\[:]", host) or not path:
        raise ConfigError(f"repository {text!r} is no URL that git can fetch from")
    return RepositorySource(text, f"{host}/{path}", "git", path.rpartition("/")[2])


def _refuse_secrets(url: str) -> None:
    """Whatever stands in a URL shows in process lists, logs and tables."""
    parts = urlsplit(url)
    is_web = parts.scheme in ("http", "https")
    if parts.password or (is_web and (parts.username or parts.query or parts.fragment)):
        shown = f"{parts.scheme}://{parts.hostname}{parts.path}"
        raise ConfigError(f"repository {shown}: put no credentials into the URL, set GITHUB_TOKEN")


def _parse_secure_shell(text: str, base: str) -> RepositorySource:
    """`git@host:path`, as ssh's own tools write it."""
    found = _SECURE_SHELL.fullmatch(text)
    if found is None:
        raise ConfigError(f"repository {text!r} is no owner/name, git URL or path")
    path = found["path"].strip("/").removesuffix(".git")
    if found["host"] == urlsplit(base).hostname and _OWNER_AND_NAME.fullmatch(path):
        return RepositorySource(text, path, "github", path.rpartition("/")[2])
    return RepositorySource(text, f"{found['host']}/{path}", "git", path.rpartition("/")[2])


def _github(owner_and_name: str, base: str) -> RepositorySource:
    name = owner_and_name.partition("/")[2]
    return RepositorySource(f"{base}/{owner_and_name}.git", owner_and_name, "github", name, base)


def _local(path: Path) -> RepositorySource:
    """Whether it works as a repository,  on whether a repository works."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolves "..", leaves links alone
    if not absolute.exists():
        raise ConfigError(f"repository {absolute} does not exist")
    if not ((absolute / ".git").exists() or (absolute / "objects").is_dir()):
        raise ConfigError(f"{absolute} is no git repository")
    return RepositorySource(str(absolute), str(absolute), "local", absolute.name)


def _meaning(complaint: str) -> str | None:
    said = complaint.lower()
    for meaning, phrases in _MEANINGS.items():
        if any(phrase in said for phrase in phrases):
            return meaning
    return None


@dataclass(frozen=True, slots=True)
class Remote:
    """The source as git talks to it; what git complains of becomes an error of ours."""

    source: RepositorySource
    token: SecretStr | None
    stall_seconds: float
    token_name: str = "GITHUB_TOKEN"  # noqa: S105 - the name of a setting

    def find_head(self) -> tuple[str | None, str | None]:
        """The branch that HEAD names and the commit it stands at; None for what it does not say.

        Asked from outside any mirror, so a failure says something about the source alone.

        Raises:
            ConfigError, AccessDenied, SourceUnavailable, SourceTimedOut, GitFailed: see `run`.
        """
        answer = self.run(["ls-remote", "--symref", "origin", "HEAD"]).decode("utf-8", "replace")
        values = [
            line.partition("\t")[0] for line in answer.splitlines() if line.endswith("\tHEAD")
        ]
        names = [value.removeprefix("ref: refs/heads/") for value in values if ": " in value]
        shas = [value for value in values if ": " not in value]
        return next(iter(names), None), next(iter(shas), None)

    def run(self, arguments: Sequence[str], keep_open: Sequence[int] = ()) -> bytes:
        """One git that may use the network and the token; returns its stdout.

        A web page that comes with status 200 in a git server's place is an empty repository to git
        (of files on a web server, its oldest protocol): no packet was exchanged then.

        Raises:
            ConfigError: there is no such repository.
            AccessDenied: it wants other credentials.
            SourceUnavailable, SourceTimedOut, RateLimited: it may work another time.
            OSError: the disk is full.
            GitFailed: anything else, a broken mirror included.
        """
        with NamedTemporaryFile(prefix="bdc-git-") as packets:
            answer = self._run_traced(arguments, keep_open, packets.name)
            if self.source.url.startswith("http") and not packets.read(1):
                raise SourceUnavailable(f"{self.source.url} answers, but not as a git server does")
            return answer

    def _run_traced(
        self, arguments: Sequence[str], keep_open: Sequence[int], packets: str
    ) -> bytes:
        try:
            return run_watched(
                arguments,
                {**self._environment(), "GIT_TRACE_PACKET": packets},
                stall_seconds=self.stall_seconds,
                keep_open=keep_open,
            )
        except TimeoutError as error:
            raise SourceTimedOut(f"{self.source.url}: {error}") from None
        except GitFailed as error:
            raise self._explain(self._without_secrets(str(error))) from None

    def _explain(self, complaint: str) -> Exception:
        url, words = self.source.url, last_words(complaint)
        match _meaning(complaint):
            case "disk":
                return OSError(errno.ENOSPC, f"the disk is full while fetching {url}")
            case "access":
                return AccessDenied(f"{url}: access denied ({words}); {self._advice()}")
            case "missing":
                return ConfigError(f"{url} is no git repository: {words}")
            case meaning:
                return _PASSING.get(meaning or "", GitFailed)(f"{url}: {words}")

    def _advice(self) -> str:
        if self.source.github_base is None:
            return f"{self.token_name} is sent to GitHub's web address only"
        if self.token is None:
            return f"a private or missing repository? {self.token_name} is not set"
        return f"does {self.token_name} still work, and may it read this repository?"

    def _environment(self) -> dict[str, str]:
        settings = {
            "remote.origin.url": self.source.url,
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": f"{self.stall_seconds:.0f}",
        }
        if self.source.kind == "local":
            settings["remote.origin.uploadpack"] = UPLOAD_PACK
            settings["remote.origin.receivepack"] = RECEIVE_PACK
        for credentials in self._secrets()[1:]:
            key = f"http.{self.source.github_base}/.extraHeader"
            settings[key] = f"Authorization: Basic {credentials}"
        return child_environment(os.environ, settings, protocols=PROTOCOLS)

    def _secrets(self) -> list[str]:
        """The token, and the token as it is sent; nothing where none may be sent."""
        token = self.token.get_secret_value().strip() if self.token else ""
        if not token or self.source.github_base is None:
            return []
        return [token, b64encode(f"x-access-token:{token}".encode()).decode()]

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return text
