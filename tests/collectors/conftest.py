"""The servers of this test session, lent to the conformance kit."""

import pytest

from deployments.local.postgres import EmbeddedPostgres
from tests.support.local_stack import LocalPrefect


@pytest.fixture(scope="session")
def conformance_postgres(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    return postgres


@pytest.fixture(scope="session")
def conformance_prefect(prefect_api: LocalPrefect) -> str:
    return prefect_api.api_url
