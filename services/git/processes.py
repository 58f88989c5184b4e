"""git's processes: how they are called, fed, watched and ended.

Nothing here depends on who runs it: no user or system configuration, no prompt, English messages.
"""

import fcntl
import io
import os
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import IO, Self, cast

import psutil

from services.errors import CollectorError, ConfigError

PIPE_BYTES = 1 << 20  # the most Linux gives a user's pipe: git works ahead this far
COMPLAINT_BYTES = 1 << 14  # of what git says on stderr, the end
NARROWEST_PIPE = 4096  # bytes, where the system does not tell
IDLE_SHARE = 0.02  # of a processor, what a git that waits for the network uses at most
ENDING_SECONDS = 5.0  # between asking a process to end and forcing it

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CONFIGURATION = {
    "safe.directory": "*",  # repositories and mirrors may belong to another user
    "core.attributesFile": os.devnull,  # attributes would change what counts as binary
    "attr.tree": _EMPTY_TREE,
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "protocol.file.allow": "always",
    "fetch.unpackLimit": "1",  # packs, never loose objects: one file a fetch
}
_VARIABLES = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=30"
# Of the caller's own git variables only those that say how to reach a host.
_INHERITED = ("GIT_SSH", "GIT_SSL_", "GIT_PROXY_", "GIT_EXEC_PATH")


_COMPLAINT = re.compile(r"^(?:error|fatal): |broken ref", re.MULTILINE)


class GitFailed(CollectorError):
    """git ended with an error; the message is git's own, on one line."""


def child_environment(
    inherited: Mapping[str, str], configuration: Mapping[str, str], *, protocols: str
) -> dict[str, str]:
    """The whole environment of a git process.

    Configuration goes in variables, not in arguments: a token must not show in a process list.
    `protocols` are the only ones git may use, "none" for a process that has no business outside.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("GIT_") or name.startswith(_INHERITED)
    }
    settings = {**_CONFIGURATION, **configuration}
    pairs = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        pairs |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    ssh = {} if "GIT_SSH" in kept else {"GIT_SSH_COMMAND": _SSH}
    return {**ssh, **kept, **_VARIABLES, **pairs, "GIT_ALLOW_PROTOCOL": protocols}


def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int | IO[bytes],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """A git process in a group of its own: Ctrl-C reaches us alone, and `end` all it has started.

    Raises:
        ConfigError: there is no git.
    """
    try:
        return subprocess.Popen(
            ["git", *arguments],
            env=dict(environment),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd="/",  # never inside a repository that git could take for the mirror
            bufsize=PIPE_BYTES,
            process_group=0,
            pass_fds=keep_open,
        )
    except FileNotFoundError:
        raise ConfigError("git is not installed, or not on the PATH") from None


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks the group to end, then forces it; nothing is left behind, not even a zombie."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            _send(process, number)
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):  # what a dead process has not read any more
            if pipe is not None:
                pipe.close()


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING_SECONDS)


def run_watched(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stall_seconds: float,
    keep_open: Sequence[int] = (),
) -> bytes:
    """Runs a git that talks to a source, and returns its stdout.

    git has to show progress (`--progress`): one that says nothing for `stall_seconds` and hardly
    uses the processor meanwhile waits for a source that does not answer. What it has computed
    before counts for the first such pause, so it may take twice as long to be noticed.

    Raises:
        GitFailed: with the end of stderr.
        TimeoutError: stalled.
    """
    with tempfile.TemporaryFile() as output:
        process = start(
            arguments,
            environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            keep_open=keep_open,
        )
        try:
            complaint = _watch(process, stall_seconds)
            if process.wait(ENDING_SECONDS):
                raise GitFailed(complaint)
        finally:
            end(process)
        output.seek(0)
        return output.read()


def _watch(process: subprocess.Popen[bytes], stall_seconds: float) -> str:
    """Reads stderr to its end; keeps the last of it."""
    said = b""
    stderr = cast("io.BufferedReader", process.stderr)
    with selectors.DefaultSelector() as selector:
        selector.register(stderr, selectors.EVENT_READ)
        _await_word(selector, process.pid, stall_seconds)
        while block := os.read(stderr.fileno(), PIPE_BYTES):
            said = (said + block)[-COMPLAINT_BYTES:]
            _await_word(selector, process.pid, stall_seconds)
    return said.decode("utf-8", "replace")


def _await_word(selector: selectors.BaseSelector, pid: int, stall_seconds: float) -> None:
    used = 0.0
    while not selector.select(stall_seconds):
        used_before, used = used, _processor_seconds(pid)
        if used - used_before < IDLE_SHARE * stall_seconds:
            raise TimeoutError(f"no progress for {stall_seconds:g} seconds")


def _processor_seconds(pid: int) -> float:
    """What a process and everything it has started, ended ones too, have used of the processor.

    All at one moment: when one of them ends meanwhile, what it has used is looked for again, where
    its parent counts it.
    """
    while psutil.pid_exists(pid):
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            return sum(map(_own_seconds, (parent, *parent.children(recursive=True))))
    return 0.0


def _own_seconds(process: psutil.Process) -> float:
    """With those of its children that have ended; none where the system tells nothing of a dead one."""
    try:
        times = process.cpu_times()
    except psutil.ZombieProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


class Child:
    """A git that works on a mirror, with pipes for its input and output; a context that ends it."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        stdin: int | IO[bytes] = subprocess.PIPE,
    ) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = start(
            arguments,
            environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self.stdout = cast("io.BufferedReader", self._process.stdout)
        self._stdin = cast("io.BufferedWriter", self._process.stdin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        end(self._process)
        self._stderr.close()

    def widen(self) -> int:
        """Makes the pipes as wide as the system allows; returns how much fits into stdin's."""
        if not hasattr(fcntl, "F_SETPIPE_SZ"):
            return NARROWEST_PIPE
        for pipe in (self._stdin, self.stdout):
            with suppress(OSError):  # a user's pipes may be used up: then they stay as they are
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return fcntl.fcntl(self._stdin, fcntl.F_GETPIPE_SZ)

    def tell(self, lines: bytes) -> None:
        """Writes to stdin and sends it off.

        Raises:
            GitFailed: git is gone.
        """
        try:
            self._stdin.write(lines)
            self._stdin.flush()
        except BrokenPipeError:
            raise self.failure() from None

    def blocks(self) -> Iterator[bytes]:
        """The output as it comes."""
        return iter(partial(self.stdout.read1, PIPE_BYTES), b"")

    def complaint(self) -> str:
        """The end of what git has said on stderr."""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - COMPLAINT_BYTES))
        return self._stderr.read().decode("utf-8", "replace")

    def succeeded(self) -> bool:
        """Waits for the end; a broken reference is left out with no more than a warning."""
        return self._process.wait() == 0 and not _COMPLAINT.search(self.complaint())

    def failure(self) -> GitFailed:
        """Why git has ended, once it has."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        return GitFailed(last_words(self.complaint()) or "git ended without a word")


def ask(
    arguments: Sequence[str], environment: Mapping[str, str], question: bytes
) -> Iterator[bytes]:
    """The lines of git's answer, without their ends.

    The question is a file, not a pipe: however long it is, nobody waits for the other to read.

    Raises:
        GitFailed: git ended with an error; what was yielded before may be incomplete.
    """
    with tempfile.TemporaryFile() as stdin:
        stdin.write(question)
        stdin.seek(0)
        with Child(arguments, environment, stdin) as git:
            for line in git.stdout:
                yield line.rstrip(b"\n")
            if not git.succeeded():
                raise git.failure()


def last_words(complaint: str) -> str:
    """The line of stderr that says why git gave up, without its prefix."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", complaint) if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: ", "ERROR: "))]
    chosen = (fatal or lines or [""])[-1]
    return chosen.partition(": ")[2] if chosen in fatal else chosen
