"""The schedule file: what is understood, what is refused, and in which words."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from deployments.schedule import (
    DailyTask,
    IntervalTask,
    MonthlyTask,
    ReleaseTask,
    Schedule,
    WeeklyTask,
    read_schedule,
)
from services.errors import ConfigError

COLLECTORS = ("mail", "papers", "slack_messages")
SCHEMAS: dict[str, Any] = {
    "papers": {
        "type": "object",
        "properties": {
            "mailing": {"type": "string"},
            "years": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        },
        "required": ["mailing"],
    }
}


@pytest.fixture(autouse=True)
def _stand_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, **known: Any) -> Schedule:
    path = Path.cwd() / "schedule.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return read_schedule(path, **{"collectors": COLLECTORS, **known})


def problems(text: str, **known: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, **known)
    return caught.value.problems


def group(*tasks: str) -> str:
    """A right group around tasks in flow style; the first of them is on line 5."""
    head = 'groups:\n  nightly:\n    default_time: "04:30"\n    tasks:\n'
    return head + "".join(f"      - {task}\n" for task in tasks)


def only_problem(task: str, **known: Any) -> str:
    (problem,) = problems(group(task), **known)
    assert problem.startswith("schedule.yaml:5: group nightly, task 1 (")
    return problem.partition("): ")[2]


def test_a_group_is_read_with_its_tasks_in_the_order_written() -> None:
    schedule = read(
        """
        groups:
          nightly:
            default_time: "04:30"
            stop_on_failure: true
            timezone: UTC
            tasks:
              - {collector: papers, schedule: daily, parameters: {mailing: 2026-05}}
              - {collector: mail, schedule: weekly, on: Mon, needs: [papers]}
              - {collector: mail, schedule: monthly, on: 31, enabled: false, parameters: {a: 1}}
              - {collector: mail, schedule: interval, minutes: 180, parameters: {a: 2}}
              - {collector: mail, schedule: on_release, parameters: {a: 3}}
          weekly-things: {default_time: "00:00", tasks: []}
        """
    )
    nightly = schedule.group("nightly")
    kinds = [DailyTask, WeeklyTask, MonthlyTask, IntervalTask, ReleaseTask]
    assert [type(task) for task in nightly.tasks] == kinds
    assert (nightly.default_time.hour, nightly.default_time.minute) == (4, 30)
    assert nightly.stop_on_failure
    assert nightly.tasks[0].parameters == {"mailing": "2026-05"}
    assert nightly.tasks[1].needs == ("papers",)
    assert [task.schedule for task in nightly.enabled_tasks] == [
        "daily",
        "weekly",
        "interval",
        "on_release",
    ]
    assert schedule.group("weekly-things").tasks == ()


@pytest.mark.parametrize("key", ["on", "day_of_week"])
@pytest.mark.parametrize("word", ["tue", "Tuesday", '" TUESDAY "'])
def test_a_weekday_is_understood_in_full_or_short_in_any_case(key: str, word: str) -> None:
    (task,) = (
        read(group(f"{{collector: mail, schedule: weekly, {key}: {word}}}")).group("nightly").tasks
    )
    assert isinstance(task, WeeklyTask)
    assert task.day_of_week == "tuesday"


@pytest.mark.parametrize("key", ["on", "day_of_month"])
@pytest.mark.parametrize(("written", "day"), [("1", 1), ('"15"', 15), ("31", 31)])
def test_a_day_of_the_month_is_a_whole_number_quoted_or_not(
    key: str, written: str, day: int
) -> None:
    (task,) = (
        read(group(f"{{collector: mail, schedule: monthly, {key}: {written}}}"))
        .group("nightly")
        .tasks
    )
    assert isinstance(task, MonthlyTask)
    assert task.day_of_month == day


@pytest.mark.parametrize("minutes", [1, 60, 180])
def test_an_interval_is_one_to_180_minutes(minutes: int) -> None:
    (task,) = (
        read(group(f"{{collector: mail, schedule: interval, minutes: {minutes}}}"))
        .group("nightly")
        .tasks
    )
    assert isinstance(task, IntervalTask)
    assert task.minutes == minutes


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("{schedule: daily}", "`collector` is missing; name one that `bdc list` shows"),
        ('{collector: "", schedule: daily}', "`collector` must not be blank"),
        ("{collector: 3, schedule: daily}", "`collector` must be text"),
        ("{collector: papr, schedule: daily}", "no collector `papr`; did you mean `papers`?"),
        ("{collector: zzz, schedule: daily}", "there are `mail`, `papers`, `slack_messages`"),
        ("{collector: mail}", "`schedule` is missing; write one of daily, weekly, monthly"),
        ("{collector: mail, schedule: Daily}", "`Daily` is unknown; did you mean `daily`?"),
        ("{collector: mail, schedule: default}", "the schedule `default` is unknown"),
        ("{collector: mail, schedule: [daily]}", "the schedule `['daily']` is unknown"),
        ("{collector: mail, schedule: weekly}", "`on` is missing; write the weekday"),
        ("{collector: mail, schedule: weekly, on: weds}", "not `weds`; did you mean `wednesday`"),
        ("{collector: mail, schedule: weekly, on: 3}", "`on` must be a weekday such as monday"),
        ("{collector: mail, schedule: weekly, on: mon, day_of_week: mon}", "same as `on`"),
        ("{collector: mail, schedule: monthly}", "`on` is missing; write the day of the month"),
        ("{collector: mail, schedule: monthly, on: first}", "from 1 to 31, not `first`"),
        ("{collector: mail, schedule: monthly, on: 0}", "from 1 to 31, not 0"),
        ("{collector: mail, schedule: monthly, on: 32}", "from 1 to 31, not 32"),
        ("{collector: mail, schedule: monthly, on: true}", "from 1 to 31, not true"),
        ("{collector: mail, schedule: monthly, on: 15.9}", "from 1 to 31, not 15.9"),
        ("{collector: mail, schedule: monthly, on: 010}", "from 1 to 31, not `010`"),
        ("{collector: mail, schedule: monthly, on: }", "from 1 to 31, not left blank"),
        ("{collector: mail, schedule: interval}", "`minutes` is missing; write the pause"),
        ("{collector: mail, schedule: interval, minutes: x}", "from 1 to 180, not `x`"),
        ("{collector: mail, schedule: interval, minutes: 0}", "from 1 to 180, not 0"),
        ("{collector: mail, schedule: interval, minutes: 181}", "from 1 to 180, not 181"),
        ("{collector: mail, schedule: interval, minutes: true}", "from 1 to 180, not true"),
        ("{collector: mail, schedule: interval, minutes: 15.5}", "from 1 to 180, not 15.5"),
        ("{collector: mail, schedule: daily, on: monday}", "`on` does not belong to a task whose"),
        ("{collector: mail, schedule: weekly, on: mon, minutes: 5}", "schedule is weekly; remove"),
        ("{collector: mail, schedule: daily, enabled: no}", "must be true or false, without"),
        ("{collector: mail, schedule: daily, enabled: }", "must be true or false"),
        ('{collector: mail, schedule: daily, enabled: "no"}', "must be true or false"),
        ("{collector: mail, schedule: daily, enable: true}", "did you mean `enabled`?"),
        ("{collector: mail, schedule: daily, parameters: [a]}", "`parameters` must be a mapping"),
        ("{collector: mail, schedule: daily, needs: papers}", "`needs` must be a list"),
        ("{collector: mail, schedule: daily, needs: [1]}", "`needs`, item 1, must be text"),
        ("{collector: mail, schedule: daily, needs: [mail]}", "needs `mail`, which no earlier"),
        ("{collector: mail, schedule: interval, minutes: 5, needs: [a]}", "`needs` has no effect"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_with_the_fix(task: str, words: str) -> None:
    assert words in only_problem(task)


@pytest.mark.parametrize(
    "day", ["weekly, on: , day_of_week: mon", "monthly, on: , day_of_month: 3"]
)
def test_a_blank_day_is_not_made_good_by_another_key(day: str) -> None:
    blank, repeated = problems(group(f"{{collector: mail, schedule: {day}}}"))
    assert "`day_of_" in blank + repeated
    assert "not left blank" in blank + repeated
    assert "says the same as `on`" in blank + repeated


def test_a_task_that_is_no_mapping_is_refused() -> None:
    (problem,) = problems(group("papers"))
    assert problem == (
        "schedule.yaml:5: group nightly, task 1 (no collector): "
        "`tasks`, item 1, must be a mapping, lines of `key: value`"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- groups", "the document must be a mapping"),
        ("groups", "the document must be a mapping"),
        ("groups: [a]", "`groups` must be a mapping"),
        ("group: {}", "the key `group` is unknown; did you mean `groups`?"),
        ("groups: {a: 1}", "group a: `a` must be a mapping"),
        ("groups: {a: }", "group a: `a` must be a mapping"),
        ("groups: {a: {tasks: []}}", "`default_time` is missing; write when the group starts"),
        ('groups: {a: {default_time: "00:00"}}', "group a: `tasks` is missing; write `tasks:`"),
        ('groups: {a: {default_time: "00:00", tasks: }}', "`tasks` must be a list"),
        ('groups: {a: {default_time: "00:00", tasks: {}}}', "`tasks` must be a list"),
        ('groups: {a: {default_time: "", tasks: []}}', "must be a time of day in UTC"),
        ("groups: {a: {default_time: 7, tasks: []}}", "must be a time of day in UTC"),
        ('groups: {a: {default_time: "24:00", tasks: []}}', 'such as "04:30", quoted, not `24:00`'),
        ('groups: {a: {default_time: "25:00", tasks: []}}', "must be a time of day"),
        ('groups: {a: {default_time: "04:60", tasks: []}}', "must be a time of day"),
        ('groups: {a: {default_time: "4:5", tasks: []}}', "must be a time of day"),
        ('groups: {a: {default_time: "+4:1_0", tasks: []}}', "must be a time of day"),
        ('groups: {a: {default_time: "04:10:00", tasks: []}}', "must be a time of day"),
        ("groups: {a: {default_time: noon, tasks: []}}", "must be a time of day"),
        ("groups: {a: {default_time: 16:10, tasks: []}}", 'for a number; quote it: "16:10"'),
        ("groups: {a: {default_time: 04:10, tasks: []}}", 'for a number; quote it: "04:10"'),
        ('groups: {a: {default_time: "00:00", timezone: CET, tasks: []}}', "must be UTC, not CET"),
        ('groups: {a: {default_time: "00:00", tasks: [], stop_on_failure: 1}}', "true or false"),
        ('groups: {a: {default_tim: "00:00", default_time: "00:00", tasks: []}}', "did you mean"),
        ('groups: {A b: {default_time: "00:00", tasks: []}}', "is no group's name; use lower-case"),
        ('groups: {"": {default_time: "00:00", tasks: []}}', "is no group's name"),
        ('groups: {" ": {default_time: "00:00", tasks: []}}', "is no group's name"),
        ('groups: {release-x: {default_time: "00:00", tasks: []}}', "are kept for releases"),
        (
            'groups: {1: {default_time: "00:00", tasks: []}}',
            'key 1, which is not text; quote it: "1"',
        ),
        ('groups: {true: {default_time: "00:00", tasks: []}}', "key true, which is not text"),
    ],
)
def test_what_is_wrong_with_a_group_is_said_with_the_fix(text: str, words: str) -> None:
    (problem,) = [found for found in problems(text) if words in found]
    assert problem.startswith("schedule.yaml:1: ")


@pytest.mark.parametrize("limits", ["", "limits:\n", "limits: {}\n"])
def test_without_limits_a_collector_may_run_as_often_as_it_likes(limits: str) -> None:
    assert read(limits + group("{collector: papers, schedule: daily}")).limits == {}


def test_a_limit_is_how_many_runs_of_a_collector_there_may_be_at_once() -> None:
    assert read('limits: {papers: 1, mail: "100"}').limits == {"papers": 1, "mail": 100}


@pytest.mark.parametrize("value", ["0", "101", "-1", "1.5", "2.0", "true", "many", "[1]", ""])
def test_a_limit_is_a_whole_number_from_1_to_100(value: str) -> None:
    (problem,) = problems(f"groups:\nlimits:\n  papers: {value}\n")
    words = "limits: `papers` must be a whole number from 1 to 100, not "
    assert problem.startswith(f"schedule.yaml:3: {words}")


def test_what_is_wrong_with_limits_is_told_with_all_the_rest() -> None:
    found = problems(f"limits:\n  paper: 0\n{group('{collector: mial, schedule: daily}')}")
    assert [line.partition(": ")[2] for line in found] == [
        "limits: `paper` must be a whole number from 1 to 100, not 0",
        "limits: there is no collector `paper`; did you mean `papers`?",
        "group nightly, task 1 (mial): there is no collector `mial`; did you mean `mail`?",
    ]
    assert problems("limits: [papers]")[0].startswith("schedule.yaml:1: `limits` must be a mapping")


def test_all_mistakes_are_told_at_once_each_with_its_line() -> None:
    found = problems(
        """\
        groups:
          nightly:
            default_time: 16:10
            tasks:
              - collector: papr
                schedule: weekli
                enabled: maybe
              - collector: mail
                schedule: monthly
                on: 40
                colour: red
          Weekly: {tasks: []}
        """
    )
    assert [line.split(":")[1] for line in found] == ["3", "5", "6", "7", "10", "11", "12", "12"]


def test_a_disabled_task_is_checked_like_any_other() -> None:
    text = only_problem("{collector: mail, schedule: monthly, on: 32, enabled: false}")
    assert "from 1 to 31" in text


def test_the_same_work_twice_in_a_group_is_refused() -> None:
    daily = "{collector: mail, schedule: daily, parameters: {a: 1, b: 2}}"
    weekly = "{collector: mail, schedule: weekly, on: mon, parameters: {b: 2, a: 1}}"
    (problem,) = problems(group(daily, weekly))
    assert "task 2 (mail): repeats task 1, same collector and parameters" in problem


def test_the_same_collector_with_other_parameters_is_no_repetition() -> None:
    tasks = [f"{{collector: mail, schedule: daily, parameters: {{a: {n}}}}}" for n in (1, 2)]
    assert len(read(group(*tasks)).group("nightly").tasks) == 2


def test_an_interval_task_is_not_there_for_others_to_need() -> None:
    interval = "{collector: mail, schedule: interval, minutes: 5}"
    (problem,) = problems(group(interval, "{collector: papers, schedule: daily, needs: [mail]}"))
    assert "needs `mail`, which no earlier task of the group's batch runs" in problem


def test_a_wrong_parameter_is_told_with_its_own_line() -> None:
    task = """{collector: papers, schedule: daily, parameters: {
          mailing: x,
          years: [2024,
            no]}}"""
    (problem,) = problems(group(task), schemas=SCHEMAS)
    assert problem.startswith("schedule.yaml:7: ")


def test_a_group_that_does_not_exist_is_answered_with_those_that_do() -> None:
    schedule = read(group("{collector: mail, schedule: daily}"))
    with pytest.raises(ConfigError, match="no group is called nigtly: did you mean `nightly`"):
        schedule.group("nigtly")
    with pytest.raises(ConfigError, match="there are none"):
        Schedule().group("x")


@pytest.mark.parametrize("text", ["", "# nothing", "groups:", "groups: {}", "---\n"])
def test_an_empty_file_is_a_schedule_without_groups(text: str) -> None:
    assert read(text) == Schedule()
