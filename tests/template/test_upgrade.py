"""A room of an older template takes what the template has learnt, and keeps what its author did."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from authoring.scaffold.install import install
from authoring.scaffold.plan import Wish, plan_room
from authoring.scaffold.record import record_place
from cli.main import execute
from tests.support.checkout import texts_of

SLUG = "heartbeat_demo"
COLLECTOR = f"collectors/{SLUG}/collector.py"
CLIENT = f"collectors/{SLUG}/client.py"
DOCS = f"docs/{SLUG}.md"
Upgrade = Callable[..., int]


@pytest.fixture
def room(checkout: Path) -> Path:
    """A copy of the repository with an http room of the template as it is."""
    plan = plan_room(checkout, Wish(SLUG, "http", "Heartbeat demo", "data platform", None))
    install(checkout, {**plan.files, **plan.edits})
    return checkout


@pytest.fixture
def upgrade(room: Path) -> Upgrade:
    return lambda *flags: execute(["new", "--upgrade", SLUG, *flags, "--root", str(room)])


def template(checkout: Path, place: str) -> Path:
    """Where the template has a file of the http kind."""
    (kind,) = checkout.glob("cookiecutter-collector/*/http")
    return kind / place.replace(SLUG, "{{cookiecutter.slug}}")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_room_of_today_has_nothing_to_do(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(room / COLLECTOR, "minutes=5", "minutes=50")
    before = texts_of(room)
    assert upgrade() == 0
    assert "nothing to do" in capsys.readouterr().out
    assert texts_of(room) == before


def test_edits_of_both_sides_are_in_the_file_afterwards(room: Path, upgrade: Upgrade) -> None:
    edit(room / COLLECTOR, "minutes=5", "minutes=50")
    edit(template(room, COLLECTOR), '"""One page in one transaction', '"""A page, a transaction')
    edit(template(room, CLIENT), "PER_PAGE = 100", "PER_PAGE = 50")
    assert upgrade() == 0
    merged = (room / COLLECTOR).read_text()
    assert "minutes=50" in merged
    assert '"""A page, a transaction' in merged
    assert "PER_PAGE = 50" in (room / CLIENT).read_text()
    assert upgrade() == 0


def test_a_conflict_gets_markers_and_is_listed(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(room / COLLECTOR, "minutes=5", "minutes=50")
    edit(template(room, COLLECTOR), "minutes=5", "hours=1")
    edit(template(room, CLIENT), "PER_PAGE = 100", "PER_PAGE = 50")
    assert upgrade() == 1
    assert f"in conflict: resolve the markers in {COLLECTOR}\n" in capsys.readouterr().out
    text = (room / COLLECTOR).read_text()
    assert "<<<<<<< yours\nLOOKBACK = timedelta(minutes=50)\n=======\n" in text
    assert "LOOKBACK = timedelta(hours=1)\n>>>>>>> the template now\n" in text
    assert "PER_PAGE = 50" in (room / CLIENT).read_text()


def test_what_the_author_deleted_stays_deleted(room: Path, upgrade: Upgrade) -> None:
    (room / DOCS).unlink()
    edit(template(room, DOCS), "reads the items", "reads all items")
    assert upgrade() == 0
    assert not (room / DOCS).exists()


def test_what_the_template_has_new_appears(room: Path, upgrade: Upgrade) -> None:
    template(room, f"collectors/{SLUG}/notes.md").write_text("of {{ cookiecutter.slug }}\n")
    assert upgrade() == 0
    assert (room / f"collectors/{SLUG}/notes.md").read_text() == f"of {SLUG}\n"


def test_a_new_file_where_the_author_has_one_is_a_conflict(room: Path, upgrade: Upgrade) -> None:
    template(room, f"collectors/{SLUG}/notes.md").write_text("the template's\n")
    (room / f"collectors/{SLUG}/notes.md").write_text("mine\n")
    assert upgrade() == 1
    assert "mine\n=======\nthe template's\n" in (room / f"collectors/{SLUG}/notes.md").read_text()


def test_what_the_template_has_no_more_goes_unless_it_was_edited(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    template(room, f"tests/collectors/{SLUG}/test_parsing.py").unlink()
    template(room, DOCS).unlink()
    edit(room / DOCS, "reads the items", "reads my items")
    assert upgrade() == 0
    assert not (room / f"tests/collectors/{SLUG}/test_parsing.py").exists()
    assert "reads my items" in (room / DOCS).read_text()
    assert f"kept, though the template has it no more {DOCS}\n" in capsys.readouterr().out


def test_the_migration_is_history_and_stays(room: Path, upgrade: Upgrade) -> None:
    (migration,) = room.glob("cookiecutter-collector/*/http/migrations/versions/*.py")
    migration.write_text(migration.read_text().replace("Its title.", "Its name."))
    before = texts_of(room)
    assert upgrade() == 0
    assert texts_of(room) == before


def test_a_dry_run_changes_nothing(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(template(room, CLIENT), "PER_PAGE = 100", "PER_PAGE = 50")
    before = texts_of(room)
    assert upgrade("--dry-run") == 0
    assert f"would change {CLIENT}\n" in capsys.readouterr().out
    assert texts_of(room) == before


def test_a_room_that_was_made_by_hand_is_refused(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["new", "--upgrade", "github_activity_tracker", "--root", str(room)]
    assert execute(arguments) == 2
    assert "was not made by `bdc new`" in capsys.readouterr().err


def test_a_record_that_is_broken_is_named(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    place = room / record_place(SLUG)
    kept = json.loads(place.read_text())
    place.write_text(json.dumps({**kept, "base": kept["base"][1:]}))
    assert upgrade() == 2
    assert ".scaffold.json is broken" in capsys.readouterr().err


def test_what_is_no_text_cannot_be_merged(
    room: Path, upgrade: Upgrade, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(room / DOCS, "reads the items", "reads\0the items")
    edit(template(room, DOCS), "reads the items", "reads all items")
    assert upgrade() == 2
    assert "git cannot merge" in capsys.readouterr().err
