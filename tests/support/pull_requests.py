"""Pull requests on loopback that are commented on, as GitHub takes comments."""

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.replay.messages import Answer, Asked, json_answer

GITHUB_TOKEN = "token-of-the-bot"
A_PAGE = 2


@dataclass
class PullRequests:
    """Known pull requests and their comments, by `owner/name#number` in lower case.

    As many of its next answers to a comment as `lost` get lost after the comment has arrived.
    `since` is what listings were asked to begin with.
    """

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, list[str]] = field(default_factory=dict)
    since: list[str] = field(default_factory=list)
    lost: int = 0
    refusal: int = 0

    def open(self, name: str, **fields: Any) -> None:
        """A pull request."""
        self.known[name] = {"locked": False, **fields}
        self.comments[name] = []

    def __call__(self, asked: Asked) -> Answer | None:
        match asked.path.strip("/").split("/"):
            case ["repos", owner, name, "pulls", number]:
                found = self.known.get(f"{owner}/{name}#{number}".lower())
                return json_answer(found) if found else json_answer({"message": "Not Found"}, 404)
            case ["repos", owner, name, "issues", number, "comments"]:
                comments = self.comments[f"{owner}/{name}#{number}".lower()]
                return (
                    self._take(asked, comments)
                    if asked.method == "POST"
                    else _listed(asked, comments, self.since)
                )
        return None

    def _take(self, asked: Asked, comments: list[str]) -> Answer:
        if self.refusal:
            return json_answer({"message": "Unprocessable"}, self.refusal)
        comments.append(json.loads(asked.body)["body"])
        self.lost -= 1
        return json_answer({"id": len(comments)}, 504 if self.lost >= 0 else 201)


def _listed(asked: Asked, comments: list[str], since: list[str]) -> Answer:
    """Two on a page, so that others' comments come first."""
    since.append(asked.query["since"])
    page = int(asked.query.get("page", 1))
    shown = [{"body": body} for body in comments[(page - 1) * A_PAGE : page * A_PAGE]]
    if page * A_PAGE >= len(comments):
        return json_answer(shown)
    following = f"http://{asked.headers['host']}{asked.path}?page={page + 1}&since={since[-1]}"
    return json_answer(shown, link=f'<{following}>; rel="next"')
