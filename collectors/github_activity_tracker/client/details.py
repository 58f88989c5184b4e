"""Pull requests themselves with their reviews: many to a question in GraphQL, one by one without.

GraphQL answers nobody without a token. Both ways end in payloads of the REST API's shape.
https://docs.github.com/graphql/reference/objects#pullrequest
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collectors.github_activity_tracker.client.api import PER_PAGE, GitHubApi
from collectors.github_activity_tracker.parsing.payloads import PullRequestDetail, Review
from collectors.github_activity_tracker.parsing.records import PullDetail, Rejected, read_record
from services.errors import NotFound

_OF_PULL = re.compile(r"p\d+")
# Each brings up to a hundred reviews; much more in one question and GitHub gives up on it.
PULLS_A_QUESTION = 25

_FRAGMENTS = """
fragment who on Actor {
  __typename login
  ... on User { databaseId name } ... on Organization { databaseId name }
  ... on Bot { databaseId } ... on Mannequin { databaseId }
}
fragment detail on PullRequest {
  number updatedAt additions deletions changedFiles commits { totalCount } mergedBy { ...who }
  reviews(first: 100) {
    pageInfo { hasNextPage }
    nodes {
      fullDatabaseId state url body submittedAt authorAssociation commit { oid } author { ...who }
    }
  }
}
"""


def fetch_details(api: GitHubApi, numbers: Sequence[int]) -> list[PullDetail]:
    """These pull requests, `PULLS_A_QUESTION` at most.

    Raises:
        CollectorError: as `GitHubApi.get`.
    """
    if api.is_anonymous:
        return [_ask_rest(api, number) for number in numbers]
    owner, _, name = api.full_name.partition("/")
    data = api.ask(_question(numbers), {"owner": owner, "name": name})["repository"]
    if not isinstance(data, dict):
        raise NotFound(f"GitHub shows no repository {api.full_name} to GraphQL")
    return [_read_node(api, number, data.get(f"p{number}")) for number in numbers]


def read_answer(content: Any) -> list[PullDetail]:
    """The pull requests of an answer as it is kept: those that are there, a hundred reviews of each.

    What a pull request has more of was asked for by itself.
    """
    data = content.get("data") if isinstance(content, dict) else None
    nodes = (data or {}).get("repository") or {}
    found = [node for name, node in nodes.items() if _OF_PULL.fullmatch(name) and node]
    return [_read(node["number"], _detail(node), _nodes(node)) for node in found]


def read_reviews(number: int, content: Any) -> PullDetail:
    """A pull request of which nothing is known but these reviews."""
    return _split(number, [read_record(Review, one, "id") for one in content])


def read_detail(number: int, content: Any) -> PullDetail:
    """A pull request of which its reviews are not known."""
    return _split(number, [read_record(PullRequestDetail, content, "number")])


def _question(numbers: Sequence[int]) -> str:
    asked = " ".join(f"p{n}: pullRequest(number: {n}) {{ ...detail }}" for n in numbers)
    head = "query($owner: String!, $name: String!)"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {asked} }} }}{_FRAGMENTS}"


def _read_node(api: GitHubApi, number: int, node: Mapping[str, Any] | None) -> PullDetail:
    if node is None:
        return PullDetail(number, is_gone=True)
    reviews = _nodes(node)
    if node["reviews"]["pageInfo"]["hasNextPage"]:
        reviews = list(_rest_reviews(api, number))
    return _read(number, _detail(node), reviews)


def _nodes(node: Mapping[str, Any]) -> list[Any]:
    return [_review(one) for one in node["reviews"]["nodes"]]


def _ask_rest(api: GitHubApi, number: int) -> PullDetail:
    try:
        detail = api.get(f"pulls/{number}").content
        return _read(number, detail, list(_rest_reviews(api, number)))
    except NotFound:
        return PullDetail(number, is_gone=True)


def _rest_reviews(api: GitHubApi, number: int) -> Iterator[Any]:
    page = api.get(f"pulls/{number}/reviews", {"per_page": PER_PAGE})
    yield from page.list
    while page.next_url is not None:
        page = api.follow(page.next_url)
        yield from page.list


def _read(number: int, detail: Any, reviews: Sequence[Any]) -> PullDetail:
    """A detail that cannot be read is set aside under the pull request's number."""
    head = read_record(PullRequestDetail, detail, "number")
    return _split(number, [head, *(read_record(Review, one, "id") for one in reviews)])


def _split(number: int, read: Sequence[PullRequestDetail | Review | Rejected]) -> PullDetail:
    heads = [one for one in read if isinstance(one, PullRequestDetail)]
    good = [one for one in read if isinstance(one, Review)]
    bad = [one for one in read if isinstance(one, Rejected)]
    return PullDetail(number, heads[0] if heads else None, good, bad)


def _detail(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": node["number"],
        "updated_at": node["updatedAt"],
        "commits": node["commits"]["totalCount"],
        "changed_files": node["changedFiles"],
        "additions": node["additions"],
        "deletions": node["deletions"],
        "merged_by": _actor(node["mergedBy"]),
    }


def _review(node: Mapping[str, Any]) -> dict[str, Any]:
    commit, number = node["commit"], node["fullDatabaseId"]
    return {
        "id": int(number) if isinstance(number, str) and number.isdecimal() else number,
        "user": _actor(node["author"]),
        "body": node["body"],
        "state": node["state"],
        "html_url": node["url"],
        "submitted_at": node["submittedAt"],
        "commit_id": commit["oid"] if commit else None,
        "author_association": node["authorAssociation"],
    }


def _actor(node: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """GraphQL leaves the `[bot]` off an app's login, which REST does not."""
    if node is None or node.get("databaseId") is None:
        return None
    is_bot = node["__typename"] == "Bot" and not node["login"].endswith("[bot]")
    return {
        "login": node["login"] + ("[bot]" if is_bot else ""),
        "id": node["databaseId"],
        "type": node["__typename"],
        "name": node.get("name"),
    }
