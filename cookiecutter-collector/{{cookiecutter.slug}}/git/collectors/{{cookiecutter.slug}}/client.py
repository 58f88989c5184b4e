"""Asks a repository for its references."""

from services.git.source import Remote, parse_repository


def list_references(repository: str, stall_seconds: float) -> bytes:
    """What `git ls-remote` says: an object, a tab and a reference's name in each line.

    Raises:
        ConfigError: there is no such repository.
        AccessDenied, SourceUnavailable, SourceTimedOut, GitFailed: as `Remote.run`.
    """
    remote = Remote(parse_repository(repository), None, stall_seconds)
    return remote.run(["ls-remote", "--refs", "origin"])
