"""Tells Prefect of new releases, which starts the deployments that wait for them."""

import logging
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from prefect.events import emit_event
from prefect.events.worker import EventsWorker

from deployments.generate import RELEASE_EVENT
from flows.reporting import this_run
from services.database import open_database
from services.releases.services import mark_announced, unannounced_releases
from services.settings import load_settings, require_database_url

logger = logging.getLogger(__name__)


def announce_releases(project: str) -> None:
    """One event for the releases that nobody was told of yet, naming them all.

    Whoever is started by it takes every release that it has not had, so one event is enough, and
    one that is lost or sent twice does no harm: the next batch of the group takes the rest, and
    nobody takes a release twice. Marked only when the event has left this process.
    """
    database = open_database(
        require_database_url(load_settings()), application_name=f"bdc releases {project}"
    )
    try:
        with database.transaction() as session:
            tags = [release.tag for release in unannounced_releases(session, project)]
        if tags:
            _emit(project, tags)
            with database.transaction() as session:
                mark_announced(session, project, tags, datetime.now(UTC))
    finally:
        database.close()


def _emit(project: str, tags: list[str]) -> None:
    """Under an id made of what it says: sent twice, it is still one event."""
    emit_event(
        RELEASE_EVENT,
        resource={
            "prefect.resource.id": f"release.{project}",
            "prefect.resource.name": project,
            "release.newest": tags[-1],
        },
        related=this_run(),
        payload={"project": project, "tags": tags},
        id=uuid5(NAMESPACE_URL, f"release:{project}:{','.join(tags)}"),
    )
    EventsWorker.instance().wait_until_empty()
    logger.info("released: %s", ", ".join(tags))
