"""What ProperDocs calls while it builds the site: https://properdocs.org/user-guide/plugins/#events.

The pages are written for the repository, where they lead to its files and hold diagrams as Mermaid.
In the site these files have pages of their own, and diagrams are pictures: it needs no internet.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath

import mmdr
from properdocs.config.defaults import ProperDocsConfig
from properdocs.structure.files import File, Files
from properdocs.structure.pages import Page

from authoring.site.places import DOCS, FRONT, HOME, SOURCE, links, outside_code, place, relinked
from services.catalogue import list_collectors

COLLECTORS, DECISIONS, REFERENCE = "Collectors", "Decisions", "Reference"
# Longer files are named, not shown: locks, for instance.
MOST_CHARACTERS = 200_000
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTIONS = re.compile(r"^```(\w+) .*$", re.MULTILINE)
_NEEDS = re.compile(r"^<!-- needs: (.+) -->$", re.MULTILINE)


def on_config(config: ProperDocsConfig) -> ProperDocsConfig:
    """Fill the sections of the navigation that follow from the files that there are."""
    docs = Path(config.docs_dir)
    sections: dict[str, list[str]] = {
        name: pages for one in config.nav or [] for name, pages in one.items()
    }
    listed = {page for pages in sections.values() for page in pages}
    for name, pages in (
        (COLLECTORS, [f"{entry.name}.md" for entry in list_collectors(docs.parent / "collectors")]),
        (DECISIONS, _pages_in(docs, "adr")),
        (REFERENCE, _pages_in(docs, "reference")),
    ):
        sections[name] += [page for page in pages if page not in listed and (docs / page).is_file()]
    return config


def on_files(files: Files, config: ProperDocsConfig) -> Files:
    """Add the pages beside docs/, and what pages lead to."""
    root = _root(config)
    pages = [PurePosixPath(file.relative_to(root)) for file in root.glob("*.md")]
    waiting = [*pages, *(DOCS / file.src_uri for file in files.documentation_pages())]
    seen: set[PurePosixPath] = set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if not file.is_relative_to(DOCS):
            files.append(File.generated(config, place(file), content=_content(root, file)))
        if file.suffix == ".md":
            waiting += links(file, (root / file).read_text(encoding="utf-8"))
        elif not file.is_relative_to(DOCS) and (root / file).is_dir():
            waiting += _files_of(root, file)
    return files


def on_page_markdown(markdown: str, page: Page, config: ProperDocsConfig, files: Files) -> str:
    """Links as the site needs them, diagrams as pictures, and needs in words."""
    file = _origin(page.file.src_uri)
    root = _root(config)
    text = relinked(file, markdown, lambda found: (root / found).is_dir())
    text = _OPTIONS.sub(r"```\1", text)
    text = outside_code(text, lambda prose: _NEEDS.sub(r"*Needs \1:*\n", prose))
    up = "../" * page.file.src_uri.count("/")
    return _DIAGRAM.sub(lambda found: _picture(found[1], up, config, files), text)


def _pages_in(docs: Path, folder: str) -> list[str]:
    """The folder's own page first."""
    names = sorted(path.name for path in (docs / folder).glob("*.md"))
    return [f"{folder}/{name}" for name in sorted(names, key=lambda name: name != HOME)]


def _root(config: ProperDocsConfig) -> Path:
    return Path(config.docs_dir).parent


def _origin(uri: str) -> PurePosixPath:
    """The file that a page was made of."""
    if uri == FRONT:
        return PurePosixPath(HOME)
    page = PurePosixPath(uri)
    if page.is_relative_to(SOURCE):
        return page.relative_to(SOURCE).with_suffix("")
    return page if len(page.parts) == 1 and page.stem.isupper() and uri != HOME else DOCS / page


def _content(root: Path, file: PurePosixPath) -> str:
    """A page: of a document itself, of a file its text, of a folder its files."""
    there = root / file
    if there.is_dir():
        listed = [f"- [{one.name}]({file.name}/{one.name})" for one in _files_of(root, file)]
        return "\n".join([f"# {file}\n", *listed, ""])
    text = there.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return text
    kind = {".py": "python", ".yaml": "yaml", ".json": "json"}.get(file.suffix, "text")
    return f"# {file}\n\n~~~~{kind}\n{text[:MOST_CHARACTERS]}\n~~~~\n"


def _files_of(root: Path, folder: PurePosixPath) -> list[PurePosixPath]:
    found = sorted(path for path in (root / folder).iterdir() if path.is_file())
    return [PurePosixPath(path.relative_to(root)) for path in found]


def _picture(diagram: str, up: str, config: ProperDocsConfig, files: Files) -> str:
    name = f"diagrams/{hashlib.sha256(diagram.encode()).hexdigest()[:16]}.svg"
    if files.get_file_from_path(name) is None:
        files.append(File.generated(config, name, content=mmdr.render(diagram).svg()))
    return f"![The diagram]({up}{name}){{ .diagram }}"
