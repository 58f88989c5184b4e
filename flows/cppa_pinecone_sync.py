"""The flow of cppa_pinecone_sync."""

from typing import Any

from prefect import State, flow

from collectors.cppa_pinecone_sync.collector import CppaPineconeSync
from flows.lifecycle import run_collector
from services.settings import PlatformSettings


def build(_: PlatformSettings, collector: str | None = None, **others: Any) -> CppaPineconeSync:
    """The collector. A letter that another collector's run has left comes with that one's parameters."""
    del others
    return CppaPineconeSync(collector)


@flow(name="cppa_pinecone_sync", flow_run_name="cppa_pinecone_sync")
async def cppa_pinecone_sync(collector: str | None = None, dry_run: bool = False) -> State[Any]:
    """Bring what search finds to what the tables say.

    Args:
        collector: Only documents of this collector; of all when left out.
        dry_run: Index nothing, say how much waits.
    """
    parameters = {"collector": collector}
    return run_collector("cppa_pinecone_sync", build, parameters, dry_run=dry_run)
