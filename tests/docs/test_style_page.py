"""The examples of docs/style.md: the good one is as the page asks, the bad one is what lint refuses."""

import ast
import json
import subprocess
import sys
from pathlib import Path

from tests.support.local_stack import ROOT
from tests.support.walkthrough import blocks

GOOD, BAD = (block.text for block in blocks(ROOT / "docs" / "style.md"))


def complaints(text: str) -> set[str]:
    """The codes of ruff's complaints, but those of an example that is no whole module."""
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--output-format=json", "-"]
    done = subprocess.run(ruff, input=text, cwd=ROOT, capture_output=True, text=True, check=False)
    return {found["code"] for found in json.loads(done.stdout)} - {"D100", "D103", "F821", "INP001"}


def test_the_good_one_is_short_and_lint_accepts_it() -> None:
    (function,) = ast.parse(GOOD).body
    assert isinstance(function, ast.FunctionDef)
    assert len(GOOD.splitlines()) <= 7
    assert complaints(GOOD) == set()


def test_the_bad_one_is_refused_for_what_the_page_says() -> None:
    assert {"ANN001", "BLE001", "S110", "SIM102"} <= complaints(BAD)
