"""GraphQL over the same client: a failure that comes with status 200 is a failure.

https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from services.errors import (
    AccessDenied,
    CollectorError,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceUnavailable,
)
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.redaction import redact

RESOURCE = "graphql"

_LIMIT_WORDS = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_PASSING_WORDS = re.compile(r"something went wrong|timed? ?out|timeout|try again", re.IGNORECASE)
_GONE = "NOT_FOUND"
_DENIED = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})
_LIMITED = frozenset({"RATE_LIMITED", "RATE_LIMIT"})


def ask(
    client: HttpClient, query: str, variables: Mapping[str, Any], *, path: str = "/graphql"
) -> dict[str, Any]:
    """The `data` of the answer to a query, which must change nothing: it is sent again when lost.

    A node that is not there is null in it; any other error fails the whole, so that a part is
    never taken for everything.

    Raises:
        RateLimited: points are used up, or we ask too fast; waited for as with every request.
        NotFound: what the query starts from is not there.
        AccessDenied: our credentials do not suffice.
        SourceUnavailable: it went wrong at the source, as long queries do.
        RequestRefused: the query is not one that the source answers.
        CollectorError: as `HttpClient.send`.
    """
    body = orjson.dumps({"query": query, "variables": dict(variables)})
    headers = {"Content-Type": "application/json"}
    request = Request(path, None, "POST", headers, content=body, question=True, resource=RESOURCE)
    data: dict[str, Any] = client.send(request, check=require_data).json()["data"]
    return data


def require_data(response: Response) -> None:
    """The answer holds all the data that was asked for; a `check` for `HttpClient.send`."""
    answer = response.json()
    if not isinstance(answer, dict):
        raise SourceUnavailable(f"{response.url} answers no GraphQL")
    errors = [error for error in answer.get("errors") or [] if isinstance(error, dict)]
    has_data = isinstance(answer.get("data"), dict)
    if has_data and all(error.get("type") == _GONE for error in errors):
        return
    raise _error(response, errors)


def _error(response: Response, errors: list[dict[str, Any]]) -> CollectorError:
    kinds = {str(error.get("type") or "") for error in errors}
    words = redact("; ".join(str(error.get("message")) for error in errors)) or "no data"
    text = f"{response.url} answers: {words}"
    if kinds & _LIMITED or _LIMIT_WORDS.search(words):
        return RateLimited(text)
    if kinds & _DENIED:
        return AccessDenied(text)
    if kinds == {_GONE}:
        return NotFound(text, response.status)
    if not errors or _PASSING_WORDS.search(words):
        return SourceUnavailable(text)
    return RequestRefused(text, response.status)
