"""The account that runs PostgreSQL's programs: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.errors import ConfigError

ACCOUNT_NAMES = ("postgres", "nobody")
# Bits of CapEff in /proc/self/status, weakest first. Containers often withhold the first.
CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True)
class SystemAccount:
    """Ids to own files, and what stands before a command to run it under those ids."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Give `path` to this account; without a prefix it is ours already."""
        if self.prefix:
            os.chown(path, self.uid, self.gid)


def find_account(paths: Iterable[Path]) -> SystemAccount:
    """Ourselves, or for root an unprivileged account that can reach `paths`.

    Directories closed to that account (a 0700 home) are opened by a capability, not by changing
    their modes.

    Raises:
        ConfigError: we are root and this system cannot start a program as another account.
    """
    if os.geteuid() != 0:
        return SystemAccount(os.geteuid(), os.getegid())
    entry = _first_entry()
    closed = [path for path in paths if not _may_reach(path, entry)]
    return SystemAccount(entry.pw_uid, entry.pw_gid, _prefix(entry, closed))


def require_reach(programs: Path) -> None:
    """Refuse a folder of programs that only a capability would open to their account.

    PostgreSQL's programs look for one another with access(2), which heeds no capability.

    Raises:
        ConfigError: we are root, and a directory above the programs is closed to that account.
    """
    if os.geteuid() != 0:
        return
    entry = _first_entry()
    if not _may_reach(programs / "initdb", entry):
        raise ConfigError(
            f"PostgreSQL does not run as root and its account {entry.pw_name} may not enter {programs}:"
            " make the virtual environment below a directory open to all, run as a normal user,"
            " or set DATABASE_URL"
        )


def _first_entry() -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ACCOUNT_NAMES:
        if name in known:
            return known[name]
    raise ConfigError(
        "PostgreSQL does not run as root and there is no account 'postgres' or 'nobody':"
        " run as a normal user or set DATABASE_URL"
    )


def _prefix(entry: pwd.struct_passwd, closed: list[Path]) -> tuple[str, ...]:
    program = shutil.which("setpriv")
    if program is None:
        raise ConfigError(
            "PostgreSQL does not run as root and `setpriv` (util-linux) is missing:"
            " run as a normal user or set DATABASE_URL"
        )
    ids = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    return (program, *ids, *(_capability_options(closed[0]) if closed else ()))


def _capability_options(closed: Path) -> tuple[str, ...]:
    held = _effective_capabilities()
    for name, bit in CAPABILITIES.items():
        if held >> bit & 1:
            return (f"--inh-caps=+{name}", f"--ambient-caps=+{name}")
    raise ConfigError(
        f"PostgreSQL does not run as root and its account cannot reach {closed}:"
        " set BDC_HOME to a directory open to all, run as a normal user, or set DATABASE_URL"
    )


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _may_reach(path: Path, entry: pwd.struct_passwd) -> bool:
    return all(_may_enter(parent.stat(), entry) for parent in path.parents if parent.exists())


def _may_enter(directory: os.stat_result, entry: pwd.struct_passwd) -> bool:
    if directory.st_uid == entry.pw_uid:
        return bool(directory.st_mode & stat.S_IXUSR)
    if directory.st_gid == entry.pw_gid:
        return bool(directory.st_mode & stat.S_IXGRP)
    return bool(directory.st_mode & stat.S_IXOTH)
