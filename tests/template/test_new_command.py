"""`bdc new` as an author uses it, in a copy of the repository."""

from pathlib import Path

import pytest

from authoring.scaffold.plan import next_revision
from cli.main import execute
from tests.support.checkout import copy_repository, run_in, texts_of

SLUG = "heartbeat_demo"


def new(checkout: Path, *arguments: str) -> int:
    return execute(["new", *arguments, "--root", str(checkout)])


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts_of(checkout)
    assert new(checkout, SLUG, "--kind", "http", "--group", "github", "--dry-run") == 0
    said = capsys.readouterr().out
    revision, _ = next_revision(checkout)
    for place in (
        f"new collectors/{SLUG}/client.py",
        f"new flows/{SLUG}.py",
        f"new migrations/versions/{revision}_{SLUG}.py",
        f"new tests/collectors/{SLUG}/recordings/1_first_page.yaml",
        "changed .env.example",
        "changed .github/CODEOWNERS",
        "changed deployments/schedule.yaml",
        "changed prefect.yaml",
    ):
        assert f"{place}\n" in said
    assert f"github:\n  tasks:\n    …\n      - collector: {SLUG}\n        schedule: daily\n" in said
    assert f"next:\n  bdc db upgrade\n  bdc run {SLUG}\n" in said
    assert texts_of(checkout) == before


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which a room of files was made."""
    checkout = copy_repository(tmp_path_factory.mktemp("made") / "checkout")
    assert new(checkout, SLUG, "--kind", "files", "--owner", "@org/beats", "--title", "Beats") == 0
    return checkout


def test_a_room_is_made_and_everything_that_names_it(checkout: Path, made: Path) -> None:
    before, after = texts_of(checkout), texts_of(made)
    changed = {name for name, text in before.items() if after[name] != text}
    assert {name for name in changed if not name.startswith("docs/reference/")} == {
        ".github/CODEOWNERS",
        "README.md",
        "deployments/schedule.yaml",
        "prefect.yaml",
    }
    for place, text in {
        ".github/CODEOWNERS": f"/collectors/{SLUG}/ @org/beats\n",
        "README.md": f"| [`{SLUG}`](docs/{SLUG}.md) | Beats: ",
        f"collectors/{SLUG}/__init__.py": '"""Beats: ',
        "docs/reference/collectors.md": f"[{SLUG}](#{SLUG})",
        "docs/reference/tables.md": f"\n### {SLUG}_record\n",
        "prefect.yaml": f"entrypoint: flows.{SLUG}.{SLUG}\n",
    }.items():
        assert text in after[place].decode()


def test_cookiecutter_makes_the_same_room(checkout: Path, made: Path, tmp_path: Path) -> None:
    answers = [f"slug={SLUG}", "kind=files", "owner=@org/beats", "title=Beats"]
    arguments = ["cookiecutter-collector", "--no-input", *answers]
    done = run_in(checkout, "cookiecutter", *arguments, environment={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert f"  bdc run {SLUG} --folder PATH\n" in done.stdout
    assert texts_of(checkout) == texts_of(made)


def test_what_exists_already_is_named_and_nothing_is_written(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "docs" / f"{SLUG}.md").write_text("mine\n")
    (checkout / "tests" / "collectors" / SLUG).write_text("a file where a folder has to be\n")
    before = texts_of(checkout)
    assert new(checkout, SLUG) == 2
    complaint = capsys.readouterr().err
    assert f"bdc: docs/{SLUG}.md exists already\n" in complaint
    assert f"bdc: tests/collectors/{SLUG} exists already\n" in complaint
    assert texts_of(checkout) == before


def test_all_that_is_wrong_with_a_name_is_said(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(checkout, "Bad__name", "--title", '"""') == 2
    complaint = capsys.readouterr().err
    assert "is not lower-case letters" in complaint
    assert "has two underscores in a row" in complaint
    assert "title" in complaint


def test_a_group_that_does_not_exist_is_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(checkout, SLUG, "--group", "githb", "--dry-run") == 2
    assert "no group is called githb" in capsys.readouterr().err


def test_without_a_schedule_the_schedule_is_left_alone(checkout: Path) -> None:
    before = (checkout / "deployments" / "schedule.yaml").read_text()
    assert new(checkout, SLUG, "--no-schedule") == 0
    assert (checkout / "deployments" / "schedule.yaml").read_text() == before
    assert f"flows.{SLUG}.{SLUG}" in (checkout / "prefect.yaml").read_text()


def test_a_room_that_does_not_work_is_not_made(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (flow,) = checkout.glob("cookiecutter-collector/*/bare/flows/*.py")
    flow.write_text(flow.read_text().replace("from prefect import", "from prefect_not import"))
    before = texts_of(checkout)
    assert new(checkout, SLUG) == 2
    assert "No module named 'prefect_not'" in capsys.readouterr().err
    assert texts_of(checkout) == before


def test_a_template_that_is_broken_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (flow,) = checkout.glob("cookiecutter-collector/*/bare/flows/*.py")
    flow.write_text("{{ cookiecutter.nothing }}\n")
    assert new(checkout, SLUG, "--dry-run") == 2
    assert "cannot be rendered" in capsys.readouterr().err


def test_code_that_is_none_cannot_be_formatted(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (flow,) = checkout.glob("cookiecutter-collector/*/bare/flows/*.py")
    flow.write_text("def broken(\n")
    assert new(checkout, SLUG, "--dry-run") == 2
    assert "cannot be formatted" in capsys.readouterr().err


def test_two_ends_of_the_history_are_for_a_person_to_join(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, head = next_revision(checkout)
    (newest,) = (checkout / "migrations" / "versions").glob(f"{head}_*.py")
    text = newest.read_text().replace(f'revision = "{head}"', 'revision = "other"', 1)
    newest.with_name("other.py").write_text(text)
    assert new(checkout, SLUG, "--dry-run") == 2
    assert f"not one end, but: {head}, other" in capsys.readouterr().err


def test_outside_a_checkout_there_is_no_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, SLUG) == 2
    assert "run this in a checkout" in capsys.readouterr().err


def test_cookiecutter_leaves_nothing_of_a_name_that_is_refused(
    checkout: Path, tmp_path: Path
) -> None:
    before = texts_of(checkout)
    arguments = ["cookiecutter-collector", "--no-input", "slug=releases"]
    made = run_in(checkout, "cookiecutter", *arguments, environment={"HOME": str(tmp_path)})
    assert made.returncode != 0
    assert "is a group or a deployment of the schedule already" in made.stderr
    assert texts_of(checkout) == before
