"""The runbook has a section for each alert and each category, all of one form, and no other."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from deployments.status.runbook import BY_CATEGORY, runbook
from deployments.status.verdict import DEPLOYED, Kind, Problem
from services.errors import CollectorFailureCategory
from services.health.facts import LastRun
from services.health.settings import HealthSettings
from services.runs.services import Source
from tests.support.local_stack import ROOT
from tests.support.pages import anchors_of

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


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_problem_leads_to_its_section(kind: Kind) -> None:
    page, _, anchor = runbook(
        Problem(kind=kind, subject="", text="", step=""), HealthSettings()
    ).partition("#")
    assert anchor in anchors_of(ROOT / page)


@pytest.mark.parametrize("category", [*CollectorFailureCategory])
def test_a_failed_run_leads_to_the_section_of_its_category(category: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    run = LastRun(1, Source("a", "b"), None, "failed", "collect", category, "x", {}, now, now)
    for kind in BY_CATEGORY:
        problem = Problem(kind=kind, subject="", text="", step="", run=run)
        address = runbook(
            problem, HealthSettings(runbook_url="https://docs.example.org/runbook.html")
        )
        assert address == f"https://docs.example.org/runbook.html#category-{category}"
        assert f"category-{category}" in anchors_of(ROOT / "docs" / "runbook.md")
