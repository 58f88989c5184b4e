"""What health and alerts need of Prefect, asked of its REST API directly.

Prefect's own client would cost seconds of imports and 100 MB in a process that only looks.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from ssl import create_default_context
from typing import Any
from urllib.parse import quote

import httpx

from deployments.generate import TAG

# The most that Prefect's API gives at once.
PAGE = 200
# As Prefect's server counts: https://github.com/PrefectHQ/prefect, WorkerStatus.
MISSED_HEARTBEATS = 3
DEFAULT_HEARTBEAT_SECONDS = 30
# The scheduler sees a new or changed deployment within seconds, and all of them once a minute.
SCHEDULER_GRACE = timedelta(minutes=2)

# A batch waits for the one before it; so long it does not.
LATE_AFTER = timedelta(minutes=15)


class PrefectApi:
    """A server's API; every answer is waited for at most `timeout_seconds`.

    `authority` is the file of the certificate authority that vouches for an https address, where
    that is none of those that everybody trusts.
    """

    def __init__(
        self,
        api_url: str,
        *,
        auth: str | None,
        timeout_seconds: float,
        authority: Path | None = None,
    ) -> None:
        proof = {"Authorization": f"Basic {b64encode(auth.encode()).decode()}"} if auth else {}
        trusted = True if authority is None else create_default_context(cafile=authority)
        self._client = httpx.Client(
            base_url=api_url,
            headers=proof,
            timeout=timeout_seconds,
            trust_env=False,
            verify=trusted,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def online_workers(self, pool: str, now: datetime) -> list[str]:
        """Names of the pool's workers whose heartbeat is not overdue; none without such a pool.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        answer = self._client.post(f"/work_pools/{pool}/workers/filter", json={})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        workers = answer.raise_for_status().json()
        return sorted(worker["name"] for worker in workers if _is_online(worker, now))

    def unscheduled(self, now: datetime) -> list[str]:
        """Our deployments that have an active schedule, are not paused, and have no next run.

        Those that have just been changed may still get one.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        waiting = self._due(now)
        while waiting:
            runs = self._scheduled_runs(list(waiting))
            for run in runs:
                waiting.pop(run["deployment_id"], None)
            if len(runs) < PAGE:
                break
        # One that was changed or paused between the two looks has lost its runs by that.
        still = self._due(now) if waiting else {}
        return sorted(name for one, name in waiting.items() if one in still)

    def late(self, now: datetime) -> dict[str, datetime]:
        """Our deployments with a run that has not started, and when the first was to start.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        wanted = {
            "flow_runs": {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "expected_start_time": {"before_": (now - LATE_AFTER).isoformat()},
            },
            "deployments": {"tags": {"all_": [TAG]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": PAGE,
        }
        runs = self._ask("/flow_runs/filter", wanted)
        if not runs:
            return {}
        names = {one["id"]: _full_name(one) for one in self._deployments()}
        first: dict[str, datetime] = {}
        for run in runs:
            name = names.get(run["deployment_id"], run["name"])
            first.setdefault(name, datetime.fromisoformat(run["expected_start_time"]))
        return first

    def claimed(self, before: datetime) -> list[dict[str, Any]]:
        """Our runs that a worker took before that moment and that have no process yet, the oldest first.

        Those that a batch starts itself are not among them. Each has `id`, `name` and `state`.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        wanted = {
            "flow_runs": {
                "state": {"type": {"any_": ["PENDING"]}},
                "parent_task_run_id": {"is_null_": True},
            },
            "deployments": {"tags": {"all_": [TAG]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": PAGE,
        }
        runs = self._ask("/flow_runs/filter", wanted)
        return [run for run in runs if not run["infrastructure_pid"] and _since(run) < before]

    def start_anew(self, flow_run_id: str, reason: str, now: datetime) -> bool:
        """Have any worker start the run; whether the server agreed, as it does also when it has begun.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        details = {"scheduled_time": now.isoformat()}
        state = {"type": "SCHEDULED", "message": reason, "state_details": details}
        answer = self._client.post(f"/flow_runs/{flow_run_id}/set_state", json={"state": state})
        return bool(answer.raise_for_status().json()["status"] == "ACCEPT")

    def emit(self, event: Mapping[str, Any]) -> None:
        """Have the server take an event; one of an id that it has already is the same one.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        self._client.post("/events", json=[event]).raise_for_status()

    def log_lines(self, flow_run_id: str, limit: int) -> list[str]:
        """The last lines that a flow run logged, the oldest first.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        wanted = {
            "logs": {"flow_run_id": {"any_": [flow_run_id]}},
            "sort": "TIMESTAMP_DESC",
            "limit": limit,
        }
        lines = self._ask("/logs/filter", wanted)
        return [f"{line['timestamp'][:19]}Z {line['message']}" for line in reversed(lines)]

    def secret_block(self, name: str) -> Any:
        """What the Secret block of this name holds, None when there is none.

        Raises:
            httpx.HTTPError: no answer, or a refusal.
        """
        path = f"/block_types/slug/secret/block_documents/name/{quote(name, safe='')}"
        answer = self._client.get(path, params={"include_secrets": True})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().json()["data"].get("value")

    def _due(self, now: datetime) -> dict[str, str]:
        """Names, by id, of our deployments that should have a next run."""
        due = [one for one in self._deployments() if _is_active(one) and _is_settled(one, now)]
        return {one["id"]: _full_name(one) for one in due}

    def _deployments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            wanted = {"deployments": {"tags": {"all_": [TAG]}}, "limit": PAGE, "offset": len(found)}
            page = self._ask("/deployments/filter", wanted)
            found += page
            if len(page) < PAGE:
                return found

    def _scheduled_runs(self, deployments: list[str]) -> list[dict[str, Any]]:
        """The next ones first, so that a few pages hold at least one of every deployment."""
        wanted = {
            "flow_runs": {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "deployment_id": {"any_": deployments},
            },
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": PAGE,
        }
        return self._ask("/flow_runs/filter", wanted)

    def _ask(self, path: str, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = (
            self._client.post(path, json=question).raise_for_status().json()
        )
        return answer


def _is_online(worker: Mapping[str, Any], now: datetime) -> bool:
    """By its own heartbeats: the server takes a quarter of a minute more to notice."""
    every = timedelta(seconds=worker["heartbeat_interval_seconds"] or DEFAULT_HEARTBEAT_SECONDS)
    last = datetime.fromisoformat(worker["last_heartbeat_time"])
    return worker["status"] == "ONLINE" and now - last < MISSED_HEARTBEATS * every


def _since(run: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(run["state"]["timestamp"])


def _is_active(deployment: Mapping[str, Any]) -> bool:
    schedules = deployment["schedules"]
    return not deployment["paused"] and any(schedule["active"] for schedule in schedules)


def _is_settled(deployment: Mapping[str, Any], now: datetime) -> bool:
    return now - datetime.fromisoformat(deployment["updated"]) > SCHEDULER_GRACE


def _full_name(deployment: Mapping[str, Any]) -> str:
    flow = str(deployment["entrypoint"]).rpartition(".")[2]
    return f"{flow}/{deployment['name']}"
