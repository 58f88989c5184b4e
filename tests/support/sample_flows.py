"""Flows for tests of workers and deployments, named by dotted entrypoint."""

import time

from prefect import flow, get_run_logger

LONG_SECONDS = 600.0


@flow
def quick() -> str:
    """Ends at once."""
    return "done"


@flow
def long() -> None:
    """Says something all the time, until it is ended from outside."""
    deadline = time.monotonic() + LONG_SECONDS
    while time.monotonic() < deadline:
        get_run_logger().info("still here")
        time.sleep(0.2)


@flow
def long_with_subflow() -> None:
    """Its subflow runs in its own process."""
    long()
