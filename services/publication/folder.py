"""Pages in a folder of this machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.errors import ConfigError
from services.publication.pages import Plan

# Half a file lies here, if anywhere, and the next one takes its place.
_UNFINISHED = ".writing"


@dataclass(frozen=True, slots=True)
class FolderTree:
    """A folder; whatever else lies in it is left alone."""

    root: Path

    def markers(self) -> Iterable[str]:
        """Paths of the files that say whose a folder is."""
        found = self.root.glob("*/*/repository-*.md")
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def apply(self, plan: Plan, message: str) -> None:
        """Do it; done before, it changes nothing. Killed in between, it can be done again.

        Raises:
            ConfigError: the folder cannot be written to.
        """
        del message
        try:
            self._apply(plan)
        except OSError as error:
            raise ConfigError(f"{self.root} cannot be written to: {error}") from error

    def _apply(self, plan: Plan) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for old, new in plan.moves:
            _move(self.root / old, self.root / new)
        for path in plan.removals:
            (self.root / path).unlink(missing_ok=True)
        for path, content in plan.files.items():
            self._write(self.root / path, content)

    def _write(self, file: Path, content: bytes) -> None:
        """Whoever reads meanwhile sees the old file or the new one."""
        if file.is_file() and file.read_bytes() == content:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.root / _UNFINISHED
        unfinished.write_bytes(content)
        unfinished.replace(file)


def _move(old: Path, new: Path) -> None:
    """File by file, what says whose the folder is last: until then it counts as not moved."""
    files = [path for path in old.rglob("*") if path.is_file()]
    for file in sorted(files, key=lambda path: (path.parent == old, path)):
        target = new / file.relative_to(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    folders = sorted((path for path in old.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*folders, old):
        folder.rmdir()
