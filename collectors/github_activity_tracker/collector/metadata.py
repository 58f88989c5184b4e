"""Which repository it is, by GitHub's number, and what GitHub says of it."""

from dataclasses import dataclass
from datetime import datetime

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import Fetched, GitHubApi
from collectors.github_activity_tracker.client.git import RepositorySource
from collectors.github_activity_tracker.collector.source import owner_of
from collectors.github_activity_tracker.parsing import payloads
from collectors.github_activity_tracker.parsing.records import Rejected, read_languages, read_record
from collectors.github_activity_tracker.services import Known
from services.errors import ConfigError, NotFound, RecordRejected
from services.http.services import StoredValidators, store_validators
from services.http.validators import NoValidators, Validators
from services.runs.result import CollectResult
from services.runs.run import Run


@dataclass(frozen=True, slots=True)
class Description:
    """Asks GitHub about one repository; `is_stored` whether what it says is stored, too."""

    run: Run
    api: GitHubApi
    source: RepositorySource
    is_stored: bool

    def identify(self) -> tuple[Known, datetime]:
        """Which repository it is, whatever it is called now, and GitHub's clock.

        Raises:
            ConfigError: GitHub has none of that name, or does not show it to us.
            RecordRejected: what it says of it is not what its API promises.
        """
        with self.run.transaction() as session:
            known = services.find_repository(session, self.source.source_key)
        described = self._ask(self._versions(known) if known else NoValidators())
        if known is None or not described.not_modified:
            known = self._store(described)
        if self.is_stored:
            self._read_languages(known)
        return known, described.source_time

    def _versions(self, known: Known) -> StoredValidators:
        return StoredValidators(self.run.database, owner_of(self.run, known.github_id))

    def _ask(self, validators: Validators) -> Fetched:
        try:
            return self.api.get("", validators=validators)
        except NotFound as error:
            raise ConfigError(
                f"repository {self.source.source_key} is not on GitHub, or the token may not see it"
            ) from error

    def _store(self, described: Fetched) -> Known:
        record = read_record(payloads.Repository, described.content, "id")
        if isinstance(record, Rejected):
            raise RecordRejected(f"what GitHub says of {self.source.source_key}: {record.reason}")
        source = self.source
        facts = services.RepositoryFacts(
            source.source_key, source.kind, source.name, source.url, record.default_branch
        )
        with self.run.transaction() as session:
            known, tables = services.identify_repository(session, facts, record)
            if self.is_stored:
                tables |= services.store_metadata(session, known.id, record)
                versions = [described.validator] if described.validator else []
                store_validators(session, owner_of(self.run, known.github_id), versions)
        self.run.add(CollectResult(1, tables=tables))
        return known

    def _read_languages(self, known: Known) -> None:
        found = self.api.get("languages", validators=self._versions(known))
        if found.not_modified:
            return
        sizes = read_languages(found.content)
        with self.run.transaction() as session:
            tables = services.store_languages(session, known.id, sizes)
            versions = [found.validator] if found.validator else []
            store_validators(session, owner_of(self.run, known.github_id), versions)
        self.run.add(CollectResult(tables=tables))
