"""The runbook has a section for each alert and each category, all of one form, and no other."""

import re
from typing import get_args

import pytest

from deployments.status.verdict import DEPLOYED, Kind
from services.errors import CollectorFailureCategory
from tests.support.local_stack import ROOT

TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
ALERTS = {f"Alert: {kind}" for kind in (*get_args(Kind), DEPLOYED)}
CATEGORIES = {f"Category: {category}" for category in CollectorFailureCategory}


def test_there_is_a_section_for_each_and_no_other() -> None:
    assert set(SECTIONS) == ALERTS | CATEGORIES


@pytest.mark.parametrize("name", sorted(SECTIONS.keys() - {f"Alert: {DEPLOYED}"}))
def test_it_says_what_it_means_what_to_look_at_and_what_to_do(name: str) -> None:
    meaning, *points = re.split(r"\n- ", SECTIONS[name].strip())
    assert len(meaning) > 40
    assert [point.partition(":")[0] for point in points] == ["**Look at**", "**Do**"]
