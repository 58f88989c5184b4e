"""What a backup says of itself, in its file backup.json."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from deployments.backup.store import BackupStore
from services.errors import ConfigError

FILE = "backup.json"


@dataclass(frozen=True)
class DatabaseCopy:
    """One database of a backup; `rows` by `schema.table`, at the moment of the dump."""

    file: str
    bytes: int
    server_version: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Contents:
    """The databases of a backup, by name: data, prefect.

    `archive` is where the raw archive lies, which is not copied; None where none is kept.
    """

    databases: Mapping[str, DatabaseCopy]
    archive: str | None = None

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self), indent=1).encode()


def read_contents(store: BackupStore, name: str) -> Contents:
    """What is in the backup `name`.

    Raises:
        ConfigError: there is no complete one of that name.
    """
    known = store.names()
    if name not in known:
        newest = known[-1] if known else "none"
        raise ConfigError(f"no backup {name}: see `bdc backups` (the newest: {newest})")
    found = json.loads(b"".join(store.read(name, FILE)))
    copies = {key: DatabaseCopy(**facts) for key, facts in found["databases"].items()}
    return Contents(copies, found.get("archive"))
