"""A Prefect server for what is brought onto one."""

from collections.abc import Iterator

import pytest

from tests.support.deploying import Deploying
from tests.support.local_stack import LocalPrefect


@pytest.fixture
def server(prefect_api: LocalPrefect) -> Iterator[Deploying]:
    """A server that holds nothing of ours, now and afterwards."""
    made = Deploying.on(prefect_api)
    with made.client:
        yield made
    made.clear()
