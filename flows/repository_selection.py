"""Several repositories named at once: which ones are meant.

`owner/*` and other patterns are all that the owner has; with submodules, a repository stands for
itself and for everything that its `.gitmodules` names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import SecretStr

from services.database import Database
from services.errors import ConfigError
from services.git.source import Remote, parse_repository
from services.git.submodules import Submodule, read_submodules
from services.http.client import HttpClient
from services.http.github import GitHubAccess, github_http, token_pool
from services.http.github_listings import list_repositories
from services.http.settings import Say, Surroundings

WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Found:
    """A repository to collect; `problem` says why it cannot be, and is empty when it can."""

    repository: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for: a pattern, or a repository with its submodules."""

    text: str
    submodules: bool

    @property
    def key(self) -> str:
        """What it is called in the ledger."""
        return f"{self.text} and its submodules" if self.submodules else self.text

    @property
    def owner(self) -> str | None:
        """Whose repositories are meant by a pattern; None when it is none."""
        owner, _, pattern = self.text.partition("/")
        return owner if pattern and WILDCARDS & set(pattern) else None

    def check(self, git_url: str) -> None:
        """Whether it can be one.

        Raises:
            ConfigError: it is both, or no repository at all.
        """
        if self.owner is None:
            parse_repository(self.text, git_url)
        elif self.submodules:
            raise ConfigError(f"repository {self.text} is a pattern: submodules are of one only")
        elif WILDCARDS & set(self.owner) or "/" in self.text.partition("/")[2]:
            raise ConfigError(
                f"repository {self.text}: a pattern is like boostorg/* or llvm/llvm-*"
            )


def is_selection(repository: str, *, submodules: bool) -> bool:
    """Whether these parameters mean several repositories."""
    return submodules or Selection(repository, submodules).owner is not None


def matching_repositories(
    selection: Selection, access: GitHubAccess, database: Database, say: Say
) -> list[Found]:
    """What the owner has and the pattern matches.

    Raises:
        ConfigError: nothing.
        CollectorError: as `HttpClient.send`.
    """
    around = Surroundings(say=say)
    auth = token_pool(access, database, around)
    with HttpClient(github_http(access), auth=auth, around=around) as client:
        names = list_repositories(client, selection.owner or "")
    found = [Found(name) for name in names if fnmatchcase(name.lower(), selection.text.lower())]
    if not found:
        raise ConfigError(f"repository: none of {len(names)} matches {selection.text}")
    return found


def with_submodules(
    selection: Selection, git_url: str, token: SecretStr | None, stall_seconds: int
) -> list[Found]:
    """The repository, then what its `.gitmodules` names, each once.

    Raises:
        ConfigError, AccessDenied, SourceUnavailable, SourceTimedOut, GitFailed: see `Remote.run`.
    """
    source = parse_repository(selection.text, git_url)
    modules = read_submodules(Remote(source, token, stall_seconds))
    found = {source.source_key: Found(selection.text)}
    for module in modules:
        for key, one in _meant(module, git_url):
            found.setdefault(key, one)
    return list(found.values())


def _meant(module: Submodule, git_url: str) -> Iterator[tuple[str, Found]]:
    try:
        source = parse_repository(module.url, git_url)
    except ConfigError as error:
        yield module.name, Found(module.name, str(error))
    else:
        repository = source.source_key if source.kind == "github" else source.url
        yield source.source_key, Found(repository)
