"""A made repository at GitHub, as a process: `python -m benchmarks.github_world ITEMS LATENCY`.

Says its URL on a line; then answers each line that it reads: `count` with the calls since the last
one, `touch` when an item in a hundred has changed.
"""

import sys
from datetime import timedelta

from conformance.replay.rules import Budget
from tests.support.github_site import GitHubSite, serving

NAME = "boostorg/sample"
PLENTY = 10**9


def main(items: int, latency: float) -> None:
    """Serve until nobody asks any more."""
    site = GitHubSite(latency=timedelta(seconds=latency))
    repository = site.add(NAME)
    repository.fill(items)
    budgets = [Budget(PLENTY), Budget(PLENTY, resource="graphql", prefix="/graphql")]
    with serving(site, budgets=budgets):
        print(site.server.url, flush=True)
        for line in sys.stdin:
            if line.strip() == "touch":
                for number in range(100, items + 1, 100):
                    repository.issue(number, title="changed")
            print(_counted(site), flush=True)


def _counted(site: GitHubSite) -> int:
    traffic = site.server.traffic
    count = len(traffic.requests)
    traffic.requests.clear()
    traffic.tokens.clear()
    return count


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
