"""Runs that a worker took and died before it could start them.

Nobody else on the server looks after them: they would stay `Pending` for ever, and no alert would
tell, since they are neither late nor running.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

import httpx

from deployments.status.observing import Snapshot
from deployments.status.prefect_api import PrefectApi

logger = logging.getLogger(__name__)
# From taking a run to its process takes a second; on a busy machine, or with Kubernetes, many.
LONGEST_CLAIM = timedelta(minutes=2)
REASON = "The worker that took it ended before starting it."


@dataclass
class Claims:
    """Called with every look; has such runs started anew, by whichever worker.

    Should its worker only have been slow, the lock of the source and the claims of a batch leave one
    of the two processes nothing to do.
    """

    prefect: PrefectApi

    def __call__(self, snapshot: Snapshot) -> None:
        """What the server does not answer now, or not as it should, is asked at a later look."""
        try:
            for run in self.prefect.claimed(snapshot.at - LONGEST_CLAIM):
                if self.prefect.start_anew(run["id"], REASON, snapshot.at):
                    logger.warning("flow run %s is started anew: %s", run["name"], REASON)
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("lost claims wait for the next look: %s", type(error).__name__)
