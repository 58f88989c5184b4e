"""What `--help` says: one line of what it does, and an example that the command takes."""

import re
from collections.abc import Callable, Iterator

import pytest
from cyclopts import App

from cli.main import app
from tests.cli.conftest import Outcome
from tests.docs.test_names import all_commands, is_command

EXAMPLE = re.compile(r"^Example: `(?:[A-Z_]+=\S+ )?bdc (.+)`$", re.MULTILINE)


def command(name: str) -> App:
    found = app
    for part in name.split()[1:]:
        found = found[part]
    return found


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_a_command_says_what_it_does_and_gives_an_example_that_it_takes(name: str) -> None:
    found = command(name)
    text = "\n".join(line.strip() for line in str(found.help).splitlines())
    summary, _, rest = text.partition("\n")
    assert summary[0].isupper()
    assert summary.endswith(".")
    (example,) = EXAMPLE.findall(rest)
    words = name.removeprefix("bdc ")
    assert example == words or example.startswith(f"{words} ")
    assert is_command(example.split())
    app.parse_args(example, exit_on_error=False, print_error=False)


def groups(found: App = app) -> Iterator[App]:
    for part in {*found} - {"--help", "-h", "--version"}:
        if {*found[part]} - {"--help", "-h", "--version"}:
            yield found[part]


@pytest.mark.parametrize("group", list(groups()), ids=lambda group: group.name[0])
def test_a_group_of_commands_says_what_they_are_for(group: App) -> None:
    assert re.match(r"[A-Z].*[a-z]\.", str(group.help))


def test_help_is_printed_and_ends_with_0(bdc: Callable[..., Outcome]) -> None:
    done = bdc("runs", "--help")
    assert done.code == 0
    assert "Example: bdc runs --collector" in done.out
