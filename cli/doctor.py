"""`bdc doctor`: is everything set up, and if not, what to do."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx

import migrations
from cli.connection import connected
from cli.credentials import credentials
from cli.environment import prepare_prefect
from cli.output import Json, console, print_json
from cli.schedule_file import load_desired
from services.database import DatabaseError, encryption, server_version, table_sizes
from services.errors import CollectorError, ConfigError
from services.failures import classify_failure
from services.settings import PlatformSettings, load_settings, require_database_url

OLDEST_POSTGRESQL = 14


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, or what to do about it."""

    subject: str
    ok: bool
    detail: str


def doctor(*, json: Json = False) -> int:
    """Check settings, database, schema, Prefect, its scheduler, workers and credentials.

    Example: `bdc doctor`

    Every line says what to do. Fails when one of them is not fine.
    """
    findings = list(_findings())
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok  [/]" if finding.ok else "[red]FAIL[/]"
            console.print(f"{mark} {finding.subject:<12}", end="")
            console.print(finding.detail, markup=False)
    return 0 if all(finding.ok for finding in findings) else 1


def _findings() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except ConfigError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, f"environment {settings.bdc_environment}, home {settings.home}")
    yield _look("database", _database)
    yield _look("schema", lambda: _schema(settings))
    yield from _prefect(settings)
    yield _look("credentials", credentials)


def _look(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, check())
    except CollectorError as error:
        return Finding(subject, False, str(error))
    except (DatabaseError, httpx.HTTPError) as error:
        said = " ".join(str(getattr(error, "orig", error)).split())
        return Finding(subject, False, f"{classify_failure(error)}: {said}")


def _database() -> str:
    with connected() as database:
        number, size = server_version(database), sum(table_sizes(database).values())
        by = encryption(database)
    if number // 10000 < OLDEST_POSTGRESQL:
        raise ConfigError(
            f"PostgreSQL {number // 10000} is too old: use {OLDEST_POSTGRESQL} or newer"
        )
    way = (
        f"by {by}" if by else "not encrypted: see TLS in SECURITY.md where the network is not yours"
    )
    return f"PostgreSQL {number // 10000}.{number % 10000}, tables of {size / 1e6:.1f} MB, {way}"


def _schema(settings: PlatformSettings) -> str:
    url = require_database_url(settings)
    at, newest = migrations.current(url), migrations.head(url)
    if at != newest:
        raise ConfigError(
            f"at {at or 'nothing'}, this version needs {newest}: run `bdc db upgrade`"
        )
    return f"at {at}"


def _prefect(settings: PlatformSettings) -> Iterator[Finding]:
    try:
        api_url = prepare_prefect(settings)
    except ConfigError as error:
        yield Finding("prefect", False, str(error))
        return
    from deployments import probes  # noqa: PLC0415 - imports Prefect, seconds

    reached = _look("prefect", lambda: asyncio.run(probes.server(api_url)))
    yield reached
    if not reached.ok:
        return
    if settings.bdc_environment == "production":
        yield _look("access", lambda: asyncio.run(probes.guard(api_url)))
    yield _look("deployments", lambda: probes.deployments(api_url, load_desired(settings)))
    checks: dict[str, Callable[[], Any]] = {
        "scheduler": lambda: probes.scheduler(api_url),
        "worker": lambda: probes.workers(api_url, settings.bdc_work_pool),
    }
    for subject, probe in checks.items():
        yield _look(subject, lambda probe=probe: asyncio.run(probe()))  # type: ignore[misc]
