"""What becomes of a run whose worker died before it could start it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect import Task
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Pending, Running

from deployments.generate import TAG
from deployments.status.claims import REASON, Claims
from deployments.status.observing import Snapshot
from deployments.status.prefect_api import PrefectApi
from tests.support.local_stack import ANSWER_SECONDS, LocalPrefect
from tests.support.receiving import Receiver, receiving

pytestmark = pytest.mark.xdist_group("deployments")
POOL = "claims"
SOON, LONG = timedelta(minutes=1), timedelta(minutes=3)


@dataclass
class Claimed:
    """A server with one run that a worker has just taken."""

    server: LocalPrefect
    api: PrefectApi
    run: UUID

    def look(self, later: timedelta) -> FlowRun:
        """The run after a look at a time that is to come."""
        at = datetime.now(UTC) + later
        Claims(self.api)(Snapshot(at, None, None, None, None, None, None, None, {}))
        return self.server.client.read_flow_run(self.run)


@pytest.fixture
def claimed(prefect_api: LocalPrefect) -> Iterator[Claimed]:
    client = prefect_api.client
    prefect_api.ensure_pool(POOL)
    flow = client.create_flow_from_name("claimed")
    deployment = client.create_deployment(flow, "claimed", work_pool_name=POOL, tags=[TAG])
    run = client.create_flow_run_from_deployment(deployment, state=Pending())
    api = PrefectApi(prefect_api.api_url, auth=None, timeout_seconds=ANSWER_SECONDS)
    yield Claimed(prefect_api, api, run.id)
    api.close()
    client.delete_flow_run(run.id)
    client.delete_deployment(deployment)


def test_it_is_put_back_for_any_worker_to_start(claimed: Claimed) -> None:
    assert claimed.look(SOON).state_type == StateType.PENDING
    run = claimed.look(LONG)
    assert run.state is not None
    assert (run.state_type, run.state.message) == (StateType.SCHEDULED, REASON)
    assert run.state.state_details.scheduled_time is not None
    assert claimed.look(LONG).state == run.state


def test_one_that_has_a_process_is_left_alone(claimed: Claimed) -> None:
    claimed.server.client.update_flow_run(claimed.run, infrastructure_pid="1")
    assert claimed.look(LONG).state_type == StateType.PENDING


def test_one_that_has_begun_meanwhile_goes_on(claimed: Claimed) -> None:
    client = claimed.server.client
    client.set_flow_run_state(claimed.run, Running())
    assert claimed.look(LONG).state_type == StateType.RUNNING


def test_one_that_a_batch_is_about_to_start_is_left_to_it(claimed: Claimed) -> None:
    client = claimed.server.client
    parent = client.read_flow_run(claimed.run)
    place = client.create_task_run(Task(fn=lambda: None, name="x"), parent.id, "x", state=Pending())
    child = client.create_flow_run_from_deployment(
        parent.deployment_id or parent.id, state=Pending(), parent_task_run_id=place.id
    )
    claimed.look(LONG)
    assert client.read_flow_run(child.id).state_type == StateType.PENDING
    client.delete_flow_run(child.id)


def test_without_an_answer_it_is_tried_at_the_next_look(
    claimed: Claimed, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = PrefectApi("http://127.0.0.1:1/api", auth=None, timeout_seconds=1)
    with caplog.at_level(logging.WARNING):
        Claimed(claimed.server, nobody, claimed.run).look(LONG)
    nobody.close()
    assert "lost claims wait for the next look: ConnectError" in caplog.text
    with receiving(Receiver()) as other, caplog.at_level(logging.WARNING):
        somebody = PrefectApi(other.url, auth=None, timeout_seconds=ANSWER_SECONDS)
        Claimed(claimed.server, somebody, claimed.run).look(LONG)
        somebody.close()
    assert "lost claims wait for the next look: JSONDecodeError" in caplog.text
    assert claimed.look(LONG).state_type == StateType.SCHEDULED
