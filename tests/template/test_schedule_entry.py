"""A task is put into the schedule; everything else in the file stays as it is written."""

from pathlib import Path

import pytest
import yaml

from authoring.scaffold.schedule_entry import insert_task
from services.errors import ConfigError

ENTRY = "- collector: new_one\n  schedule: daily\n  enabled: false\n  parameters:\n    a: b\n"
KNOWN = ["old_one", "other"]
BLOCK = """\
# What runs when.
groups:
  # The first group.
  first:
    default_time: "00:05"
    tasks:
      - collector: old_one   # the oldest
        schedule: weekly
        on: monday
        # why it is weekly

  # The second group.
  second:
    default_time: "02:00"
    tasks:
    - {collector: other, schedule: daily}
limits:
  old_one: 2
"""
FLOW = 'groups: {one: {default_time: "00:05", tasks: []}}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "schedule.yaml"


def inserted(file: Path, text: str, group: str) -> str:
    file.write_text(text, encoding="utf-8")
    return insert_task(file, group, "new_one", ENTRY, KNOWN).text


def without(text: str, lines: str) -> str:
    assert lines in text
    return text.replace(lines, "", 1)


def test_a_task_comes_last_in_its_group_and_below_its_comments(file: Path) -> None:
    text = inserted(file, BLOCK, "first")
    added = "".join(f"      {line}\n" for line in ENTRY.splitlines())
    assert without(text, added) == BLOCK
    assert f"        # why it is weekly\n{added}\n  # The second group.\n" in text


def test_the_indent_of_the_group_is_kept(file: Path) -> None:
    text = inserted(file, BLOCK, "second")
    added = "".join(f"    {line}\n" for line in ENTRY.splitlines())
    assert without(text, added) == BLOCK
    assert f"{added}limits:\n" in text


def test_a_group_of_its_own_comes_behind_all_others(file: Path) -> None:
    text = inserted(file, BLOCK, "new_one")
    head = '  new_one:\n    default_time: "01:00"\n    tasks:\n'
    added = head + "".join(f"      {line}\n" for line in ENTRY.splitlines())
    assert without(text, added) == BLOCK
    assert f"{added}limits:\n" in text


@pytest.mark.parametrize("tasks", ["[]", "[{collector: old_one, schedule: daily}]", "[\n  ]"])
def test_a_list_in_brackets_goes_on_as_it_began(file: Path, tasks: str) -> None:
    text = inserted(
        file, f'groups:\n  one:\n    default_time: "00:05"\n    tasks: {tasks}\n', "one"
    )
    found = yaml.safe_load(text)["groups"]["one"]["tasks"]
    assert found[-1] == yaml.safe_load(ENTRY)[0]


def test_a_file_without_a_last_line_feed_gets_one(file: Path) -> None:
    head = 'groups:\n  one:\n    default_time: "00:05"\n    tasks:\n'
    without_end = f"{head}      - collector: old_one\n        schedule: daily"
    text = inserted(file, without_end, "one")
    assert text.startswith(f"{without_end}\n      - collector: new_one\n")


def test_a_group_that_does_not_exist_is_refused_with_the_nearest(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"no group is called frist: did you mean `?first"):
        inserted(file, BLOCK, "frist")


def test_a_schedule_that_is_wrong_already_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="weekdai"):
        inserted(file, BLOCK.replace("weekly", "weekdai", 1), "first")


@pytest.mark.parametrize("text", ["", "groups:\n", "groups: {}\n", "limits: {old_one: 1}\n", FLOW])
def test_a_schedule_without_groups_is_left_to_people(file: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="--no-schedule"):
        inserted(file, text, "new_one")


def test_shared_tasks_are_left_to_people(file: Path) -> None:
    text = BLOCK.replace("    tasks:\n      -", "    tasks: &shared\n      -").replace(
        "    tasks:\n    - {collector: other, schedule: daily}\n", "    tasks: *shared\n"
    )
    with pytest.raises(ConfigError, match="--no-schedule"):
        inserted(file, text, "first")
