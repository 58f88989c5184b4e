"""A task put into the schedule as text, so that comments and order stay as people wrote them."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from deployments.schedule import Schedule, read_schedule
from services.errors import ConfigError

# After midnight's releases and GitHub; nothing depends on it.
DEFAULT_TIME = "01:00"
STEP = "  "


@dataclass(frozen=True, slots=True)
class Placed:
    """The schedule's new text, and the lines that were put into it."""

    text: str
    snippet: str


def insert_task(path: Path, group: str, slug: str, entry: str, known: list[str]) -> Placed:
    """The schedule in this file with `entry`, a task of one item, last in `group`.

    `known` are the collectors that it may name already.

    A group called like the collector is made when there is none: behind all others.

    Raises:
        ConfigError: the schedule is wrong; there is no such group; or what is written there leaves
            no room for the task: then it has to be put in by hand.
    """
    before = read_schedule(path, known)
    text = path.read_text(encoding="utf-8")
    if group not in before.groups and group != slug:
        before.group(group)
    if not before.groups:
        raise _by_hand(slug)
    placed = _placed(text, group, entry, is_new=group not in before.groups)
    if not _is_the_same_but_for(before, _reread(placed.text, [*known, slug]), group, slug):
        raise _by_hand(slug)
    return placed


def _by_hand(slug: str) -> ConfigError:
    return ConfigError(
        f"the schedule is written in a way that {slug} cannot be put into: use --no-schedule, and"
        " write the task yourself"
    )


def _placed(text: str, group: str, entry: str, *, is_new: bool) -> Placed:
    """What is put in is shown with its place: below `groups:` as it stands in the file."""
    groups = _child(yaml.compose(text, Loader=yaml.SafeLoader), "groups")
    if is_new:
        return _new_group(text, groups, group, entry)
    tasks = _child(_child(groups, group), "tasks")
    if tasks.flow_style:
        return _in_brackets(text, tasks, group, entry)
    block = textwrap.indent(entry, " " * tasks.start_mark.column)
    line = _end(tasks, text, deeper_than=tasks.start_mark.column)
    return Placed(_with_lines(text, line, block), f"{group}:\n{STEP}tasks:\n{STEP}{STEP}…\n{block}")


def _new_group(text: str, groups: Any, group: str, entry: str) -> Placed:
    indent = groups.start_mark.column
    head = f'{group}:\n{STEP}default_time: "{DEFAULT_TIME}"\n{STEP}tasks:\n'
    block = textwrap.indent(head + textwrap.indent(entry, STEP * 2), " " * indent)
    return Placed(_with_lines(text, _end(groups, text, deeper_than=indent), block), block)


def _in_brackets(text: str, tasks: Any, group: str, entry: str) -> Placed:
    """`[…]` is gone on with as it was begun."""
    flow = json.dumps(yaml.safe_load(entry)[0])
    at = tasks.value[-1].end_mark.index if tasks.value else tasks.start_mark.index + 1
    put = f", {flow}" if tasks.value else flow
    return Placed(text[:at] + put + text[at:], f"{group}:\n{STEP}tasks: [… {flow}]\n")


def _child(node: Any, key: str) -> Any:
    """The value under this key; the mapping is known to hold it."""
    return next(value for name, value in node.value if name.value == key)


def _end(node: Any, text: str, *, deeper_than: int) -> int:
    """The number of lines up to the end of a node, comments below that belong to it included.

    The parser's own end of a block lies where the next one begins.
    """
    last = max(_leaves(node), key=lambda leaf: leaf.end_mark.index)
    end = last.end_mark.line + (last.end_mark.column > 0)
    lines = text.splitlines()
    while end < len(lines) and _is_comment(lines[end], deeper_than):
        end += 1
    return int(end)


def _leaves(node: Any) -> Iterator[Any]:
    """The scalars, and what stands in brackets, whose ends are where they seem to be."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        yield node
        return
    for child in node.value:
        parts = child if isinstance(child, tuple) else (child,)
        for part in parts:
            yield from _leaves(part)


def _is_comment(line: str, deeper_than: int) -> bool:
    bare = line.lstrip(" ")
    return bare.startswith("#") and len(line) - len(bare) > deeper_than


def _with_lines(text: str, at: int, block: str) -> str:
    lines = text.splitlines(keepends=True)
    if at == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines[:at], block, *lines[at:]])


def _is_the_same_but_for(before: Schedule, after: Schedule | None, group: str, slug: str) -> bool:
    """Whether the task is last in its group, and nothing else has changed."""
    if after is None or group not in after.groups:
        return False
    *others, added = after.groups[group].tasks
    was = before.groups[group].tasks if group in before.groups else ()
    rest = {name: found for name, found in after.groups.items() if name != group}
    return (
        (added.collector, added.enabled, tuple(others)) == (slug, False, was)
        and rest == {name: found for name, found in before.groups.items() if name != group}
        and list(after.groups)[: len(before.groups)] == list(before.groups)
        and after.limits == before.limits
    )


def _reread(text: str, known: list[str]) -> Schedule | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "schedule.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            return read_schedule(path, known)
        except ConfigError:
            return None
