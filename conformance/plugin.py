"""The pytest plugin: the fixture `promise`, one for each room and check, and the list of exemptions.

Nothing here is imported or started for a session that does not ask for `promise`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from conformance.bench import Bench
    from conformance.databases import Databases
    from conformance.rooms import Room
    from deployments.local.postgres import EmbeddedPostgres

EXEMPTION = "exemption"
# Prefect's own client leaves sockets open.
QUIET = "ignore:unclosed:ResourceWarning"


@dataclass(frozen=True)
class Promise:
    """One check of one room; `reason` says why the room need not keep it."""

    bench: Bench
    check: str
    reason: str | None

    def keep(self) -> None:
        """Check it.

        Raises:
            BrokenPromise: the room does not keep it, or is exempt and keeps it nevertheless.
        """
        from conformance.checks import CHECKS  # noqa: PLC0415 - for sessions that check
        from conformance.promises import BrokenPromise, require  # noqa: PLC0415
        from conformance.subject import NotApplicable  # noqa: PLC0415

        try:
            CHECKS[self.check](self.bench)
        except NotApplicable as error:
            require(
                self.reason is not None, f"{error}: write the reason under `Exempt:` in the room"
            )
        except BrokenPromise:
            if self.reason is None:
                raise
        else:
            require(self.reason is None, f"exempt because {self.reason}, but the promise is kept")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`promise` stands for every check of every room in this repository."""
    if "promise" not in metafunc.fixturenames:
        return
    from conformance.checks import CHECKS, ON_PREFECT  # noqa: PLC0415
    from conformance.rooms import rooms_of  # noqa: PLC0415

    on_server = [pytest.mark.xdist_group("prefect"), pytest.mark.filterwarnings(QUIET)]
    cases = [
        pytest.param(
            (room, check), id=f"{room.name}-{check}", marks=on_server if check in ON_PREFECT else []
        )
        for room in rooms_of(metafunc.config.rootpath)
        for check in CHECKS
    ]
    metafunc.parametrize("promise", cases, indirect=True)


@pytest.fixture
def promise(
    request: pytest.FixtureRequest, conformance_databases: Databases, tmp_path: Path
) -> Promise:
    """One check of one room."""
    from conformance.bench import Bench  # noqa: PLC0415
    from conformance.checks import ON_PREFECT  # noqa: PLC0415

    room, check = request.param
    reason = _exemptions(room).get(check)
    if reason is not None:
        request.node.user_properties.append((EXEMPTION, f"{room.name}: {check} — {reason}"))
    api_url = request.getfixturevalue("conformance_prefect") if check in ON_PREFECT else ""
    return Promise(Bench(room, conformance_databases, tmp_path, api_url), check, reason)


@pytest.fixture(scope="session")
def conformance_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this session's own; a repository that has one anyway may give that instead."""
    from conformance.servers import quick_folder, start_quick_postgres  # noqa: PLC0415

    with quick_folder("bdc-kit-") as base:
        server = start_quick_postgres(base)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def conformance_databases(
    conformance_postgres: EmbeddedPostgres, request: pytest.FixtureRequest
) -> Databases:
    """Clones of a database with the tables of the platform and of every room here."""
    from conformance.databases import make_template  # noqa: PLC0415
    from conformance.rooms import rooms_of  # noqa: PLC0415

    for room in rooms_of(request.config.rootpath):
        room.build()
    return make_template(conformance_postgres, "conformance_template")


@pytest.fixture(scope="session")
def conformance_prefect() -> Iterator[str]:
    """The API of a Prefect server of this session's own; another one may be given instead."""
    from conformance.servers import running_prefect  # noqa: PLC0415

    with running_prefect() as server:
        yield server.api_url


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Every exemption, so that none is forgotten."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    found = {
        text
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == EXEMPTION
    }
    if found:
        terminalreporter.section("exempt from promises")
        for text in sorted(found):
            terminalreporter.write_line(text)


def _exemptions(room: Room) -> dict[str, str]:
    """Those of a room; an unknown promise cannot be one."""
    from conformance.checks import CHECKS  # noqa: PLC0415
    from conformance.promises import require  # noqa: PLC0415

    found = room.entry.exemptions()
    unknown = [name for name in found if name not in CHECKS]
    require(not unknown, f"{room.name} is exempt from {', '.join(unknown)}: no such promise")
    return found
