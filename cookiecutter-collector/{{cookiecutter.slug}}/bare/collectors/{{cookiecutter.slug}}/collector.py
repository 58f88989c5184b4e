"""The hooks."""

import logging
from typing import ClassVar

from collectors import AbstractCollector
from collectors.{{ cookiecutter.slug }}.services import record_run
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.runs.run import Run
from services.upsert import Written

logger = logging.getLogger(__name__)


class {{ cookiecutter.__class_name }}(AbstractCollector):
    """Counts its runs."""

    name: ClassVar[str] = "{{ cookiecutter.slug }}"

    def __init__(self, *, source_key: str) -> None:
        self._source_key = source_key.strip()

    @property
    def source_key(self) -> str:
        """As given, without spaces around it."""
        return self._source_key

    def validate_config(self) -> None:
        """The key names something."""
        if not self._source_key:
            raise ConfigError("source_key must not be blank")

    def collect(self, run: Run) -> CollectResult:
        """One more run."""
        with run.transaction() as session:
            count = record_run(session, source_key=self._source_key)
        logger.info("%s %s: run number %d", self.name, self._source_key, count)
        written = Written(inserted=1) if count == 1 else Written(updated=1)
        run.add(CollectResult(tables={"run_state": written}))
        return run.result
