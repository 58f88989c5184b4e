"""A web application of ours, served for real on the loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import httpx
import uvicorn
from fastapi import FastAPI

from conformance.servers import free_port
from tests.support.local_stack import poll


@contextmanager
def serving(app: FastAPI, lifespan: Literal["on", "off"] = "on") -> Iterator[httpx.Client]:
    """A client of it; `lifespan` off: without what the application does while it runs."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan=lifespan, log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        poll(lambda: server.started, 20, "the application")
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(60)
