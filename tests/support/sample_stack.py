"""`bdc up` without collectors, as a program that tests can start and kill."""

import sys

from deployments.local.stack import StackSteps, up
from services.errors import ConfigError
from services.settings import PlatformSettings


def say(line: str) -> None:
    """To the log at once, also when that is a file."""
    print(line, flush=True)


def main(arguments: list[str]) -> int:
    """`--once` as for `bdc up`; settings come from the environment."""
    steps = StackSteps(
        migrate=lambda _: say("migrated"),
        register=lambda _: say("registered"),
        first_run=lambda _: 3,
    )
    try:
        return up(PlatformSettings(), once="--once" in arguments, steps=steps, report=say)
    except ConfigError as error:
        for problem in error.problems:
            say(problem)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
