"""Tells a GitHub repository what its workflows wait for."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from pydantic import SecretStr

from services.http.client import HttpClient
from services.http.github import JSON_HEADERS
from services.http.messages import Request
from services.http.settings import HttpSettings, Surroundings, bearer
from services.outbox.services import Batch


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An event of `event_type` for `repository`, which lists the URLs of the batch as `name`."""

    api_url: str
    repository: str
    token: SecretStr
    event_type: str
    name: str


def dispatcher(dispatch: Dispatch, around: Surroundings) -> Callable[[Batch], None]:
    """Sends batches as `POST /repos/{owner}/{repo}/dispatches`, which GitHub answers with 204.

    GitHub starts a workflow for every event that it gets and does not know a repeated one. So the
    payload carries the batch's key beside its URLs: an event that is sent again, since nobody knows
    whether it was received, has the same key and the same URLs, and the workflow can tell.

    https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
    """
    http = HttpSettings(base_url=dispatch.api_url, headers=JSON_HEADERS)
    auth = bearer(dispatch.token.get_secret_value())
    target = f"repos/{dispatch.repository}/dispatches"

    def send(batch: Batch) -> None:
        urls = [payload["url"] for payload in batch.payloads]
        payload = {"key": batch.key, dispatch.name: urls}
        event = {"event_type": dispatch.event_type, "client_payload": payload}
        with HttpClient(http, auth=auth, around=around) as client:
            client.send(Request(target, method="POST", content=orjson.dumps(event)))

    return send
