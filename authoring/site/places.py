"""Where the files of the repository stand in the site. Pure; nothing is read or written."""

import os.path
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

DOCS = PurePosixPath("docs")
SOURCE = PurePosixPath("source")
# The page that the site opens with is docs/README.md.
HOME, FRONT = "README.md", "front.md"
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# In Markdown, and where a picture has another one for the dark.
_LINK = re.compile(
    r"(?P<before>\]\(|\bsrc(?:set)?=\")(?!\w+:|#)(?P<name>[^)#\s\"]+)(?P<rest>#[^)\s\"]*)?(?=[)\"])"
)


def place(file: PurePosixPath) -> str:
    """The page, or picture, of a file of the repository; a folder has a page of its files."""
    if file.is_relative_to(DOCS):
        return file.relative_to(DOCS).as_posix()
    if file.suffix == ".md" and len(file.parts) == 1:
        return FRONT if file.name == HOME else file.name
    return (SOURCE / f"{file}.md").as_posix()


def target(page: PurePosixPath, name: str) -> PurePosixPath:
    """What a link names, said from the repository's root."""
    return PurePosixPath(posixpath.normpath(posixpath.join(page.parent, name)))


def links(page: PurePosixPath, text: str) -> Iterator[PurePosixPath]:
    """The files and folders that a page leads to."""
    for found in _LINK.finditer(_FENCE.sub("", text)):
        yield target(page, found["name"])


def relinked(page: PurePosixPath, text: str, is_folder: Callable[[PurePosixPath], bool]) -> str:
    """The same text with links as the site needs them; blocks of code stay as they are."""
    start = posixpath.dirname(place(page)) or "."

    def mended(found: re.Match[str]) -> str:
        file = target(page, found["name"])
        known = place(file / HOME) if is_folder(file) and file.is_relative_to(DOCS) else place(file)
        return found["before"] + os.path.relpath(known, start) + (found["rest"] or "")

    return outside_code(text, lambda prose: _LINK.sub(mended, prose))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with its prose changed and its blocks of code left alone."""
    parts: list[str] = []
    position = 0
    for block in _FENCE.finditer(text):
        parts += [change(text[position : block.start()]), block[0]]
        position = block.end()
    return "".join([*parts, change(text[position:])])
