"""Comments at pull requests of GitHub, each written once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from collectors.cppa_slack_tracker.parsing import saying
from collectors.cppa_slack_tracker.settings import BotSettings
from services.errors import NotFound, RequestRefused, SourceUnavailable
from services.http.client import HttpClient
from services.http.github import JSON_HEADERS
from services.http.messages import Request
from services.http.pages import pages
from services.http.settings import HttpSettings, Surroundings, bearer
from services.outbox.services import Batch, FollowUp

MOST_PAGES = 100
# Clocks of two sources are never compared closely.
LOOKBACK = timedelta(days=1)


def commenter(settings: BotSettings, around: Surroundings) -> Callable[[Batch], Sequence[FollowUp]]:
    """Writes comments; returns what Slack is to be told of each.

    GitHub does not know a repeated comment. So each carries a mark that readers do not see, and
    those written since the request are read before another is.

    https://docs.github.com/rest/issues/comments

    Raises:
        ConfigError: when made: the address of the API is none.
    """
    http = HttpSettings(base_url=settings.github_url, headers=JSON_HEADERS)
    token = settings.github_token.get_secret_value() if settings.github_token else ""

    def send(batch: Batch) -> Sequence[FollowUp]:
        with HttpClient(http, auth=bearer(token), around=around) as client:
            return [_comment(client, settings.comment, payload) for payload in batch.payloads]

    return send


def _comment(client: HttpClient, text: str, payload: Mapping[str, Any]) -> FollowUp:
    """A pull request that takes no comment will not take one later either: its asker is told."""
    pull = saying.pull_of(payload)
    repository = f"repos/{pull.repository}"
    try:
        found = _object(client, f"{repository}/pulls/{pull.number}")
        if found.get("locked"):
            return saying.not_commented(payload, "its conversation is locked")
        comments = f"{repository}/issues/{pull.number}/comments"
        mark = saying.marker(payload["key"])
        if not _is_written(client, comments, mark, _asked_at(payload)):
            content = orjson.dumps({"body": f"{text}\n\n{mark}"})
            client.send(Request(comments, method="POST", content=content))
    except NotFound:
        return saying.not_commented(payload, "GitHub knows no such pull request")
    except RequestRefused as error:
        return saying.not_commented(payload, f"GitHub refuses it (status {error.status})")
    return saying.commented(payload)


def _object(client: HttpClient, target: str) -> Mapping[str, Any]:
    found = client.get(target).json()
    if not isinstance(found, dict):
        raise SourceUnavailable(f"GitHub's answer for {target} is no object")
    return found


def _is_written(client: HttpClient, comments: str, mark: str, asked_at: datetime) -> bool:
    since = f"{asked_at - LOOKBACK:%Y-%m-%dT%H:%M:%SZ}"
    request = Request(comments, {"since": since, "per_page": 100})
    with pages(client, request, most=MOST_PAGES) as found:
        return any(mark in str(item.get("body")) for page in found for item in page.json())


def _asked_at(payload: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(float(payload["ts"]), UTC)
