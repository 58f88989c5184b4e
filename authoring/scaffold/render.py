"""From the template and the answers to the texts of a room."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cookiecutter.exceptions import CookiecutterException
from cookiecutter.generate import generate_context, generate_files
from cookiecutter.prompt import prompt_for_config

from authoring.scaffold.answers import Answers
from services.errors import ConfigError

TEMPLATE = "cookiecutter-collector"
# What each kind of room has, and what all of them have.
SHARED = "every"
SNIPPETS = "snippets/"


@dataclass(frozen=True, slots=True)
class Rendered:
    """`files` by their place in the repository; `snippets`, what goes into others, by their name."""

    files: Mapping[str, str]
    snippets: Mapping[str, str]


def render_room(root: Path, answers: Answers) -> Rendered:
    """The room as the template of the repository at `root` makes it today, formatted.

    Raises:
        ConfigError: the template is broken.
    """
    template = root / TEMPLATE
    with tempfile.TemporaryDirectory(prefix="bdc-new-") as folder:
        rendered = _rendered(template, answers, Path(folder))
        _format(root, rendered)
        texts = {**_texts(rendered / SHARED), **_texts(rendered / answers.kind)}
    files = {path: text for path, text in texts.items() if not path.startswith(SNIPPETS)}
    snippets = {path.removeprefix(SNIPPETS): texts[path] for path in texts.keys() - files.keys()}
    return Rendered(files, snippets)


def _rendered(template: Path, answers: Answers, folder: Path) -> Path:
    """Through cookiecutter's own steps, without its hooks and without the replay it keeps at home."""
    revisions = {"__revision": answers.revision, "__down_revision": answers.down_revision}
    given = {name: value for name, value in asdict(answers).items() if "revision" not in name}
    try:
        context = generate_context(str(template / "cookiecutter.json"), extra_context=given)
        filled = {**prompt_for_config(context, no_input=True), **revisions}
        context = {"cookiecutter": filled}
        made = generate_files(str(template), context, output_dir=str(folder), accept_hooks=False)
    except CookiecutterException as error:
        raise ConfigError(f"{template} cannot be rendered: {error}") from error
    return Path(made)


def _format(root: Path, folder: Path) -> None:
    """How names of different lengths break lines and sort imports, no template can know."""
    settings = ["--config", str(root / "pyproject.toml"), "--no-cache", "--quiet", str(folder)]
    _ruff("check", "--select", "I", "--fix-only", *settings)
    _ruff("format", *settings)


def _ruff(*arguments: str) -> None:
    command = [sys.executable, "-m", "ruff", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"what the template renders cannot be formatted: {done.stderr.strip()}")


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
