"""What is known of collectors without importing them."""

from pathlib import Path

import pytest

from services.catalogue import FIELDS, find_collector, list_collectors
from services.errors import ConfigError

COLLECTORS = Path(__file__).parents[2] / "collectors"


def test_every_room_introduces_itself_in_full() -> None:
    entries = list_collectors(COLLECTORS)
    assert entries
    assert {entry.name: [f for f in FIELDS if not entry.facts.get(f)] for entry in entries} == {
        entry.name: [] for entry in entries
    }


def test_facts_may_go_on_over_lines(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text(
        '"""A room.\n\nSource: somewhere,\n    far away\nOwner: us\n"""\n'
    )
    (entry,) = list_collectors(tmp_path)
    assert entry.summary == "A room."
    assert entry.facts == {"Source": "somewhere, far away", "Owner": "us"}


def test_an_unknown_name_leads_to_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean github_activity_tracker"):
        find_collector(COLLECTORS, "github_activity")


def test_a_name_unlike_any_leads_to_the_list() -> None:
    with pytest.raises(ConfigError, match=r"there are .*github_activity_tracker"):
        find_collector(COLLECTORS, "zzz")
