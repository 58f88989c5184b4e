"""Asks a repository for its tags."""

from services.git.source import Remote, parse_repository


def list_tags(repository: str, stall_seconds: int) -> str:
    """What `git ls-remote --tags` says: a commit, a tab and a reference in each line.

    Raises:
        ConfigError: there is no such repository.
        AccessDenied, SourceUnavailable, SourceTimedOut, GitFailed: as `Remote.run`.
    """
    remote = Remote(parse_repository(repository), None, stall_seconds)
    return remote.run(["ls-remote", "--tags", "origin"]).decode("utf-8", "replace")
