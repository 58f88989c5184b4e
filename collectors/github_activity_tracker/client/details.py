"""Pull requests themselves with their reviews: many to a question in GraphQL, one by one without.

GraphQL answers nobody without a token. Both ways end in payloads of the REST API's shape.
https://docs.github.com/graphql/reference/objects#pullrequest
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collectors.github_activity_tracker.client.api import PER_PAGE, GitHubApi
from collectors.github_activity_tracker.parsing.payloads import PullRequestDetail, Review
from collectors.github_activity_tracker.parsing.records import PullDetail, Rejected, read_record
from services.errors import NotFound

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


def _question(numbers: Sequence[int]) -> str:
    asked = " ".join(f"p{n}: pullRequest(number: {n}) {{ ...detail }}" for n in numbers)
    head = "query($owner: String!, $name: String!)"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {asked} }} }}{_FRAGMENTS}"


def _read_node(api: GitHubApi, number: int, node: Mapping[str, Any] | None) -> PullDetail:
    if node is None:
        return PullDetail(number, is_gone=True)
    reviews = [_review(one) for one in node["reviews"]["nodes"]]
    if node["reviews"]["pageInfo"]["hasNextPage"]:
        reviews = list(_rest_reviews(api, number))
    return _read(number, _detail(node), reviews)


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
    read = [read_record(Review, one, "id") for one in reviews]
    bad = [one for one in (head, *read) if isinstance(one, Rejected)]
    good = [one for one in read if not isinstance(one, Rejected)]
    return PullDetail(number, None if isinstance(head, Rejected) else head, good, bad)


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
