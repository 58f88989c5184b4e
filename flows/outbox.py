"""The flow of outbox: the one place that knows which kind of message goes where."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from prefect import State, flow

from collectors.github_activity_tracker.services import MARKDOWN
from collectors.outbox.client import Dispatch, dispatcher
from collectors.outbox.collector import Outbox
from collectors.wg21_paper_tracker.services import ANNOUNCEMENTS
from collectors.wg21_paper_tracker.settings import Wg21Settings
from flows.exports import MOST_PAGES, export_tree, publisher
from flows.lifecycle import run_collector
from flows.slack_answers import slack_outlets
from services.errors import ConfigError
from services.http.settings import Surroundings
from services.outbox.draining import LatestOutlet, Outlet
from services.settings import PlatformSettings, load_room_settings

# A client_payload has at most ten keys and 64 KB, of which the URLs get the greater part.
# https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
DISPATCH_URLS = 500
DISPATCH_BYTES = 60_000


def build(platform: PlatformSettings) -> Outbox:
    """The outbox with the outlets that are set up."""
    return Outbox(
        [*_outlets(), *slack_outlets(platform), *_latest(platform)], lambda: datetime.now(UTC)
    )


def _latest(platform: PlatformSettings) -> Iterator[LatestOutlet]:
    tree = export_tree(platform)
    if tree is not None:
        yield LatestOutlet(MARKDOWN, publisher(platform, tree), MOST_PAGES)


def _outlets() -> Iterator[Outlet]:
    papers = load_room_settings(Wg21Settings)
    if papers.dispatch_repository is not None:
        send = dispatcher(_dispatch(papers, papers.dispatch_repository), Surroundings())
        yield Outlet(ANNOUNCEMENTS, send, DISPATCH_URLS, DISPATCH_BYTES)


def _dispatch(papers: Wg21Settings, repository: str) -> Dispatch:
    if papers.dispatch_token is None:
        raise ConfigError(
            "WG21_PAPER_TRACKER_DISPATCH_TOKEN is not set: the repository that is told of new papers"
            " needs one (see .env.example)"
        )
    address, token, event = (
        papers.dispatch_api_url,
        papers.dispatch_token,
        papers.dispatch_event_type,
    )
    return Dispatch(address, repository, token, event, name="papers")


@flow(name="outbox", flow_run_name="outbox")
async def outbox(dry_run: bool = False) -> State[Any]:
    """Send what collectors have to say outside the database.

    Args:
        dry_run: Send nothing, say how much waits.
    """
    return run_collector("outbox", build, {}, dry_run=dry_run)
