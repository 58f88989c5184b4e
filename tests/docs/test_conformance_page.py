"""The page on the kit names every promise, and no other."""

import re

from conformance.checks import CHECKS
from tests.support.local_stack import ROOT


def test_every_promise_is_in_the_table() -> None:
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`([^`]+)`", row)] == list(CHECKS)


def test_the_readme_names_promises_only() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("| what holds | shown by |")[1].split("\n\n")[0]
    named = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[-2:][0])
    }
    assert named
    assert named <= set(CHECKS)
