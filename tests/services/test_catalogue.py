"""What is known of collectors without importing them."""

from pathlib import Path

import pytest

from services.catalogue import FIELDS, all_collectors, find_collector, list_collectors
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


def test_what_stands_between_the_summary_and_the_facts_is_none(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text('"""A room.\n\nIn short.\n\nOwner: us\n"""\n')
    (entry,) = list_collectors(tmp_path)
    assert entry.facts == {"Owner": "us"}


def test_an_exemption_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text('"""A room.\n\nExempt: dry-run\n"""\n')
    (entry,) = list_collectors(tmp_path)
    with pytest.raises(ConfigError, match="room is exempt without a reason: dry-run"):
        entry.exemptions()


def announce(folder: Path, package: str) -> None:
    """As a package does that is installed there: it has a collector `lost`, in `package`."""
    about = folder / "lost-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lost\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[bdc.collectors]\nlost = {package}.flow:lost\n")


@pytest.mark.parametrize("package", ["gone", "gone.further"])
def test_an_announced_collector_whose_package_is_gone_is_listed_as_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    announce(tmp_path, package)
    monkeypatch.syspath_prepend(tmp_path)
    (entry,) = [entry for entry in all_collectors(tmp_path) if entry.name == "lost"]
    assert entry.summary.startswith(f"broken: there is no package {package}, ")
    assert (entry.entrypoint, entry.room) == (f"{package}.flow.lost", None)


def test_an_announced_collector_introduces_itself_like_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(tmp_path, "bdc_test_found")
    room = tmp_path / "bdc_test_found"
    room.mkdir()
    (room / "__init__.py").write_text('"""What was lost.\n\nOwner: them\n"""\n')
    monkeypatch.syspath_prepend(tmp_path)
    (entry,) = [entry for entry in all_collectors(tmp_path / "none") if entry.name == "lost"]
    assert (entry.summary, entry.facts, entry.room) == ("What was lost.", {"Owner": "them"}, room)
