"""A source that fails is waited for within bounds, sorted right, and leaves no gap behind."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from sqlalchemy import text

from conformance.bench import Bench, Check, Line, require_server
from conformance.contents import Contents
from conformance.driver import Outcome
from conformance.promises import require
from conformance.replay.faults import Fault, cut_to, delivered, held, html, status
from conformance.replay.messages import Answer, Asked, Delivery
from conformance.replay.server import ReplayServer
from conformance.subject import NotApplicable, World

DAY = "86400"
# Every try of every page, and as many again.
MOST_REQUESTS_EACH = 10


@dataclass(frozen=True, slots=True)
class Failing:
    """How a source fails, and the categories that may be made of it.

    `passing` is how it fails once, where that differs: a limit that asks for no long wait. What a
    run stores before it fails depends on where that is, less on how: a few fail `everywhere`. One
    that is `silent` does not answer.
    """

    fault: Fault
    categories: frozenset[str]
    passing: Fault | None = None
    everywhere: bool = False
    silent: bool = False


def _failing(
    fault: Fault, *categories: str, passing: Fault | None = None, everywhere: bool = False
) -> Failing:
    return Failing(fault, frozenset(categories), passing, everywhere)


NEVER = Event()
LIMIT = "API rate limit exceeded"
FAILURES: Mapping[str, Failing] = {
    "answer-500": _failing(status(500, "oops"), "network", everywhere=True),
    "answer-502": _failing(status(502, "bad gateway"), "network"),
    "answer-429": _failing(
        status(429, "slow down", retry_after=DAY),
        "rate_limit",
        passing=status(429, "slow down", retry_after="0"),
    ),
    "limit-403": _failing(
        status(403, LIMIT, retry_after=DAY),
        "rate_limit",
        passing=status(403, LIMIT, retry_after="0"),
        everywhere=True,
    ),
    "denied-403": _failing(status(403, "you may not see this"), "auth"),
    "connection-reset": _failing(delivered(Delivery.RESET), "network"),
    "body-shorter-than-said": _failing(delivered(Delivery.SHORT), "network"),
    "body-cut-in-chunks": _failing(delivered(Delivery.CUT_CHUNKS), "network"),
    "body-broken": _failing(cut_to(0.5), "network", "validation", everywhere=True),
    "error-with-200": _failing(html(), "network", "validation"),
    "answer-slow": Failing(held(NEVER), frozenset({"timeout"}), silent=True),
}


def fails(bench: Bench, failing: Failing) -> None:
    """Once: at most one more run, and the tables are those of an undisturbed one.

    From some request on: the run fails in the right category, and the next one leaves no gap. At
    every request: it gives up within bounds, and the tables stay as they were.
    """
    with bench.world() as world:
        server = require_server(world)
        wanted = bench.undisturbed(world)
        requests = len(server.traffic.requests)
        places = _places(requests)
        middle = places[len(places) // 2]
        _fails_once(bench, world, failing, middle, wanted)
        for number in places if failing.everywhere else [middle]:
            _fails_from(bench, world, failing, number, wanted)
        _fails_always(bench, world, failing, requests, wanted)


def _places(requests: int) -> list[int]:
    """The first request, one in the middle, the last one."""
    return sorted({1, (requests + 1) // 2, requests})


def _fails_once(
    bench: Bench, world: World, failing: Failing, number: int, wanted: Contents
) -> None:
    with bench.line(world) as line:
        require_server(world).script.at(number, failing.passing or failing.fault)
        first = _run(line, failing)
        second = line.run_well()
        line.require_same(wanted, f"after a failure at request {number} ({first}; then {second})")


def _fails_from(
    bench: Bench, world: World, failing: Failing, number: int, wanted: Contents
) -> None:
    """As when a source goes down: a client that tries again is not helped."""
    script = require_server(world).script

    def going_down(asked: Asked, usual: Answer) -> Answer:
        script.by_chance(0, 1.0, failing.fault)
        return failing.fault(asked, usual)

    with bench.line(world) as line:
        script.at(number, going_down)
        _require_failed(_run(line, failing), failing.categories)
        script.by_chance(0, 0.0)
        _let_waits_pass(line)
        line.run_well()
        line.require_same(wanted, f"after a run that failed from request {number} on, and one more")


def _fails_always(
    bench: Bench, world: World, failing: Failing, requests: int, wanted: Contents
) -> None:
    server = require_server(world)
    with bench.line(world) as line:
        _run_on_failing(line, server, failing, requests)
        line.require_same({}, "after a first run on a source that only fails")
        _let_waits_pass(line)
        line.run_well()
        line.require_same(wanted, "when the source works again")
        with suppress(NotApplicable):  # "not modified" has no body that could be damaged
            world.change(0)
        _run_on_failing(line, server, failing, requests)
        line.require_same(wanted, "after a later run on a source that only fails")


def _run_on_failing(line: Line, server: ReplayServer, failing: Failing, requests: int) -> None:
    asked = _asked(server)
    server.script.by_chance(0, 1.0, failing.fault)
    _require_failed(_run(line, failing), failing.categories)
    asked = _asked(server) - asked
    require(asked <= requests * MOST_REQUESTS_EACH, f"{asked} requests to a source that fails")
    server.script.by_chance(0, 0.0)


def _run(line: Line, failing: Failing) -> Outcome:
    """One run on it: who gets no answer is not to wait as long as in production."""
    return replace(line, impatient=failing.silent).run()


def _let_waits_pass(line: Line) -> None:
    """As if the time were over that the source has asked to be left alone."""
    with line.transaction() as session:
        session.execute(text("delete from http_quota"))


def _require_failed(outcome: Outcome, allowed: frozenset[str]) -> None:
    require(outcome.status == "failed", f"the source only fails, but the run is {outcome}")
    wanted = " or ".join(sorted(allowed))
    require(outcome.category in allowed, f"the category is to be {wanted}: {outcome}")


def token_revoked(bench: Bench) -> None:
    """Credentials that end in the middle of a run fail it as `auth`, and nobody tries again."""
    with bench.world() as world:
        server = require_server(world)
        wanted = bench.undisturbed(world)
        tokens = list(filter(None, server.traffic.tokens))
        if not tokens:
            raise NotApplicable("the source asks for no credentials")
        for number in _places(tokens.count(tokens[0])):
            with bench.line(world) as line:
                _revoke(line, server, tokens[0], number - 1)
                line.require_same(wanted, "with new credentials")


def _revoke(line: Line, server: ReplayServer, token: str, after: int) -> None:
    """Revoked after so many requests; then accepted again, as new credentials are."""
    asked = len(_asked_with(server, token))
    server.tokens.revoke(token, after)
    _require_failed(line.run(), frozenset({"auth"}))
    refused = _asked_with(server, token)[asked + after :]
    again = len(refused) - len(set(refused))
    require(again == 0, f"{again} requests were made again with credentials that are refused")
    server.tokens.restore(token)
    line.run_well()


def _asked_with(server: ReplayServer, token: str) -> list[str]:
    """A room may ask one source in two ways, not both with the same credentials."""
    seen = zip(server.traffic.targets, server.traffic.tokens, strict=False)
    return [target for target, used in seen if used == token]


def _asked(server: ReplayServer) -> int:
    return len(server.traffic.requests)


CHECKS: Mapping[str, Check] = {
    **{name: partial(fails, failing=failing) for name, failing in FAILURES.items()},
    "token-revoked": token_revoked,
}
