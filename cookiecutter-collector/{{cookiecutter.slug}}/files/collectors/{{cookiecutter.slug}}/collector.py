"""The hooks: find the files that have changed, store their records, mark those that are gone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar

from collectors import AbstractCollector
from collectors.{{ cookiecutter.slug }}.client import Reading, content_digest, find_files
from collectors.{{ cookiecutter.slug }}.parsing import Record, RejectedRecord
from collectors.{{ cookiecutter.slug }}.services import mark_deleted, store_records
from services.errors import ConfigError, SourceUnavailable
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "files"
BATCH_RECORDS = 1000
Read = Record | RejectedRecord
Digests = dict[str, str]  # file → of the content stored last


class {{ cookiecutter.__class_name }}(AbstractCollector):
    """Collects the records of the files in one folder."""

    name: ClassVar[str] = "{{ cookiecutter.slug }}"

    def __init__(self, *, folder: str) -> None:
        self._given = folder
        self._folder = Path(folder).expanduser().absolute()

    @property
    def source_key(self) -> str:
        """The folder's absolute path."""
        return str(self._folder)

    def validate_config(self) -> None:
        """The folder is one."""
        if not self._given.strip() or not self._folder.is_dir():
            raise ConfigError(f"folder {self._given!r} is none")

    def collect(self, run: Run) -> CollectResult:
        """Each file that has changed; the cursor moves past a file when all of it is stored.

        Raises:
            SourceUnavailable: the folder is empty though it was not: perhaps it is not mounted.
        """
        stored: Digests = (run.read_cursor(STREAM) or {"files": {}})["files"]
        files = find_files(self._folder)
        if stored and not files:
            raise SourceUnavailable(f"{self._folder} has none of its files any more: is it mounted?")
        for name, path in files.items():
            if stored.get(name) != content_digest(path):
                stored = self._store_file(run, stored, name, path)
        for name in stored.keys() - files.keys():
            stored = self._finish_file(run, stored, name, (), None)
        return run.result

    def _store_file(self, run: Run, stored: Digests, name: str, path: Path) -> Digests:
        """The keys that are present come from another pass: they need not fit into memory.

        Should the file change in between, its digest is that of the first pass, and the next run
        reads it again.
        """
        reading = Reading(path)
        for batch in _batches(reading.records(), BATCH_RECORDS):
            self._store_batch(run, name, batch)
        present = (one.key for one in Reading(path).records() if isinstance(one, Record))
        return self._finish_file(run, stored, name, present, reading.digest)

    def _store_batch(self, run: Run, name: str, batch: Sequence[Read]) -> None:
        records = [one for one in batch if isinstance(one, Record)]
        rejected = [one for one in batch if isinstance(one, RejectedRecord)]
        with run.transaction() as session:
            written = store_records(session, self.source_key, name, records)
            run.set_aside(session, STREAM, [_letter(name, one) for one in rejected])
        run.add(CollectResult(len(batch), len(rejected), {"record": written}))

    def _finish_file(
        self, run: Run, stored: Digests, name: str, present: Iterable[str], digest: str | None
    ) -> Digests:
        """What is gone is marked and the cursor moves, together; what it is then."""
        others = {file: content for file, content in stored.items() if file != name}
        after = {**others, name: digest} if digest else others
        with run.transaction() as session:
            written = mark_deleted(session, self.source_key, name, present)
            run.advance_cursor(session, STREAM, {"files": after})
        run.add(CollectResult(tables={"record": written}))
        return after


def _letter(name: str, rejected: RejectedRecord) -> SetAside:
    payload = {"file": name, "record": rejected.payload}
    return SetAside(item_key=f"{name}:{rejected.key}", payload=payload, error=rejected.reason)


def _batches(records: Iterable[Read], size: int) -> Iterator[list[Read]]:
    pending = iter(records)
    while batch := list(islice(pending, size)):
        yield batch
