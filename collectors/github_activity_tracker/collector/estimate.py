"""What a window would cost, in questions to GitHub, before anybody asks them."""

import logging
from collections.abc import Sequence

from collectors.github_activity_tracker.client.details import PULLS_A_QUESTION
from collectors.github_activity_tracker.client.listings import ISSUES, count_listed, pages_of
from collectors.github_activity_tracker.collector.listed import KINDS
from collectors.github_activity_tracker.collector.source import Source

logger = logging.getLogger(__name__)


def tell_estimate(source: Source, chosen: Sequence[str]) -> None:
    """Say how many questions each stream needs at most; three or four are asked to find out.

    A listing tells its length from `since` on, not up to `until`, and pull requests are counted among
    issues: what is said is never too little.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    calls = estimate_calls(source, chosen)
    parts = ", ".join(f"{name} {count}" for name, count in calls.items())
    told = f"{source.window}: at most {sum(calls.values())} API calls ({parts})"
    source.run.progress.say(told)
    logger.info("%s %s", source.known.full_name, told)


def estimate_calls(source: Source, chosen: Sequence[str]) -> dict[str, int]:
    """By stream."""
    start = source.window.start
    issues = count_listed(source.api, ISSUES, start)
    calls = {
        "issues": pages_of(issues),
        "pull_requests": pages_of(issues),
        "reviews": _questions(source, issues),
    }
    for name, kind in KINDS.items():
        if name in chosen and name != "issues":
            calls[name] = pages_of(count_listed(source.api, kind.listing, start))
    return {name: calls[name] for name in chosen}


def _questions(source: Source, pulls: int) -> int:
    """Without a token each pull request costs one for itself and one for its reviews."""
    return 2 * pulls if source.api.is_anonymous else -(-pulls // PULLS_A_QUESTION)
