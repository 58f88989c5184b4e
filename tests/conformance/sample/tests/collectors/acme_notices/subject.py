"""Acme's board, in the test's hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conformance.replay.messages import Answer, Asked, json_answer, link
from conformance.replay.server import ReplayServer, replaying
from conformance.subject import Spoiling

PAGE = 100
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BAD: dict[Spoiling, dict[str, Any]] = {
    "wrong_type": {"title": 3},
    "extra": {"colour": "red"},
    "nul": {"text": "a\0b"},
    "surrogate": {"text": "a\ud800b"},
}


@dataclass
class Board:
    """A board and the server that shows it."""

    server: ReplayServer
    notices: list[dict[str, Any]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ACME_NOTICES_BASE_URL": self.server.url,
            "ACME_NOTICES_TOKEN": "welcome",
            "ACME_NOTICES_FIRST_PAUSE_SECONDS": "0.05",
        }

    @property
    def impatience(self) -> dict[str, str]:
        return {"ACME_NOTICES_READ_SECONDS": "0.5"}

    @property
    def parameters(self) -> dict[str, Any]:
        return {"board": "main"}

    def fill(self, count: int) -> None:
        self.notices = [
            {
                "id": number,
                "title": f"Notice {number}",
                "text": f"This is notice number {number}.",
                "updated_at": (LONG_AGO + timedelta(seconds=number)).isoformat(),
            }
            for number in range(count)
        ]

    def change(self, index: int) -> None:
        text = self.notices[index]["text"] + " Changed."
        self._update(index, {"text": text})

    def delete(self, index: int) -> None:
        self._update(index, {"deleted": True})

    def spoil(self, index: int, how: Spoiling) -> None:
        self._update(index, BAD.get(how, {}))
        if how == "missing":
            del self.notices[index]["title"]

    def _update(self, index: int, changes: dict[str, Any]) -> None:
        now = self.server.now().isoformat()
        self.notices[index] = {**self.notices[index], **changes, "updated_at": now}

    def answer(self, asked: Asked) -> Answer | None:
        """A page by number; what follows is asked for by the last number that was seen."""
        if asked.path != "/notices":
            return None
        since, after = asked.query.get("since"), int(asked.query.get("after", -1))
        found = [one for one in self.notices[after + 1 :] if not since or _is_since(one, since)]
        page = found[:PAGE]
        answer = json_answer(page)
        if len(found) == len(page):
            return answer
        following = f"{asked.base_url}/notices?after={page[-1]['id']}"
        following += f"&since={since.replace('+', '%2B')}" if since else ""
        return Answer(200, {**answer.headers, "link": link(following)}, answer.body)


def _is_since(notice: dict[str, Any], since: str) -> bool:
    return datetime.fromisoformat(notice["updated_at"]) >= datetime.fromisoformat(since)


class AcmeNoticesSubject:
    """Opens boards."""

    collector = "acme_notices"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Board]:
        del folder
        with replaying() as server:
            board = Board(server)
            server.routes = (board.answer,)
            yield board


SUBJECT = AcmeNoticesSubject()
