"""`make bench`: run every benchmark, or those named, and print their rows."""

import sys
from importlib import import_module

from cli.output import show

ALL = (
    "upsert",
    "commits",
    "overhead",
    "memory",
    "schedule",
    "apply",
    "papers",
    "status",
    "search",
    "edits",
    "github",
    "github_client",
    "github_commits",
    "github_quota",
    "archive",
    "slack",
    "growth",
)


def main(names: list[str]) -> None:
    """Print one table a benchmark."""
    for name in names or ALL:
        rows = import_module(f"benchmarks.{name}").rows()
        print(f"\n{name}")
        show(rows, as_json=False, empty="nothing measured")


main(sys.argv[1:])
