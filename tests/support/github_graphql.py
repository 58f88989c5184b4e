"""The one question in GraphQL that collectors ask: pull requests by number, with their reviews."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from conformance.replay.messages import Answer, Asked, json_answer

MOST_REVIEWS = 100
_ASKED = re.compile(r"(\w+): pullRequest\(number: (\d+)\)")


class Pulls(Protocol):
    """A repository that knows its pull requests."""

    def rendered_pull(self, number: int) -> dict[str, Any] | None:
        """In the REST API's shape; None for none."""

    def rendered_reviews(self, number: int) -> list[dict[str, Any]]:
        """In the REST API's shape."""


def answer_question(asked: Asked, named: Callable[[str], Pulls | None]) -> Answer | None:
    """As GitHub answers: errors come with status 200, nobody is answered without a token."""
    if asked.method != "POST":
        return None
    if not asked.token:
        return json_answer({"message": "This endpoint requires you to be authenticated."}, 401)
    question = json.loads(asked.body)
    names = question["variables"]
    repository = named(f"{names['owner']}/{names['name']}")
    if repository is None:
        error = {"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve"}
        return json_answer({"data": {"repository": None}, "errors": [error]})
    numbers = {alias: int(number) for alias, number in _ASKED.findall(question["query"])}
    nodes = {alias: _node(repository, number) for alias, number in numbers.items()}
    missing = [alias for alias, node in nodes.items() if node is None]
    answer: dict[str, Any] = {"data": {"repository": nodes}}
    if missing:
        answer["errors"] = [_missing(alias, numbers[alias]) for alias in missing]
    return json_answer(answer)


def _missing(alias: str, number: int) -> dict[str, Any]:
    text = f"Could not resolve to a PullRequest with the number of {number}."
    return {"type": "NOT_FOUND", "path": ["repository", alias], "message": text}


def _node(repository: Pulls, number: int) -> dict[str, Any] | None:
    pull = repository.rendered_pull(number)
    if pull is None:
        return None
    reviews = repository.rendered_reviews(number)
    return {
        "number": number,
        "updatedAt": pull.get("updated_at"),
        "additions": pull["additions"],
        "deletions": pull["deletions"],
        "changedFiles": pull["changed_files"],
        "commits": {"totalCount": pull["commits"]},
        "mergedBy": _actor(pull["merged_by"]),
        "reviews": {
            "pageInfo": {"hasNextPage": len(reviews) > MOST_REVIEWS},
            "nodes": [_review(one) for one in reviews[:MOST_REVIEWS]],
        },
    }


def _review(review: Mapping[str, Any]) -> dict[str, Any]:
    commit = review.get("commit_id")
    return {
        "fullDatabaseId": str(review["id"]),
        "state": review.get("state"),
        "url": review["html_url"],
        "body": review["body"],
        "submittedAt": review.get("submitted_at"),
        "authorAssociation": review["author_association"],
        "commit": {"oid": commit} if commit else None,
        "author": _actor(review["user"]),
    }


def _actor(user: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An app's login comes without `[bot]`."""
    if user is None:
        return None
    node = {"__typename": user["type"], "login": user["login"].removesuffix("[bot]")}
    return {**node, "databaseId": user["id"]}
