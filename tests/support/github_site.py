"""GitHub's API on loopback: repositories of any size, which a test may change at any time.

REST as documented (`since`, `state`, `sort`, `direction`, `per_page`, `page`, `Link`, 301 for what
has moved, 410 for what is deleted) and the one question in GraphQL that collectors ask. Versions
of pages, quotas and failures are the replay server's.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any
from urllib.parse import urlencode

from conformance.replay.messages import Answer, Asked, Route, json_answer
from conformance.replay.server import ReplayServer, replaying
from tests.support import github_payloads as shown
from tests.support.github_graphql import answer_question
from tests.support.github_payloads import EPOCH, Entry, Place
from tests.support.github_shelves import Render, Shape, Shelf, list_page, one_of, paged

IDS = {"comments": 5_000_000_000, "review_comments": 7_000_000_000}
_PATH = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))(?:/(?P<rest>.*))?")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class GitHubRepository:
    """One repository of the site."""

    full_name: str
    github_id: int
    now: Callable[[], datetime] = _utc_now
    fields: dict[str, Any] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=lambda: {"C++": 9000, "CMake": 30})
    issues: Shelf = field(default_factory=Shelf)
    comments: Shelf = field(default_factory=Shelf)
    review_comments: Shelf = field(default_factory=Shelf)
    reviews: Shelf = field(default_factory=Shelf)
    gone: dict[int, int] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)
    """Listings that are switched off, e.g. `issues`, and the status that says so."""

    @property
    def place(self) -> Place:
        return Place(self.full_name, self.github_id % 1000 * 1_000_000)

    def fill(self, count: int, shape: Shape | None = None) -> None:
        """Let it hold issues 1 to `count` and what belongs to them, as they were at first."""
        shape = shape or Shape()
        for shelf in (self.issues, self.comments, self.review_comments, self.reviews):
            shelf.clear()
        self.gone.clear()
        self.moved.clear()
        for number in range(1, count + 1):
            self._make(number, shape)

    def issue(self, number: int, **fields: Any) -> None:
        """Change fields of an issue, or make one: it is updated now."""
        self._touch(self.issues, number, number, fields)

    def pull(self, number: int, **fields: Any) -> None:
        """The same of a pull request."""
        self._touch(self.issues, number, number, fields)
        self.issues.entries[number].is_pull = True

    def comment(self, key: int, number: int = 1, **fields: Any) -> None:
        """The same of a comment; the nth is of issue n in a made world."""
        self._touch(self.comments, key, number, fields)

    def review_comment(self, key: int, number: int = 1, **fields: Any) -> None:
        """The same of a comment on lines."""
        self._touch(self.review_comments, key, number, fields)

    def review(self, key: int, number: int, **fields: Any) -> None:
        """The same of a review; its pull request is updated as well."""
        self._touch(self.reviews, key, number, fields)
        self.pull(number)

    def spoil(self, number: int, **fields: Any) -> None:
        """Change fields without a new time of update."""
        self.issues.entries[number].fields.update(fields)

    def delete_issue(self, number: int) -> None:
        """With all that was said in it."""
        self.issues.drop(number)
        self.gone[number] = 410
        for shelf in (self.comments, self.review_comments, self.reviews):
            for key in [one.key for one in shelf.entries.values() if one.number == number]:
                shelf.drop(key)

    def transfer(self, number: int, other: "GitHubRepository", new_number: int) -> None:
        """Move an issue, under the same id, with its comments, to another repository."""
        old = self.issues.entries[number]
        payload = shown.issue(old, self.place)
        moving = [one for one in self.comments.entries.values() if one.number == number]
        self.delete_issue(number)
        self.moved[number] = f"/repositories/{other.github_id}/issues/{new_number}"
        other.issue(new_number, id=payload["id"], title=payload["title"])
        for one in moving:
            other.comment(one.key + 500_000, new_number, body=f"Comment {one.key} on {number}")

    def answer(self, rest: str, asked: Asked) -> Answer:
        """What is at a path below the repository."""
        if rest in self.absent:
            return json_answer({"message": "Issues are disabled for this repo"}, self.absent[rest])
        if not rest:
            return json_answer(shown.repository(self.place, self.github_id, self.fields))
        if rest == "languages":
            return json_answer(self.languages)
        listing = self._listing(rest)
        if listing is not None:
            return list_page(asked, *listing, self.place, pulls=rest == "pulls")
        return self._item(rest, asked) or json_answer({"message": "Not Found"}, 404)

    def rendered_reviews(self, number: int) -> list[dict[str, Any]]:
        """The reviews of a pull request, the oldest first."""
        found = [one for one in self.reviews.entries.values() if one.number == number]
        return [shown.review(one, self.place) for one in sorted(found, key=lambda one: one.key)]

    def rendered_pull(self, number: int) -> dict[str, Any] | None:
        """A pull request itself."""
        entry = self.issues.entries.get(number)
        return shown.pull_detail(entry, self.place) if entry and entry.is_pull else None

    def _make(self, number: int, shape: Shape) -> None:
        """Five in a row were updated in the same second."""
        created = EPOCH + timedelta(minutes=number)
        updated = EPOCH + timedelta(days=1, minutes=number // 5 * 5)
        is_pull = _is(number, shape.pull_every)
        self.issues.put(Entry(number, number, created, updated, is_pull))
        if _is(number, shape.comment_every):
            self.comments.put(Entry(number, number, created, updated))
        if is_pull and _is(number, shape.review_every):
            self.reviews.put(Entry(number, number, created, updated))
        if is_pull and _is(number, shape.review_comment_every):
            self.review_comments.put(Entry(number, number, created, updated))

    def _touch(self, shelf: Shelf, key: int, number: int, fields: dict[str, Any]) -> None:
        now = self.now().replace(microsecond=0)
        entry = shelf.entries.get(key) or Entry(key, number, now, now)
        entry.updated = now
        entry.fields.update(fields)
        shelf.put(entry)

    def _listing(self, rest: str) -> tuple[Shelf, Render] | None:
        match rest:
            case "issues":
                return self.issues, shown.issue
            case "pulls":
                return self.issues, shown.pull
            case "issues/comments":
                return self.comments, shown.comment
            case "pulls/comments":
                return self.review_comments, shown.review_comment
        return None

    def _item(self, rest: str, asked: Asked) -> Answer | None:
        kind, _, key = rest.removesuffix("/reviews").rpartition("/")
        if not key.isdecimal():
            return None
        number = int(key)
        if rest.endswith("/reviews"):
            return self._reviews(number, asked)
        match kind:
            case "issues" | "pulls":
                return self._issue(kind, number, asked)
            case "issues/comments":
                return one_of(
                    self.comments, self._key(number, "comments"), shown.comment, self.place
                )
            case "pulls/comments":
                own = self._key(number, "review_comments")
                return one_of(self.review_comments, own, shown.review_comment, self.place)
        return None

    def _key(self, number: int, kind: str) -> int:
        return number - IDS[kind] - self.place.offset

    def _issue(self, kind: str, number: int, asked: Asked) -> Answer | None:
        if number in self.moved:
            return Answer(301, {"location": asked.base_url + self.moved[number]})
        if number in self.gone:
            return json_answer({"message": "This issue was deleted"}, self.gone[number])
        if kind == "issues":
            return one_of(self.issues, number, shown.issue, self.place)
        found = self.rendered_pull(number)
        return json_answer(found) if found else None

    def _reviews(self, number: int, asked: Asked) -> Answer | None:
        if self.rendered_pull(number) is None:
            return None
        found = [one for one in self.reviews.entries.values() if one.number == number]
        found.sort(key=lambda one: one.key)
        return paged(asked, len(found), lambda n: shown.review(found[n], self.place))


def _is(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


@dataclass
class GitHubSite:
    """Repositories, the names that they had before, and how long each answer takes."""

    repositories: dict[str, GitHubRepository] = field(default_factory=dict)
    former: dict[str, GitHubRepository] = field(default_factory=dict)
    latency: timedelta = timedelta()
    now: Callable[[], datetime] = _utc_now
    server: ReplayServer = field(default_factory=ReplayServer)

    def add(self, full_name: str, github_id: int = 4711) -> GitHubRepository:
        """A new one, empty."""
        made = GitHubRepository(full_name, github_id, self.now)
        self.repositories[full_name.lower()] = made
        return made

    def rename(self, full_name: str, new_name: str) -> None:
        """From now on the old name leads to the new one."""
        one = self.repositories.pop(full_name.lower())
        self.former[full_name.lower()] = one
        self.former.pop(new_name.lower(), None)
        one.full_name = new_name
        self.repositories[new_name.lower()] = one

    def __call__(self, asked: Asked) -> Answer | None:
        if self.latency:
            sleep(self.latency.total_seconds())
        if asked.path == "/graphql":
            return answer_question(asked, self._named)
        found = _PATH.fullmatch(asked.path)
        return self._repository(asked, found) if found else None

    def _repository(self, asked: Asked, found: re.Match[str]) -> Answer | None:
        rest = (found["rest"] or "").rstrip("/")
        if found["id"]:
            every = self.repositories.values()
            by_id = [one for one in every if one.github_id == int(found["id"])]
            return by_id[0].answer(rest, asked) if by_id else None
        name = found["name"].lower()
        if name in self.repositories:
            return self.repositories[name].answer(rest, asked)
        if name not in self.former:
            return None
        path = f"/repositories/{self.former[name].github_id}/{rest}".rstrip("/")
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        return Answer(301, {"location": f"{asked.base_url}{path}{query}"})

    def _named(self, full_name: str) -> GitHubRepository | None:
        name = full_name.lower()
        return self.repositories.get(name) or self.former.get(name)


@contextmanager
def serving(site: GitHubSite, *others: Route, **options: Any) -> Iterator[GitHubSite]:
    """The site, until the block ends; the options are fields of `ReplayServer`, e.g. `budgets`."""
    with replaying(*others, site, now=site.now, **options) as site.server:
        yield site
