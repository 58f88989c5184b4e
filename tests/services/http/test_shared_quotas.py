"""One budget for all processes and machines."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import SecretStr
from sqlalchemy import select

from conformance.replay.faults import held, status
from conformance.replay.messages import json_answer
from conformance.replay.routes import at
from conformance.replay.rules import Budget
from conformance.replay.server import ReplayServer, replaying
from services.database import Database
from services.errors import RateLimited
from services.http.github import GitHubAccess, token_pool
from services.http.models import HttpQuota
from services.http.quota import Allowance, Purse
from services.http.shared_quotas import StoredQuotas
from tests.services.http.conftest import NOON, MakeClient, World
from tests.support.local_stack import poll

PAGE = at("/page", json_answer({"id": 1}))


def start(server: ReplayServer, database_url: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.support.asking", server.url, database_url, "one,two"]
    return subprocess.Popen([*command, str(count)], stdout=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> list[str]:
    return process.communicate()[0].split()


def test_two_processes_share_one_budget(database_url: str) -> None:
    with replaying(PAGE, budgets=[Budget(40)]) as server:
        two = [start(server, database_url, 100) for _ in range(2)]
        answers = [finish(process) for process in two]
        assert sorted([*answers[0], *answers[1]]) == ["200"] * 80 + ["limited"] * 2
        # Of each token one of them takes the last request, and the other may be refused once.
        assert server.traffic.count("/page") <= 80 + 2
        before = server.traffic.count("/page")
        assert finish(start(server, database_url, 1)) == ["limited"]
        assert server.traffic.count("/page") == before


def test_kill_9_holds_no_part_of_the_budget_back(database_url: str) -> None:
    with replaying(PAGE, budgets=[Budget(40)]) as server:
        over = Event()
        server.script.at(11, held(over))
        victim = start(server, database_url, 80)
        poll(lambda: server.traffic.count("/page") == 11, 30, "a request that is not answered")
        victim.kill()
        assert finish(victim) == ["200"] * 10
        over.set()
        assert finish(start(server, database_url, 100)) == ["200"] * (80 - 11) + ["limited"]


def shared(database: Database, world: World, *tokens: str) -> object:
    access = GitHubAccess(tokens=SecretStr(",".join(tokens)))
    return token_pool(access, database)


def test_what_one_client_was_refused_another_does_not_ask(
    make_client: MakeClient, server: ReplayServer, world: World, database: Database
) -> None:
    server.script.on("/page", status(403, "secondary rate limit", retry_after="600"))
    for _ in range(2):
        client = make_client(shared(database, world, "one"))
        with_limit = False
        try:
            client.get("/page")
        except RateLimited:
            with_limit = True
        assert with_limit
    assert server.traffic.count("/page") == 1


def test_a_client_knows_of_others_what_they_have_left(
    make_client: MakeClient, server: ReplayServer, world: World, database: Database
) -> None:
    server.budgets = [Budget(4000)]
    make_client(shared(database, world, "one")).get("/page")
    client = make_client(shared(database, world, "one", "two"))
    client.get("/page")
    assert server.traffic.tokens == ["one", "two"]


def test_a_dry_run_tells_what_it_has_used(
    make_client: MakeClient, server: ReplayServer, world: World, database: Database
) -> None:
    server.budgets = [Budget(1)]
    with database.rehearse() as rehearsal:
        make_client(shared(rehearsal, world, "one")).get("/page")
    with database.transaction() as session:
        (row,) = session.scalars(select(HttpQuota))
    assert (row.source, row.resource, row.remaining) == ("https://api.github.com", "core", 0)
    assert "one" not in f"{row.scope}"


def test_machines_whose_clocks_differ_agree_on_how_long(database: Database) -> None:
    stored = StoredQuotas(database, "s", clock=lambda: NOON)
    here, there = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    minute = timedelta(minutes=1)
    purse = Purse("a", None)
    stored.write(purse, Allowance(3, here + minute, here + 2 * minute), here)
    known = {purse: Allowance(3, there + minute, there + 2 * minute)}
    assert stored.read(there) == known


def test_what_is_over_is_not_told(database: Database) -> None:
    at_noon = StoredQuotas(database, "s", clock=lambda: NOON)
    at_noon.write(Purse("a", "core"), Allowance(3, NOON + timedelta(minutes=1)), NOON)
    at_noon.write(Purse("b", "core"), Allowance(3), NOON)
    later = StoredQuotas(database, "s", clock=lambda: NOON + timedelta(minutes=2))
    assert set(at_noon.read(NOON)) == {Purse("a", "core")}
    assert later.read(NOON) == {}
    assert StoredQuotas(database, "another").read(NOON) == {}


def test_nobody_opens_what_another_has_closed(database: Database) -> None:
    stored = StoredQuotas(database, "s", clock=lambda: NOON)
    purse, closed = Purse("a", "core"), NOON + timedelta(minutes=5)
    stored.write(purse, Allowance(closed_until=closed), NOON)
    stored.write(purse, Allowance(5, NOON + timedelta(minutes=1)), NOON)
    assert stored.read(NOON)[purse].closed_until == closed
