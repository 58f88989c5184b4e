"""A document's commands, run one after the other in a copy of the repository, with what they print.

Blocks: `sh` and `python` are run (`fails=N`: the last command exits with N; `terminal=N`: it stays
running), the `text` after it is what it prints, in which … stands for anything, and `diff` is an
edit. A comment before a block says why it is not run here: `<!-- needs: Docker -->` or
`<!-- run by: tests/… -->`.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.local_stack import ROOT, poll

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[a-z ]+): (?P<what>[^\n]+) -->\n)?"
    r"^```(?P<kind>\w+)?(?P<options>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RUN = ("sh", "python")
_END_OF_BLOCK = "---- end of block ----"
_END_OF_PROGRAM = "end_of_program"
COMMAND_SECONDS = 900
STACK_SECONDS = 300


@dataclass(frozen=True)
class Block:
    """One fenced block, its line in its page, and why nobody runs it here, if so."""

    kind: str
    options: Mapping[str, str]
    text: str
    line: int
    mark: str
    what: str


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        options = dict(option.split("=") for option in found["options"].split())
        line = text.count("\n", 0, found.start("text"))
        mark, what = found["mark"] or "", found["what"] or ""
        yield Block(found["kind"] or "", options, found["text"], line, mark, what)


def copy_of_repository(folder: Path) -> Path:
    """What is committed or could be. Without our virtual environment: `make` makes one there."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    there = [os.fsdecode(name) for name in names if name and (ROOT / os.fsdecode(name)).exists()]
    subprocess.run(
        ["cp", "--preserve", "--parents", "--target-directory", str(folder), *there],
        cwd=ROOT,
        check=True,
    )
    return folder


@dataclass
class Walkthrough:
    """One reader: a folder, an environment, the terminals left open, and what was printed last."""

    folder: Path
    environment: dict[str, str]
    replaced: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    terminals: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.terminals:
            if process.poll() is None:  # as Ctrl-C does it: all that runs in the terminal
                os.killpg(process.pid, signal.SIGINT)
            process.wait(COMMAND_SECONDS)

    def follow(self, block: Block) -> None:
        """Do what the block says."""
        match block.kind:
            case "sh" if "terminal" in block.options:
                self._open_terminal(block.text)
            case "sh":
                self._run(block.text, int(block.options.get("fails", 0)))
            case "python":
                self._execute(f"python - <<'{_END_OF_PROGRAM}'\n{block.text}{_END_OF_PROGRAM}", 0)
            case "diff":
                self._edit(block.text)
            case "text":
                assert matches(block.text, self.said), f"expected:\n{block.text}\ngot:\n{self.said}"
            case _:
                raise AssertionError(f"a block of an unknown kind: {block}")

    def _run(self, script: str, status: int) -> None:
        *before, last = _commands(script)
        self._execute("\n".join(["set -e", *before, "set +e", last]), status)

    def _execute(self, program: str, status: int) -> None:
        """The environment that the commands leave is the next block's."""
        for written, meant in self.replaced.items():
            program = program.replace(written, meant)
        ending = f"\nstatus=$?; echo '{_END_OF_BLOCK}'; env -0; exit $status"
        ended = subprocess.run(
            ["bash", "-c", program + ending],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said, _, environment = ended.stdout.decode().partition(_END_OF_BLOCK + "\n")
        assert ended.returncode == status, f"{program}\nexited with {ended.returncode}:\n{said}"
        self.said = said
        self.environment = dict(
            variable.partition("=")[::2] for variable in environment.split("\0") if variable
        )

    def _open_terminal(self, script: str) -> None:
        log = self.folder.parent / "terminal.log"
        with log.open("wb") as output:
            command = ["bash", "-c", f"exec {script.strip()}"]
            self.terminals.append(
                subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=self.environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

        def running() -> bool:
            said = log.read_text()
            assert self.terminals[-1].poll() is None, said
            return "Running; Ctrl-C stops everything" in said

        poll(running, STACK_SECONDS, f"{script} is up; see {log}")

    def _edit(self, difference: str) -> None:
        ended = subprocess.run(
            ["git", "apply", "--verbose", "-"],
            cwd=self.folder,
            input=difference.encode(),
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()


def matches(expected: str, said: str) -> bool:
    """Whether that was said, as far as … leaves it open; spaces at the ends of lines are nothing."""
    wanted = "\n".join(line.rstrip() for line in expected.strip("\n").splitlines())
    present = "\n".join(line.rstrip() for line in said.strip("\n").splitlines())
    pattern = ".*".join(re.escape(part) for part in wanted.split("…"))
    return re.fullmatch(pattern, present, re.DOTALL) is not None


def _commands(script: str) -> list[str]:
    """Its lines; those inside a quoted text belong together."""
    commands: list[str] = []
    for line in script.strip("\n").split("\n"):
        if commands and commands[-1].count('"') % 2:
            commands[-1] += f"\n{line}"
        else:
            commands.append(line)
    return commands
