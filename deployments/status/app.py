"""The web application of `bdc serve`: health for machines, metrics, a page for people. Read-only."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from deployments.status.metrics import exposition
from deployments.status.observing import Watcher
from deployments.status.page import HERE, status_page
from deployments.status.verdict import health_body
from services.health.settings import HealthSettings

# No scripts, nothing from elsewhere, in nobody's frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# https://prometheus.io/docs/instrumenting/exposition_formats/
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
UNAUTHORIZED = {"status": "unauthorized", "detail": "show the token: Authorization: Bearer <token>"}
Answers = dict[int | str, dict[str, Any]]
REFUSED: Answers = {401: {"description": "HEALTH_CHECK_TOKEN is set, and was not shown."}}


class _Unauthorized(Exception):
    """The request does not show the token."""


@dataclass(frozen=True)
class StatusService:
    """What the application answers from; `ui_url` is where the Prefect UI is."""

    watcher: Watcher
    settings: HealthSettings
    now: Callable[[], datetime]
    ui_url: str | None = None

    def require_token(self, request: Request) -> None:
        """Nothing is looked up for a stranger.

        Raises:
            _Unauthorized: a token is set, and the request does not show it.
        """
        token = self.settings.check_token
        if token is None or not token.get_secret_value().strip():
            return
        shown = _shown_token(request.headers.get("Authorization", ""))
        if not hmac.compare_digest(shown, token.get_secret_value().encode()):
            raise _Unauthorized

    def health(self) -> Response:
        """The contract: 200 healthy, 503 not, 401 without the token; never what an error said."""
        body = health_body(self.watcher.latest(), self.settings, self.now())
        return JSONResponse(body, 200 if body["status"] == "healthy" else 503)

    def ready(self) -> Response:
        """Whether the database answers: whether this service can tell anything."""
        ok = "database" not in self.watcher.latest().errors
        return JSONResponse({"status": "ready" if ok else "not ready"}, 200 if ok else 503)

    def metrics(self) -> Response:
        """For Prometheus."""
        text = exposition(self.watcher.latest(), self.settings, self.now())
        return Response(text, media_type=EXPOSITION)

    def page(self) -> Response:
        """For people."""
        latest = self.watcher.latest()
        return HTMLResponse(status_page(latest, self.settings, ui_url=self.ui_url, now=self.now()))


def make_app(service: StatusService) -> FastAPI:
    """The application; while it runs, so does the service's watcher."""

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        service.watcher.start()
        yield
        service.watcher.stop()

    app = FastAPI(
        title="Boost Data Collector: status", lifespan=watching, docs_url=None, redoc_url=None
    )
    app.middleware("http")(_add_headers)
    app.exception_handler(_Unauthorized)(_refuse)
    guarded: dict[str, Any] = {
        "dependencies": [Depends(service.require_token)],
        "responses": REFUSED,
    }
    health: dict[str, Any] = {
        **guarded,
        "responses": {**REFUSED, 503: {"description": "Unhealthy."}},
    }
    page: dict[str, Any] = {**guarded, "response_class": HTMLResponse}
    text: dict[str, Any] = {**guarded, "response_class": PlainTextResponse}
    not_ready: Answers = {503: {"description": "The database does not answer."}}
    app.get("/health/live")(_live)
    app.get("/health/ready", responses=not_ready)(service.ready)
    app.get("/health/", **health)(service.health)
    app.get("/metrics", **text)(service.metrics)
    app.get("/", **page)(service.page)
    app.get("/style.css", include_in_schema=False)(_style)
    return app


def _live() -> dict[str, str]:
    """Whether this process answers; nothing else is asked."""
    return {"status": "live"}


def _style() -> Response:
    return Response((HERE / "style.css").read_bytes(), media_type="text/css")


def _shown_token(header: str) -> bytes:
    """A bearer token; or the password of basic authentication, which a browser asks a person for."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(value, validate=True).partition(b":")[2]
    except NotBase64:
        return b""


async def _refuse(request: Request, error: Exception) -> Response:
    del error
    scheme = 'Basic realm="status"' if request.url.path == "/" else "Bearer"
    return JSONResponse(UNAUTHORIZED, 401, {"WWW-Authenticate": scheme})


async def _add_headers(request: Request, handle: Callable[[Request], Any]) -> Response:
    answer: Response = await handle(request)
    answer.headers.update(HEADERS)
    return answer
