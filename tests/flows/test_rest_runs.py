"""Which crashed batches get a new run for what they had still to do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.states import Crashed, Scheduled

from deployments.local.reconcile import WORKER_LABEL, worker_name
from deployments.local.rest_runs import start_rest_runs
from tests.flows.records import QUIET
from tests.support.local_stack import LocalPrefect

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
YESTERDAY = datetime(2026, 3, 1, 23, 55, tzinfo=UTC)


def deployment(prefect: LocalPrefect, flow_name: str = "collector_group") -> UUID:
    flow_id = prefect.client.create_flow_from_name(flow_name)
    return prefect.client.create_deployment(flow_id, f"d-{uuid4().hex[:8]}")


def crashed(prefect: LocalPrefect, deployment_id: UUID, worker: str, **parameters: Any) -> UUID:
    run = prefect.client.create_flow_run_from_deployment(
        deployment_id,
        parameters=parameters,
        state=Scheduled(scheduled_time=YESTERDAY),
        labels={WORKER_LABEL: worker},
    )
    prefect.client.set_flow_run_state(run.id, Crashed(), force=True)
    return run.id


def rests(prefect: LocalPrefect, now: datetime, *of: UUID) -> list[dict[str, Any]]:
    """Parameters of the runs started now, of these deployments."""
    started = start_rest_runs(prefect.client, now)
    return [run.parameters for run in started if run.deployment_id in of]


def test_each_crashed_batch_of_this_machine_gets_one_for_the_day_it_was_for(
    prefect_api: LocalPrefect,
) -> None:
    group, release = deployment(prefect_api), deployment(prefect_api)
    crashed(prefect_api, group, worker_name(), group="nightly")
    crashed(prefect_api, release, worker_name(), group="b", cadence="on_release", date="2026-02-01")
    now = datetime.now(UTC)
    found = rests(prefect_api, now, group, release)
    assert sorted(found, key=str) == [
        {"group": "b", "cadence": "on_release", "date": "2026-02-01", "missing_only": True},
        {"group": "nightly", "date": "2026-03-01", "missing_only": True},
    ]
    assert rests(prefect_api, now, group, release) == []


def test_others_get_none(prefect_api: LocalPrefect) -> None:
    group, other, gone = (
        deployment(prefect_api),
        deployment(prefect_api, "some_collector"),
        deployment(prefect_api),
    )
    crashed(prefect_api, group, "bdc@elsewhere")
    crashed(prefect_api, other, worker_name())
    crashed(prefect_api, gone, worker_name())
    prefect_api.client.delete_deployment(gone)
    assert rests(prefect_api, datetime.now(UTC), group, other, gone) == []


def test_what_crashed_long_ago_is_left_to_the_batches_since(prefect_api: LocalPrefect) -> None:
    group = deployment(prefect_api)
    crashed(prefect_api, group, worker_name())
    assert rests(prefect_api, datetime.now(UTC) + timedelta(days=1), group) == []
