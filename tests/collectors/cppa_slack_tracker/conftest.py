"""A small team on loopback, and the collector pointed at it."""

from collections.abc import Iterator

import pytest

from services.database import Database
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite, serving, small_team


@pytest.fixture
def site() -> Iterator[SlackTeamSite]:
    with serving(small_team()) as found:
        yield found


@pytest.fixture
def collecting(database: Database, site: SlackTeamSite) -> CollectingSlack:
    """Its clock stands at March 2024."""
    return CollectingSlack(database, site)
