"""At most so many runs of a collector at once, whatever starts them, when the server has a limit.

Counted by Prefect: a run holds a slot of the global concurrency limit `collector:<name>`, which
`bdc deploy apply` makes of the schedule's `limits`. A slot is lent, and the loan renewed as long as
the run lives: after a kill -9 the server takes it back when the loan runs out, within two and a half
minutes. A server that keeps its loans in memory, Prefect's default, forgets them when it restarts,
and the slots stay taken; so ours keeps them in files.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import ConcurrencyLeaseHolder
from prefect.client.schemas.responses import ConcurrencyLimitWithLeaseResponse

from deployments.connection import open_client
from deployments.generate import LIMIT_PREFIX
from flows.reporting import api_client, current_flow_run_id
from services.errors import SourceUnavailable

logger = logging.getLogger(__name__)
LEASE_SECONDS = 120.0
# Two renewals may fail before the slot is lost.
RENEWAL_SECONDS = 40.0
# The server asks for up to half a minute, and tells nobody when a slot is free.
LONGEST_PAUSE_SECONDS = 5.0
SHORTEST_PAUSE_SECONDS = 0.2
# 423, what the API answers when all slots are taken; with a Retry-After.
TAKEN = httpx.codes.LOCKED


@contextmanager
def slot(collector: str, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold one of the collector's slots, waiting for it if need be; without a limit, nothing.

    One request for a collector without a limit, two for one with.

    Raises:
        httpx.HTTPError: the API could not be asked.
    """
    with api_client() as client:
        lease = _lease(client, f"{LIMIT_PREFIX}{collector}", sleep)
        if not lease.limits:
            yield
            return
        with _renewed(client, lease.lease_id):
            try:
                yield
            finally:
                _release(client, lease.lease_id)


def _lease(
    client: SyncPrefectClient, name: str, sleep: Callable[[float], None]
) -> ConcurrencyLimitWithLeaseResponse:
    """Without a limit of this name: a loan of nothing, which ends by itself."""
    waits = False
    while True:
        try:
            return _ask(client, name)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != TAKEN:
                raise
            if not waits:
                logger.info("waiting for a slot: as many runs as the limit %s allows", name)
            waits = True
            sleep(_pause(error.response))


def _ask(client: SyncPrefectClient, name: str) -> ConcurrencyLimitWithLeaseResponse:
    run = current_flow_run_id()
    holder = ConcurrencyLeaseHolder(type="flow_run", id=run) if run else None
    answer = client.increment_concurrency_slots_with_lease(
        [name], slots=1, mode="concurrency", lease_duration=LEASE_SECONDS, holder=holder
    )
    return ConcurrencyLimitWithLeaseResponse.model_validate(answer.json())


def _pause(answer: httpx.Response) -> float:
    asked = float(answer.headers.get("Retry-After", LONGEST_PAUSE_SECONDS))
    return min(max(asked, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def _release(client: SyncPrefectClient, lease: UUID) -> None:
    """Never a reason for a run to fail: the loan ends by itself."""
    try:
        client.release_concurrency_slots_with_lease(lease)
    except httpx.HTTPError as error:
        logger.warning("the slot could not be given back, the server will take it: %s", error)


@contextmanager
def _renewed(client: SyncPrefectClient, lease: UUID) -> Iterator[None]:
    """By a thread of its own: a collector may work for hours without coming back to us."""
    over = Event()
    renewal = Thread(
        target=copy_context().run,
        args=(_renew_until, over, str(client.api_url), lease),
        name=f"renews {lease}",
        daemon=True,
    )
    renewal.start()
    try:
        yield
    finally:
        over.set()


def _renew_until(over: Event, api_url: str, lease: UUID) -> None:
    """With a client of its own; the run goes on without its slot when that is lost."""
    while not over.wait(RENEWAL_SECONDS):
        try:
            with open_client(api_url) as client:
                client.renew_concurrency_lease(lease, LEASE_SECONDS)
        except SourceUnavailable as error:
            if not over.is_set():
                logger.warning("the slot could not be renewed: %s", error)
