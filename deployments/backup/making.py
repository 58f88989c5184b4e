"""Making a backup."""

import subprocess
from collections.abc import Mapping
from datetime import datetime

from deployments.backup.contents import FILE, Contents, DatabaseCopy
from deployments.backup.postgres import Address, held_moment
from deployments.backup.programs import BLOCK_BYTES, running
from deployments.backup.store import BackupStore


def make_backup(
    store: BackupStore,
    databases: Mapping[str, Address],
    now: datetime,
    archive: str | None = None,
) -> tuple[str, Contents]:
    """Copy the databases; the new backup's name, and what is in it.

    Each is copied as it is at one moment, while everybody goes on working. Nothing of it counts
    until all of it is there. `archive` is where the raw archive lies, which is only pointed at.

    Raises:
        ConfigError: a database is not to be reached, or pg_dump is not installed.
        BackupFailed: pg_dump failed.
    """
    name = store.create(now)
    sums: dict[str, str] = {}
    copies = {key: _copy(store, name, key, sums, at) for key, at in databases.items()}
    contents = Contents(copies, archive)
    with store.write(name, FILE) as file:
        file.write(contents.to_bytes())
    store.complete(name, {**sums, FILE: file.sha256})
    return name, contents


def _copy(
    store: BackupStore, name: str, key: str, sums: dict[str, str], address: Address
) -> DatabaseCopy:
    target = f"{key}.dump"
    with (
        held_moment(address) as moment,
        running(
            "pg_dump",
            "--format=custom",
            "--no-password",
            f"--snapshot={moment.snapshot}",
            environment=address.environment(),
            stdout=subprocess.PIPE,
        ) as program,
        store.write(name, target) as file,
    ):
        while block := program.stdout.read(BLOCK_BYTES):
            file.write(block)
        program.require_success()
    sums[target] = file.sha256
    return DatabaseCopy(target, file.size, moment.server_version, moment.rows)
