"""A task's parameters against what its flow takes."""

from typing import Any

import pytest

from deployments.flow_parameters import Path, parameter_problems

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
