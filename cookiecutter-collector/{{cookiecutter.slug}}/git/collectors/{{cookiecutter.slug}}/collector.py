"""The hooks: list the references, store them, mark those that are gone."""

from typing import ClassVar

from collectors import AbstractCollector
from collectors.{{ cookiecutter.slug }}.client import list_references
from collectors.{{ cookiecutter.slug }}.parsing import Reference, RejectedReference, read_listing
from collectors.{{ cookiecutter.slug }}.services import mark_deleted, store_references
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from services.errors import ConfigError
from services.git.source import parse_repository
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "references"


class {{ cookiecutter.__class_name }}(AbstractCollector):
    """Collects the references of one repository."""

    name: ClassVar[str] = "{{ cookiecutter.slug }}"

    def __init__(self, *, repository: str, settings: {{ cookiecutter.__class_name }}Settings) -> None:
        self._repository = repository
        self._settings = settings

    @property
    def source_key(self) -> str:
        """`owner/name` on GitHub, `host/path` elsewhere; what was given, where that cannot be one."""
        try:
            return parse_repository(self._repository).source_key
        except ConfigError:
            return self._repository

    def validate_config(self) -> None:
        """The repository can be one."""
        parse_repository(self._repository)

    def collect(self, run: Run) -> CollectResult:
        """All references in one transaction: git's answer is whole, or an error."""
        answer = list_references(self._repository, self._settings.stall_seconds)
        listing = list(read_listing(answer))
        references = [one for one in listing if isinstance(one, Reference)]
        rejected = [one for one in listing if isinstance(one, RejectedReference)]
        with run.transaction() as session:
            written = store_references(session, self.source_key, references)
            written += mark_deleted(session, self.source_key, {one.name for one in references})
            run.set_aside(session, STREAM, [_letter(one) for one in rejected])
        run.add(CollectResult(len(listing), len(rejected), {"reference": written}))
        return run.result


def _letter(rejected: RejectedReference) -> SetAside:
    """Known by its name: the object that it stands for changes."""
    name = rejected.line.partition("\t")[2] or rejected.line
    return SetAside(item_key=name, payload={"line": rejected.line}, error=rejected.reason)
