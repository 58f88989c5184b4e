"""What it costs that all processes know what is left of a quota: a row in PostgreSQL, or Prefect's limits.

The claims: looked up at most once a second it costs a request nothing that can be measured; even
asked each time it is cheaper than Prefect's server. GitHub answers in 100 ms and more.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED, temporary_settings

from benchmarks.measuring import median, scratch_database, scratch_postgres, seconds
from conformance.replay.messages import json_answer
from conformance.replay.routes import at
from conformance.replay.rules import Budget
from conformance.replay.server import replaying
from services.database import Database
from services.http.client import HttpClient
from services.http.pool import LastingToken, TokenPool
from services.http.quota import Allowance, Purse, SharedQuotas
from services.http.settings import HttpSettings
from services.http.shared_quotas import StoredQuotas
from tests.support.local_stack import running_prefect

CALLS = 200
ROUNDS = 5


def rows() -> list[dict[str, object]]:
    """Milliseconds for one request each, medians of interleaved rounds."""
    with scratch_postgres() as server, scratch_database(server, "quota") as database:
        found = _requests(database) | _statements(database)
    with running_prefect() as prefect:
        found |= _prefect(prefect.api_url)
    alone = found["a request to loopback, quotas of this process"]
    return [
        {"what": name, "ms": round(value, 3), "of a request alone": f"{value / alone:.2f}"}
        for name, value in found.items()
    ]


def _requests(database: Database) -> dict[str, float]:
    page = at("/page", json_answer({"id": 1}))
    with replaying(page, budgets=[Budget(10**9)]) as source:
        stored = StoredQuotas(database, source.url)
        with _client(source.url, None) as alone, _client(source.url, stored) as shared:
            pairs = [(_each(alone), _each(shared)) for _ in range(ROUNDS)]
    return {
        "a request to loopback, quotas of this process": _middle([pair[0] for pair in pairs]),
        "the same, quotas shared (looked up once a second)": _middle([pair[1] for pair in pairs]),
    }


def _client(url: str, shared: SharedQuotas | None) -> HttpClient:
    tokens = [LastingToken(f"token {number}", f"t{number}") for number in range(3)]
    return HttpClient(HttpSettings(base_url=url), auth=TokenPool(tokens, shared))


def _each(client: HttpClient) -> float:
    return _milliseconds(lambda: client.get("/page"))


def _statements(database: Database) -> dict[str, float]:
    stored = StoredQuotas(database, "https://api.github.com")
    now = datetime.now(UTC)
    known = Allowance(100, now + timedelta(hours=1))
    return {
        "reading what others have learned": _milliseconds(lambda: stored.read(now)),
        "telling others": _milliseconds(lambda: stored.write(Purse("a", "core"), known, now)),
    }


def _prefect(api_url: str) -> dict[str, float]:
    """One slot taken and given back, as flows do around what they limit."""
    ours = {PREFECT_API_URL: api_url, PREFECT_SERVER_EPHEMERAL_ENABLED: False}
    with temporary_settings(ours), get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="api", limit=100))

        def once() -> None:
            answer = client.increment_concurrency_slots_with_lease(
                ["api"], slots=1, mode="concurrency", lease_duration=60
            )
            client.release_concurrency_slots_with_lease(UUID(answer.json()["lease_id"]))

        return {"a slot of Prefect's, taken and given back": _milliseconds(once)}


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    return 1000 * seconds(lambda: [work() for _ in range(CALLS)]) / CALLS


def _middle(values: list[float]) -> float:
    return median([1000 * value for value in values]) / 1000
