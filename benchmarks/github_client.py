"""Our thin client against githubkit: import time, the cost of a page, and where requests can be turned.

githubkit is no dependency of ours: `pip install githubkit "hishel<2"` beside it for the comparison.
"""

import importlib.util
import inspect
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from conformance.replay.messages import json_answer
from conformance.replay.routes import at
from conformance.replay.server import replaying
from services.http.client import HttpClient
from services.http.settings import HttpSettings, bearer

PATH = "/repos/boostorg/asio/issues"
ROUNDS = 30
IMPORTS = {
    "ours": "from services.http.client import HttpClient",
    "githubkit": "from githubkit import GitHub",
    "githubkit, first issue": "from githubkit import GitHub; import githubkit_schemas.latest.models",
}


def user(number: int) -> dict[str, Any]:
    """As the API gives it, all eighteen links included."""
    api = f"https://api.github.com/users/u{number}"
    links = (
        "followers following gists starred subscriptions organizations repos events received_events"
    )
    return {
        "login": f"u{number}",
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": f"https://github.com/u{number}",
        **{f"{name}_url": f"{api}/{name}" for name in links.split()},
        "type": "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def issue(number: int) -> dict[str, Any]:
    """As the API gives it."""
    api = f"https://api.github.com/repos/boostorg/asio/issues/{number}"
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {
        "url": api,
        "repository_url": "https://api.github.com/repos/boostorg/asio",
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "html_url": f"https://github.com/boostorg/asio/issues/{number}",
        "id": 10**9 + number,
        "node_id": f"I_{number}",
        "number": number,
        "title": f"Something is wrong with strand {number}",
        "user": user(number % 50 + 1),
        "labels": [
            {
                "id": 7,
                "node_id": "L_7",
                "url": "https://api.github.com/repos/boostorg/asio/labels/bug",
                "name": "bug",
                "color": "d73a4a",
                "default": True,
                "description": "Something isn't working",
            }
        ],
        "state": "open",
        "locked": False,
        "assignee": user(3),
        "assignees": [user(3)],
        "milestone": None,
        "comments": 3,
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-02-01T00:00:00Z",
        "closed_at": None,
        "author_association": "NONE",
        "body": "What I did, what I saw, what I expected. " * 30,
        "reactions": {"url": f"{api}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)},
        "timeline_url": f"{api}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
    }


def rows() -> list[dict[str, object]]:
    """One row a measure; the ratio is githubkit's figure to ours."""
    if importlib.util.find_spec("githubkit") is None:
        return [{"measure": 'githubkit is not installed: `pip install githubkit "hishel<2"`'}]
    found = [_compared("import, ms", *(1000 * _import_seconds(code) for code in IMPORTS.values()))]
    with replaying(at(PATH, json_answer([issue(number) for number in range(100)]))) as server:
        with HttpClient(HttpSettings(base_url=server.url), auth=bearer("abc")) as client:
            ours = _milliseconds(lambda: client.get(PATH).json())
        with _githubkit(server.url) as github:
            ask = partial(github.rest.issues.list_for_repo, "boostorg", "asio", per_page=100)
            raw = _milliseconds(lambda: ask().json())
            parsed = _milliseconds(lambda: ask().parsed_data)
    found.append(_compared("page of 100 issues, decoded to dicts, CPU ms", ours, raw))
    found.append(_compared("the same, to its models (ours: decoded only)", ours, parsed))
    return [*found, *_seams()]


def _compared(measure: str, ours: float, *theirs: float) -> dict[str, object]:
    return {
        "measure": measure,
        "ours": round(ours, 2),
        "githubkit": ", ".join(f"{one:.2f}" for one in theirs),
        "ratio": ", ".join(f"{one / ours:.1f}" for one in theirs),
    }


def _import_seconds(code: str) -> float:
    """The best of five, without Python's own start."""
    return max(0.0, _best(code) - _best("pass"))


def _best(code: str) -> float:
    def once() -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begun

    return min(once() for _ in range(5))


def _milliseconds(work: Callable[[], object]) -> float:
    """CPU of this process for one, the server's included, after a first that imports and connects."""
    work()
    begun = time.process_time()
    for _ in range(ROUNDS):
        work()
    return 1000 * (time.process_time() - begun) / ROUNDS


def _githubkit(url: str) -> Any:
    from githubkit import GitHub  # noqa: PLC0415 - only where it is installed

    return GitHub("abc", base_url=url, http_cache=False)


def _seams() -> list[dict[str, object]]:
    from githubkit import GitHub  # noqa: PLC0415

    taken = set(inspect.signature(GitHub.__init__).parameters)
    seams = ", ".join(
        sorted(taken & {"base_url", "transport", "throttler", "auto_retry", "http_cache"})
    )
    return [
        {
            "measure": "where a request can be turned",
            "ours": "base URL, auth, sleep, clock, chance, say, check",
            "githubkit": seams,
            "ratio": "",
        }
    ]
