"""How fast each method may be called.

Slack sorts its methods into tiers, counts calls for each method, team and minute, and tolerates
bursts: https://docs.slack.dev/apis/web-api/rate-limits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60.0
TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
PER_MINUTE: Mapping[str, int] = {
    "apps.connections.open": TIER_1,
    "auth.test": 200,
    "chat.postMessage": 60,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.join": TIER_3,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "conversations.replies": TIER_3,
    "files.info": TIER_4,
    "reactions.add": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
}
"""Calls a minute that Slack grants at least; chat.postMessage: one a second in each channel."""


@dataclass
class Lane:
    """Calls of one method: a minute's worth at once, then as they become free again.

    Times are seconds by one clock. `spacing` is a distance that Slack has insisted on.
    """

    interval: float
    burst: float
    spacing: float = 0.0
    _paid_until: float = -math.inf
    _closed_until: float = -math.inf
    _answered_at: float = -math.inf
    _answers: float = math.inf

    def seconds_to_wait(self, now: float) -> float:
        """How long until the next call may be made."""
        spaced = self._answered_at + self.spacing if self.spacing else now
        return max(0.0, max(self._paid_until - self.burst, self._closed_until, spaced) - now)

    def call(self, now: float) -> None:
        """Note that one is made."""
        self._paid_until = max(self._paid_until, now) + self.interval

    def answer(self, now: float) -> None:
        """Note that one was not refused."""
        self._answered_at = now
        self._answers += 1

    def refuse(self, now: float, seconds: float) -> None:
        """Keep still for so long; who gets a single answer between two refusals keeps a distance.

        That is a narrower limit than the tier's, such as the one call a minute of apps that are
        distributed outside Slack's Marketplace.
        """
        self._closed_until = now + seconds
        if self._answers == 1:
            self.spacing = max(self.spacing, self._closed_until - self._answered_at)
        self._answers = 0


@dataclass
class Pacing:
    """The lanes of one token; `pace` is the share of Slack's limits that we use, 0.5 is half."""

    pace: float
    lanes: dict[str, Lane] = field(default_factory=dict)

    def lane(self, method: str) -> Lane:
        """The method's own."""
        if method not in self.lanes:
            interval = MINUTE / (PER_MINUTE.get(method, TIER_2) * self.pace)
            self.lanes[method] = Lane(interval, burst=max(0.0, MINUTE - interval))
        return self.lanes[method]
