"""A PostgreSQL of our own for tests: real, quick to make, worthless after a power cut."""

from pathlib import Path

from conformance.servers import UNSAFE_BUT_QUICK
from deployments.local.postgres import EmbeddedPostgres

COUNTING = {"shared_preload_libraries": "pg_stat_statements"}


def start_test_postgres(base: Path) -> EmbeddedPostgres:
    """A running server whose data lies under `base`; the caller stops it.

    `base` may be any directory: one too long for a socket gets a short socket directory elsewhere.
    """
    server = EmbeddedPostgres(base / "pg", settings=UNSAFE_BUT_QUICK | COUNTING)
    server.start()
    return server
