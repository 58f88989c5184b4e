"""All files or none, whatever happens half-way."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from authoring.scaffold.install import Changes, install
from services.errors import ConfigError
from tests.support.checkout import texts_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files, one of them in a folder."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.md").write_text("old\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


class Interrupted(dict[str, str | None]):
    """Changes during whose making somebody presses Ctrl-C: after the third."""

    def __iter__(self) -> Iterator[str]:
        yield from list(self.keys())[:3]
        raise KeyboardInterrupt


def folders(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}


def test_files_are_made_changed_and_removed(root: Path) -> None:
    install(root, {"a/b/new.md": "new\n", "run.sh": "#!/bin/bash\n", "docs/old.md": None})
    assert texts_of(root) == {"a/b/new.md": b"new\n", "run.sh": b"#!/bin/bash\n"}
    assert os.access(root / "run.sh", os.X_OK)


@pytest.mark.parametrize("blocked", ["run.sh/below.md", "docs"])
def test_a_file_that_cannot_be_written_leaves_everything_as_it_was(
    root: Path, blocked: str
) -> None:
    before = texts_of(root), folders(root)
    changes: Changes = {"a/b/new.md": "new\n", "docs/old.md": "edited\n", blocked: "no\n"}
    with pytest.raises(ConfigError, match=r"(run\.sh|docs).*; nothing was changed"):
        install(root, changes)
    assert (texts_of(root), folders(root)) == before


def test_an_interruption_half_way_leaves_everything_as_it_was(root: Path) -> None:
    before = texts_of(root), folders(root)
    changes = {"a/b/new.md": "new\n", "docs/old.md": "edited\n", "run.sh": None, "z.md": "z\n"}
    with pytest.raises(KeyboardInterrupt):
        install(root, Interrupted(changes))
    assert (texts_of(root), folders(root)) == before
    assert os.access(root / "run.sh", os.X_OK)


def test_folders_of_somebody_else_s_files_stay(root: Path) -> None:
    (root / "docs" / "blocked").write_text("in the way\n")
    with pytest.raises(ConfigError):
        install(root, {"docs/new.md": "new\n", "docs/blocked/x.md": "no\n"})
    assert sorted(path.name for path in (root / "docs").iterdir()) == ["blocked", "old.md"]
