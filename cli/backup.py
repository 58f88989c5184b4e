"""`bdc backup`, `bdc backups` and `bdc restore`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import SecretStr

from cli.output import Json, console, show
from deployments.backup.contents import Contents, read_contents
from deployments.backup.making import make_backup
from deployments.backup.postgres import Address
from deployments.backup.restoring import restore_backup
from deployments.backup.store import BackupStore
from services.archive.place import open_archive
from services.errors import ConfigError
from services.redaction import redact
from services.settings import PlatformSettings, load_settings, require_database_url

DATA = "data"
PREFECT = "prefect"
PREFECT_SETTING = "PREFECT_API_DATABASE_CONNECTION_URL"
Flag = Annotated[bool, Parameter(negative="")]


def backup() -> None:
    """Copy our database, and Prefect's where its address is set, to BACKUP_TARGET.

    Example: `BACKUP_TARGET=/srv/backups bdc backup`

    Everybody goes on working meanwhile. Afterwards all but the newest BACKUP_KEEP are removed.
    """
    settings, now = load_settings(), datetime.now(UTC)
    store = BackupStore(_target(settings))
    databases = {DATA: _data(settings)}
    if settings.prefect_api_database_connection_url is not None:
        databases[PREFECT] = _prefect(settings.prefect_api_database_connection_url)
    name, contents = make_backup(store, databases, now, _archive(settings))
    _say(f"backup {name} in {_target(settings)}")
    _say_contents(contents)
    _say_archive(contents)
    for old in store.prune(settings.backup_keep, now):
        _say(f"removed {old}")


def backups(*, verify: Flag = False, json: Json = False) -> None:
    """List the complete backups, oldest first.

    Example: `bdc backups --verify`

    Args:
        verify: Read all of them, and fail at the first one that is damaged.
        json: Print JSON, for programs.
    """
    store = BackupStore(_target(load_settings()))
    names = store.names()
    if verify:
        for name in names:
            store.verify(name)
    rows = [row for name in names for row in _rows(name, read_contents(store, name))]
    show(rows, as_json=json, empty="No backups yet.")


def restore(name: str, *, replace: Flag = False, prefect: Flag = False) -> None:
    """Put a backup back into the database that is set now, all of it or nothing.

    Example: `bdc restore latest --replace`

    Stop what writes there first; for another database than the usual one, set DATABASE_URL.

    Args:
        name: The backup; `latest` is the newest.
        replace: Drop what the database holds.
        prefect: Prefect's database too. Its server must be stopped.
    """
    settings = load_settings()
    store = BackupStore(_target(settings))
    databases = {DATA: _data(settings)}
    if prefect:
        databases[PREFECT] = _prefect(settings.prefect_api_database_connection_url)
    chosen = _newest(store) if name == "latest" else name
    contents = restore_backup(store, chosen, databases, replace=replace)
    _say(f"restored {chosen}: every table has the rows that it had")
    _say_contents(Contents({key: contents.databases[key] for key in databases}))
    _say_archive(contents)
    _compare_archive(contents, _archive(settings))
    _say("next: `bdc db upgrade`, and `bdc db roles` where roles of their own are used")


def _target(settings: PlatformSettings) -> str:
    return settings.backup_target or str(settings.home / "backups")


def _data(settings: PlatformSettings) -> Address:
    return Address("DATABASE_URL", require_database_url(settings))


def _prefect(url: SecretStr | None) -> Address:
    if url is None:
        raise ConfigError(
            f"{PREFECT_SETTING} is not set: where Prefect's database is to be restored"
        )
    return Address(PREFECT_SETTING, url.get_secret_value())


def _archive(settings: PlatformSettings) -> str | None:
    place = open_archive(settings)
    return place.url if place else None


def _newest(store: BackupStore) -> str:
    if not (names := store.names()):
        raise ConfigError("BACKUP_TARGET: there is no backup yet")
    return names[-1]


def _say_contents(contents: Contents) -> None:
    for row in _rows("", contents):
        _say(f"{row['database']}: {row['tables']} tables, {row['rows']} rows, {row['bytes']} bytes")


def _say_archive(contents: Contents) -> None:
    if contents.archive is not None:
        segments = contents.databases[DATA].rows.get("public.archive_segment", 0)
        _say(f"raw archive: {segments} segments in {contents.archive}: not copied, they are files")


def _compare_archive(contents: Contents, here: str | None) -> None:
    """What is restored lists files: whoever reads them has to look where they lie."""
    if contents.archive not in {None, here}:
        _say(
            f"RAW_ARCHIVE_URL leads to {here or 'no archive'}, and these segments are not there:"
            " set it to where they are, or move them"
        )


def _rows(name: str, contents: Contents) -> list[dict[str, Any]]:
    def row(database: str, rows: Mapping[str, int], size: int) -> dict[str, Any]:
        facts = {"backup": name, "database": database, "tables": len(rows)}
        return {**facts, "rows": sum(rows.values()), "bytes": size}

    return [row(key, copy.rows, copy.bytes) for key, copy in contents.databases.items()]


def _say(line: str) -> None:
    console.print(redact(line), markup=False)
