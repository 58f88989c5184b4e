"""A task's parameters against what its flow takes."""

from pathlib import Path as FilePath
from typing import Any

import pytest

from deployments.flow_parameters import Path, parameter_problems
from deployments.schedule import read_schedule
from services.errors import ConfigError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mailing": {"type": "string"},
        "years": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
    },
    "required": ["mailing"],
}


@pytest.mark.parametrize(
    ("parameters", "path", "words"),
    [
        ({}, (), "parameter `mailing` is missing; the flow cannot start without it"),
        ({"mailing": "x", "yeers": []}, ("yeers",), "is unknown; did you mean `years`?"),
        ({"mailing": 3}, ("mailing",), "parameter `mailing`: 3 is not of type 'string'"),
        ({"mailing": "x", "years": ["no"]}, ("years",), "'no' is not of type 'integer'"),
        ({"mailing": "{{ $TOKEN }}"}, ("mailing",), "`{{` would be replaced when Prefect deploys"),
        ({"mailing": "x", "years": ["{{ a }}"]}, ("years", 0), "parameter `years`: `{{` would be"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    parameters: dict[str, Any], path: Path, words: str
) -> None:
    found = parameter_problems(parameters, SCHEMA)
    assert any(words in text for place, text in found if place == path)


@pytest.mark.parametrize("years", [None, [], [2024]])
def test_right_parameters_have_no_problem(years: Any) -> None:
    assert parameter_problems({"mailing": "x", "years": years}, SCHEMA) == []


def test_what_a_person_will_complete_need_not_be_complete() -> None:
    assert parameter_problems({}, SCHEMA, complete=False) == []


RELEASE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"release": {"type": "string"}},
    "required": ["release"],
}


def release_task(path: FilePath, cadence: str, parameters: str) -> None:
    path.write_text(
        "groups: {nightly: {default_time: '00:05', tasks: "
        f"[{{collector: docs, schedule: {cadence}, parameters: {parameters}}}]}}}}"
    )
    read_schedule(path, ["docs"], {"docs": RELEASE_SCHEMA})


def test_a_release_task_is_told_its_release_at_each_run(tmp_path: FilePath) -> None:
    release_task(tmp_path / "schedule.yaml", "on_release", "{}")


@pytest.mark.parametrize(
    ("cadence", "parameters", "words"),
    [
        ("on_release", "{release: boost-1.90.0}", "`release` is given at each run; remove it"),
        ("daily", "{}", "`release` is missing"),
    ],
)
def test_a_release_is_written_for_dated_tasks_only(
    tmp_path: FilePath, cadence: str, parameters: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        release_task(tmp_path / "schedule.yaml", cadence, parameters)


def test_a_flow_without_such_a_parameter_has_none_to_be_given() -> None:
    found = parameter_problems({"mailing": "x", "release": "y"}, SCHEMA, given_later=("release",))
    (text,) = (text for _, text in found)
    assert text.startswith("parameter `release` is unknown")
