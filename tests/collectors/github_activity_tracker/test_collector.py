"""What the commit stream stores, on a real PostgreSQL, from real repositories."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from services.database import Database
from services.errors import ConfigError
from tests.support.collecting import Collecting, row_versions
from tests.support.git_repositories import EPOCH, Rename, Repository, generate_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "source.git")


@pytest.fixture
def collecting(database: Database, repository: Repository, tmp_path: Path) -> Collecting:
    return Collecting(database, str(repository.path), tmp_path / "workspace")


def shas(collecting: Collecting) -> set[str]:
    return {row[0] for row in collecting.rows("commit")}


def test_a_commit_is_stored_with_its_people_and_files(
    repository: Repository, collecting: Collecting
) -> None:
    first = repository.commit({"a.txt": b"one\ntwo\n"})
    second = repository.commit(
        {"a.txt": b"one\nthree\n", "dir/b.txt": b"x\n"},
        message="Grüße\n".encode(),
        author=b"Octo Cat <12345+octo-cat@users.noreply.github.com>",
        author_at=EPOCH - 3600,
        committer_at=EPOCH + 60,
    )
    collecting.collect()
    stored = {row[0]: row for row in collecting.rows("commit")}
    assert stored[second][1:] == (
        [first],
        "Grüße\n",
        "Octo Cat",
        "12345+octo-cat@users.noreply.github.com",
        datetime.fromtimestamp(EPOCH - 3600, UTC),
        "Ada Lovelace",
        "ada@example.org",
        datetime.fromtimestamp(EPOCH + 60, UTC),
        2,
        2,
        1,
        True,
        "12345",
        "ada@example.org",
    )
    assert [row[1:] for row in collecting.rows("change") if row[0] == second] == [
        ("a.txt", "modified", None, 1, 1),
        ("dir/b.txt", "added", None, 1, 0),
    ]
    assert [row[:4] for row in collecting.rows("person")] == [
        ("git", "ada@example.org", None, "Ada Lovelace"),
        ("github", "12345", "octo-cat", "Octo Cat"),
    ]


def test_a_second_run_on_unchanged_input_writes_no_row(
    repository: Repository, collecting: Collecting
) -> None:
    for number in range(5):
        repository.commit({f"file{number}": b"x"})
    assert collecting.collect().fetched == 5
    before = row_versions(collecting.database)
    again = collecting.collect()
    assert row_versions(collecting.database) == before
    assert (again.fetched, again.written.inserted, again.written.updated) == (0, 0, 0)
    assert again.written.unchanged == 2  # the repository and its branch


def test_reading_all_again_writes_no_row_and_counts_everything_unchanged(
    repository: Repository, collecting: Collecting
) -> None:
    for number in range(5):
        repository.commit({f"file{number}": b"x"})
    collecting.collect()
    before = row_versions(collecting.database)
    again = collecting.collect(reread=True)
    assert row_versions(collecting.database) == before
    assert again.fetched == 5
    assert again.tables["commit"].unchanged == 5


def test_only_what_is_new_is_read(repository: Repository, collecting: Collecting) -> None:
    repository.commit({"a": b"1"})
    collecting.collect()
    new = repository.commit({"a": b"2"})
    assert collecting.collect().fetched == 1
    assert new in shas(collecting)


def test_an_old_branch_merged_after_a_newer_commit_is_collected(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"}, author_at=EPOCH)
    newer = repository.commit({"a": b"2"}, author_at=EPOCH + 10_000)
    collecting.collect()
    old = repository.commit({"b": b"1"}, branch="side", parents=[base], author_at=EPOCH + 10)
    merge = repository.commit({"b": b"1"}, parents=[newer, old], author_at=EPOCH + 20_000)
    collecting.collect()
    assert {old, merge} <= shas(collecting)


def test_a_commit_from_the_future_stops_nothing(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({"a": b"1"}, author_at=EPOCH * 2, committer_at=EPOCH * 2)
    collecting.collect()
    next_one = repository.commit({"a": b"2"}, author_at=EPOCH)
    collecting.collect()
    assert next_one in shas(collecting)


def reachable(collecting: Collecting) -> dict[str, bool]:
    return {row[0]: row[12] for row in collecting.rows("commit")}


def test_a_rewritten_history_leaves_its_commits_marked(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    dropped = repository.commit({"a": b"2"})
    collecting.collect()
    repository.move("main", base)
    new = repository.commit({"a": b"3"})
    collecting.collect()
    assert reachable(collecting) == {base: True, dropped: False, new: True}


def test_a_history_that_comes_back_loses_its_mark(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    dropped = repository.commit({"a": b"2"})
    collecting.collect()
    repository.move("main", base)
    collecting.collect()
    assert reachable(collecting)[dropped] is False
    repository.move("main", dropped)
    collecting.collect()
    assert reachable(collecting) == {base: True, dropped: True}


def test_a_rewritten_history_is_marked_even_when_the_mirror_was_lost(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    dropped = repository.commit({"a": b"2"})
    collecting.collect()
    repository.move("main", base)
    shutil.rmtree(collecting.workspace)
    collecting.collect()
    assert reachable(collecting) == {base: True, dropped: False}


def test_branches_are_followed_by_name_and_pattern(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    wanted = repository.commit({"b": b"1"}, branch="release/1", parents=[base])
    other = repository.commit({"c": b"1"}, branch="topic", parents=[base])
    collecting.collect(branches=["release/*"])
    assert shas(collecting) == {base, wanted}
    collecting.collect(branches=["*"])
    assert shas(collecting) == {base, wanted, other}


def test_a_run_about_other_branches_marks_nothing(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    side = repository.commit({"b": b"1"}, branch="side", parents=[base])
    collecting.collect(branches=["*"])
    collecting.collect(branches=["main"])
    assert reachable(collecting) == {base: True, side: True}


def test_a_branch_deleted_at_the_source_is_marked_with_its_commits(
    repository: Repository, collecting: Collecting
) -> None:
    base = repository.commit({"a": b"1"})
    side = repository.commit({"b": b"1"}, branch="side", parents=[base])
    collecting.collect(branches=["*"])
    (repository.path / "refs" / "heads" / "side").unlink()
    collecting.collect(branches=["*"])
    assert reachable(collecting) == {base: True, side: False}
    assert [(row[0], row[2]) for row in collecting.rows("branch")] == [
        ("main", False),
        ("side", True),
    ]


def test_a_branch_that_is_not_there_is_an_error_that_names_those_that_are(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({"a": b"1"})
    with pytest.raises(ConfigError, match=r"none of develop is in .*, which has main"):
        collecting.collect(branches=["develop"])


def test_an_empty_repository_is_an_empty_answer(collecting: Collecting) -> None:
    assert collecting.collect().fetched == 0
    assert collecting.rows("repository")[0][-1] is None


def test_a_rename_keeps_both_paths(repository: Repository, collecting: Collecting) -> None:
    repository.commit({"old.txt": b"one\ntwo\nthree\n"})
    sha = repository.commit({"new.txt": Rename("old.txt")})
    collecting.collect()
    changes = [row[1:4] for row in collecting.rows("change") if row[0] == sha]
    assert changes == [("new.txt", "renamed", "old.txt")]


def test_a_commit_of_more_than_300_files_is_whole(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({f"file{number}": b"x\n" for number in range(450)})
    collecting.collect()
    assert len(collecting.rows("change")) == 450


def test_names_that_are_not_utf8_stay_apart(repository: Repository, collecting: Collecting) -> None:
    repository.commit({b"caf\xe9.txt": b"x\n", b"caf\xe8.txt": b"x\n", "café.txt": b"x\n"})
    collecting.collect()
    paths = {row[1] for row in collecting.rows("change")}
    assert paths == {"caf\\xe9.txt", "caf\\xe8.txt", "café.txt"}


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        (b"a\0b\n", "ab\n"),
        (b"bad \xff\xfe utf8\n", "bad \ufffd\ufffd utf8\n"),
        (b"x" * 1_000_000, "x" * 1_000_000),
        (b"", ""),
    ],
    ids=["NUL", "invalid UTF-8", "1 MB", "empty"],
)
def test_any_message_can_be_stored(
    repository: Repository, collecting: Collecting, message: bytes, stored: str
) -> None:
    repository.commit({"a": b"1"})
    header = f"tree {repository.tree()}\nauthor A <a@b.c> {EPOCH} +0000\ncommitter A <a@b.c> {EPOCH} +0\n\n"
    sha = repository.raw_commit(header.encode() + message)
    collecting.collect()
    assert {row[0]: row[2] for row in collecting.rows("commit")}[sha] == stored


def malformed(repository: Repository) -> str:
    tree, parent = repository.tree().encode(), repository.head().encode()
    return repository.raw_commit(b"tree %s\nparent %s\n\nnobody wrote it\n" % (tree, parent))


def test_a_malformed_commit_is_a_dead_letter_and_the_rest_is_stored(
    repository: Repository, collecting: Collecting
) -> None:
    good = repository.commit({"a": b"1"})
    bad = malformed(repository)
    result = collecting.collect()
    assert (result.fetched, result.quarantined) == (2, 1)
    assert shas(collecting) == {good}
    ((key, error, status),) = collecting.rows("letter")
    assert (key, status) == (bad, "open")
    assert "author" in error


def test_a_dead_letter_that_fails_again_stays(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({"a": b"1"})
    malformed(repository)
    collecting.collect()
    before = row_versions(collecting.database)
    assert collecting.replay().quarantined == 1
    assert row_versions(collecting.database) == before


def test_without_line_counts_commits_and_files_are_stored_all_the_same(
    repository: Repository, collecting: Collecting
) -> None:
    sha = repository.commit({"a": b"1\n2\n"})
    collecting.collect(line_counts=False)
    ((stored, *_),) = [row for row in collecting.rows("commit") if row[0] == sha]
    assert stored == sha
    assert [row[1:] for row in collecting.rows("change")] == [("a", "added", None, None, None)]
    assert collecting.rows("commit")[0][9:12] == (1, None, None)


def test_a_shallow_source_invents_no_changes_and_is_completed_later(
    tmp_path: Path, database: Database, repository: Repository
) -> None:
    names = [repository.commit({f"file{number}": b"x\n"}) for number in range(5)]
    shallow = tmp_path / "shallow"
    clone = [
        "git",
        "clone",
        "--quiet",
        "--bare",
        "--depth=2",
        f"file://{repository.path}",
        str(shallow),
    ]
    subprocess.run(clone, check=True)
    collecting = Collecting(database, str(shallow), tmp_path / "workspace")
    collecting.collect()
    sizes = {row[0]: row[9] for row in collecting.rows("commit")}
    assert sizes == {names[3]: None, names[4]: 1}
    subprocess.run(["git", "-C", str(shallow), "fetch", "--quiet", "--unshallow"], check=True)
    collecting.collect()
    assert {row[0]: row[9] for row in collecting.rows("commit")} == dict.fromkeys(names, 1)


def test_a_dry_run_says_what_would_change_and_leaves_no_trace(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({"a": b"1"})
    collecting.collect()
    repository.commit({"a": b"2"})
    before, disk = row_versions(collecting.database), snapshot(collecting.workspace)
    would = collecting.rehearse()
    assert (would.fetched, would.tables["commit"].inserted) == (1, 1)
    assert row_versions(collecting.database) == before
    assert snapshot(collecting.workspace) == disk
    assert collecting.collect().tables["commit"].inserted == 1


def test_a_dry_run_of_a_new_repository_leaves_no_mirror(
    repository: Repository, collecting: Collecting
) -> None:
    repository.commit({"a": b"1"})
    assert collecting.rehearse().tables["commit"].inserted == 1
    assert collecting.rows("repository") == []
    assert not snapshot(collecting.workspace)


def snapshot(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_corrupt_mirror_is_made_anew(repository: Repository, collecting: Collecting) -> None:
    repository.commit({"a": b"1"})
    collecting.collect()
    (mirror,) = [path for path in (collecting.workspace).rglob("*.git") if path.is_dir()]
    shutil.rmtree(mirror / "objects")
    new = repository.commit({"a": b"2"})
    collecting.collect()
    assert new in shas(collecting)


def test_an_interrupted_run_reads_nothing_twice(tmp_path: Path, database: Database) -> None:
    """Its batches stay, its cursor has not moved: the next run goes on behind them."""
    path = tmp_path / "source.git"
    generate_repository(path, 2_500)
    collecting = Collecting(database, str(path), tmp_path / "workspace")
    run = collecting.run()
    collector = collecting.collector()
    run.progress = _StopAfter(1)
    with pytest.raises(KeyboardInterrupt):
        collector.collect(run)
    assert run.read_cursor("commits") is None
    assert len(shas(collecting)) == 1_000
    assert collecting.collect().fetched == 1_500
    assert len(shas(collecting)) == 2_500


class _StopAfter:
    """Interrupts once so many batches are stored, as a signal would."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def expect(self, total: int, unit: str) -> None:
        """Nothing."""

    def say(self, text: str, until: datetime | None = None) -> None:
        """Nothing."""

    def advance(self, amount: int) -> None:
        """Counts batches that held commits."""
        self.batches -= bool(amount)
        if self.batches == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["missing/folder/", "/no/such/place", "not a repository"])
def test_a_repository_that_cannot_be_one_is_refused_before_anything_is_done(
    database: Database, tmp_path: Path, name: str
) -> None:
    collecting = Collecting(database, name, tmp_path)
    with pytest.raises(ConfigError) as refused:
        collecting.collector(branches=["main", ""]).validate_config()
    assert len(refused.value.problems) == 2


def test_statements_per_commit_stay_few(repository: Repository, collecting: Collecting) -> None:
    """Counted by PostgreSQL itself, for a batch of a thousand."""
    generated = repository.path.with_name("many.git")
    generate_repository(generated, 1_000)
    many = Collecting(collecting.database, str(generated), collecting.workspace)
    with collecting.database.transaction() as session:
        session.execute(text("create extension pg_stat_statements"))
    many.collect()
    with collecting.database.transaction() as session:
        calls = session.scalar(
            text(
                "select sum(calls) from pg_stat_statements s join pg_database d on d.oid = s.dbid"
                " where d.datname = current_database()"
                " and query !~* '^(begin|commit|savepoint|release|rollback|create temp)'"
            )
        )
    assert calls < 60
