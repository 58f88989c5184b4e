"""What can go wrong with an answer, and a script of when it does."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from conformance.replay.messages import Answer, Asked, Delivery, json_answer, link, text_answer

Fault = Callable[[Asked, Answer], Answer]
"""A request and what would be answered → what is answered."""


def instead(answer: Answer) -> Fault:
    """Another answer: a status with or without headers, an error body with status 200, …"""
    return lambda _asked, _usual: answer


def status(code: int, body: str = "", **headers: str) -> Fault:
    """That status, with `retry_after="3"` as the header Retry-After."""
    return instead(json_answer({"message": body}, code, **headers))


def html() -> Fault:
    """A maintenance page where JSON is expected, with status 200."""
    return instead(text_answer("<html><body>Back soon</body></html>"))


def redirect(location: str, code: int = 302) -> Fault:
    """Go there."""
    return instead(Answer(code, {"location": location}))


def delivered(delivery: Delivery) -> Fault:
    """The usual answer, which travels badly."""
    return lambda _, usual: replace(usual, delivery=delivery)


def held(until: Event) -> Fault:
    """The usual answer, not before the event, or the end of the server."""
    return lambda _, usual: replace(usual, hold=until)


def with_headers(**headers: str) -> Fault:
    """The usual answer with other headers; `content_type` is Content-Type."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, usual: replace(usual, headers={**usual.headers, **named})


def leads_to(target: str) -> Fault:
    """The usual page, which links to `target` as the next one: a path, or a URL elsewhere."""

    def fault(asked: Asked, usual: Answer) -> Answer:
        url = target if "://" in target else asked.base_url + target
        return replace(usual, headers={**usual.headers, "link": link(url)})

    return fault


def shuffled(seed: int) -> Fault:
    """The items of the page in another order."""

    def fault(_: Asked, usual: Answer) -> Answer:
        items = json.loads(usual.body)
        random.Random(seed).shuffle(items)  # noqa: S311 - not for secrets
        return replace(usual, body=json.dumps(items).encode())

    return fault


def repeated() -> Fault:
    """Every item of the page twice, as when items move between pages while they are read."""
    return lambda _, usual: replace(usual, body=json.dumps(json.loads(usual.body) * 2).encode())


def cut_to(share: float) -> Fault:
    """The first part of the body, announced as if it were the whole."""
    return lambda _, usual: replace(usual, body=usual.body[: int(len(usual.body) * share)])


def bomb(size: int) -> Fault:
    """So many bytes of nothing, which travel as a thousandth of it."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    return instead(Answer(200, headers, gzip.compress(bytes(size))))


@dataclass(slots=True)
class Script:
    """Which request meets which fault; the nth one of a path meets the nth that is set for it."""

    _by_path: dict[str, Sequence[Fault | None]] = field(default_factory=dict)
    _by_number: dict[int, Fault] = field(default_factory=dict)
    _always: dict[str, Fault] = field(default_factory=dict)
    _chances: "tuple[random.Random, float, Sequence[Fault]] | None" = None
    _asked: Counter[str] = field(default_factory=Counter)
    _met: int = 0
    _lock: Lock = field(default_factory=Lock)

    def on(self, path: str, *faults: Fault | None) -> None:
        """The next requests of the path meet these in turn; None is none. The later ones: none."""
        with self._lock:
            self._by_path[path] = faults
            self._asked[path] = 0

    def always(self, path: str, fault: Fault) -> None:
        """Every request of the path that meets no other one."""
        self._always[path] = fault

    def by_chance(self, seed: int, share: float, *faults: Fault) -> None:
        """A share of all other requests, the same ones with the same seed when asked in turn."""
        self._chances = (random.Random(seed), share, faults)  # noqa: S311 - not for secrets

    def at(self, number: int, fault: Fault) -> None:
        """The nth request from now on, of whatever path, counted from 1, meets this."""
        with self._lock:
            self._by_number[self._met + number] = fault

    def meet(self, asked: Asked, usual: Answer) -> Answer:
        """What is answered."""
        numbered, planned = self._numbered(), self._next(asked.path)
        fault = numbered or planned or self._always.get(asked.path) or self._drawn()
        return fault(asked, usual) if fault else usual

    def _numbered(self) -> Fault | None:
        with self._lock:
            self._met += 1
            return self._by_number.pop(self._met, None)

    def _next(self, path: str) -> Fault | None:
        with self._lock:
            turn = self._asked[path]
            self._asked[path] += 1
        planned = self._by_path.get(path, ())
        return planned[turn] if turn < len(planned) else None

    def _drawn(self) -> Fault | None:
        if self._chances is None:
            return None
        with self._lock:
            source, share, faults = self._chances
            return source.choice(faults) if source.random() < share else None
