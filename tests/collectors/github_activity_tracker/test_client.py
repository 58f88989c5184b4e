"""Mirrors of real repositories: what is in them is read, whatever became of it at the source."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from collectors.github_activity_tracker.client.git import Mirror, open_mirror, parse_repository
from collectors.github_activity_tracker.client.reader import CommitReader
from collectors.github_activity_tracker.parsing.commits import (
    ChangeStatus,
    CommitRecord,
    FileChange,
    RejectedCommit,
)
from services.errors import (
    AccessDenied,
    ConfigError,
    RateLimited,
    SourceTimedOut,
    SourceUnavailable,
)
from services.git.processes import (
    Child,
    GitFailed,
    child_environment,
    run_watched,
)
from services.git.source import RepositorySource
from tests.support.git_http import GitServer, serve_repositories
from tests.support.git_repositories import (
    EPOCH,
    Entry,
    Rename,
    Repository,
    Submodule,
    Symlink,
    generate_repository,
    git,
)

TOKEN = "ghp_notARealTokenButLongEnough0123456789"


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "source.git")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with serve_repositories(tmp_path / "served", password=TOKEN) as running:
        yield running


def mirror_of(
    repository: Repository | RepositorySource,
    place: Path,
    *,
    token: str | None = None,
    line_counts: bool = True,
    timeout_seconds: float = 30,
    borrow: Path | None = None,
) -> Mirror:
    if isinstance(repository, Repository):
        repository = parse_repository(str(repository.path))
    return open_mirror(
        repository,
        place,
        token=SecretStr(token) if token else None,
        line_counts=line_counts,
        timeout_seconds=timeout_seconds,
        borrow=borrow,
    )


def refreshed(source: Repository) -> Mirror:
    """The mirror beside the source, as a run of its own finds it."""
    return mirror_of(source, place_of(source))


def place_of(source: Repository) -> Path:
    return source.path.with_name("mirror.git")


def read_all(mirror: Mirror) -> list[CommitRecord | RejectedCommit]:
    return list(mirror.read(mirror.shas(mirror.branches().values())))


def only_change(source: Repository) -> FileChange:
    """Of the commit at the head of main."""
    [record] = refreshed(source).read([source.head()])
    assert isinstance(record, CommitRecord)
    assert record.changes is not None
    [change] = record.changes
    return change


def changes(record: CommitRecord | RejectedCommit) -> tuple[FileChange, ...]:
    assert isinstance(record, CommitRecord)
    assert record.changes is not None
    return record.changes


def served_repository(server: GitServer) -> RepositorySource:
    """A repository with two commits, as a GitHub of our own serves it."""
    repository = Repository.create(server.root / "boostorg" / "beast.git")
    repository.commit({"a": b"1\n"})
    repository.commit({"a": b"2\n"})
    return parse_repository("boostorg/beast", server.url)


class TestWhichRepositoryIsMeant:
    def test_owner_and_name_are_a_github_repository(self) -> None:
        assert parse_repository(" boostorg/beast ") == RepositorySource(
            "https://github.com/boostorg/beast.git",
            "boostorg/beast",
            "github",
            "beast",
            "https://github.com",
        )

    @pytest.mark.parametrize(
        "text",
        [
            "https://github.com/boostorg/beast",
            "https://github.com/boostorg/beast/",
            "https://github.com/boostorg/beast.git",
            "git@github.com:boostorg/beast.git",
            "github.com:boostorg/beast",
            "boostorg/beast.git",
        ],
    )
    def test_every_address_of_a_github_repository_has_the_same_key(self, text: str) -> None:
        found = parse_repository(text)
        assert (found.kind, found.source_key) == ("github", "boostorg/beast")

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("https://gitlab.com/group/sub/project.git", "gitlab.com/group/sub/project"),
            ("ssh://git@host.example:2222/a/b.git", "host.example/a/b"),
            ("git://host.example/a", "host.example/a"),
            ("git@host.example:a/b.git", "host.example/a/b"),
            ("https://github.com/only-an-owner", "github.com/only-an-owner"),
        ],
    )
    def test_any_git_url_is_a_repository(self, text: str, key: str) -> None:
        found = parse_repository(text)
        assert (found.kind, found.source_key, found.url) == ("git", key, text)
        assert found.name == key.rpartition("/")[2]
        assert found.github_base is None

    def test_paths_are_local_repositories(
        self, source: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(source.path.parent)
        monkeypatch.setenv("HOME", str(source.path.parent))
        path = str(source.path)
        for text in (path, "./source.git", "~/source.git", "source.git", f"file://{path}"):
            found = parse_repository(text)
            assert (found.kind, found.source_key, found.url) == ("local", path, path)
        monkeypatch.chdir(source.path)
        assert parse_repository(".").name == "source.git"

    def test_existing_folder_wins_over_a_github_repository(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Repository.create(tmp_path / "boostorg" / "beast")
        monkeypatch.chdir(tmp_path)
        assert parse_repository("boostorg/beast").kind == "local"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-o/name",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c true",
            "one",
            "a/b/c",
            "owner/..",
            "own er/name",
            "owner/na\nme",
            "ftp://host/x",
            "https://host",
            "ssh://-oProxyCommand=x/y",
            "git@-oProxyCommand=x:y",
        ],
    )
    def test_what_git_should_never_see_is_refused(self, text: str) -> None:
        with pytest.raises(ConfigError) as refused:
            parse_repository(text)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        "text",
        [
            f"https://{TOKEN}@github.com/boostorg/beast",
            f"https://x-access-token:{TOKEN}@github.com/boostorg/beast.git",
            f"https://host.example/a?private_token={TOKEN}",
            f"ssh://git:{TOKEN}@host.example/a",
        ],
    )
    def test_secrets_in_a_url_are_refused_and_not_repeated(self, text: str) -> None:
        with pytest.raises(ConfigError, match="GITHUB_TOKEN") as refused:
            parse_repository(text)
        assert TOKEN not in str(refused.value)

    def test_path_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=f"{tmp_path}/nowhere does not exist"):
            parse_repository(str(tmp_path / "nowhere"))

    def test_path_that_is_no_repository_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=f"{tmp_path} is no git repository"):
            parse_repository(str(tmp_path))

    def test_folder_names_are_safe_and_different(self) -> None:
        one = parse_repository("https://h.example/a/b").directory_name
        other = parse_repository("https://h.example/a-b").directory_name
        assert one != other
        assert "/" not in one
        assert one.startswith("h.example-a-b-")


class TestBranches:
    def test_every_branch_has_its_head(self, source: Repository) -> None:
        main = source.commit({"a": b"1"})
        topic = source.commit({"b": b"1"}, branch="topic/übung")
        assert refreshed(source).branches() == {"main": main, "topic/übung": topic}

    def test_head_names_the_default_branch(self, source: Repository) -> None:
        source.commit(branch="old")
        source.commit(branch="main")
        assert refreshed(source).default_branch() == "main"

    def test_empty_repository_has_no_branches(self, source: Repository) -> None:
        mirror = refreshed(source)
        assert mirror.branches() == {}
        assert mirror.default_branch() is None
        assert list(mirror.shas([])) == []
        assert mirror.count([]) == 0
        assert list(mirror.read([])) == []

    def test_detached_head_stands_for_the_branch_at_its_commit(self, source: Repository) -> None:
        source.commit(branch="a")
        sha = source.commit(branch="master")
        source.move("alike", sha)
        (source.path / "HEAD").write_text(f"{sha}\n")
        assert refreshed(source).default_branch() == "master"

    def test_detached_head_elsewhere_names_no_branch(self, source: Repository) -> None:
        sha = source.commit()
        source.commit()
        source.commit(branch="other", message=b"other\n")
        (source.path / "HEAD").write_text(f"{sha}\n")
        assert refreshed(source).default_branch() is None

    def test_only_branch_is_the_default_when_head_names_none(self, source: Repository) -> None:
        source.commit(branch="dev")
        assert refreshed(source).default_branch() == "dev"

    def test_branch_deleted_at_the_source_is_gone(self, source: Repository) -> None:
        source.commit()
        source.commit(branch="topic")
        refreshed(source)
        git(source.path, "update-ref", "-d", "refs/heads/topic")
        source.commit(branch="topic/deeper")
        assert set(refreshed(source).branches()) == {"main", "topic/deeper"}


class TestWhatIsNew:
    def test_second_run_sees_only_what_came_after_the_first(self, source: Repository) -> None:
        old = source.commit({"a": b"1"})
        refreshed(source)
        new = source.commit({"a": b"2"})
        mirror = refreshed(source)
        assert list(mirror.shas([new], [old])) == [new]
        assert mirror.count([new], [old]) == 1
        assert list(mirror.shas([new], [new])) == []

    def test_merged_old_branch_is_listed_after_a_newer_commit(self, source: Repository) -> None:
        base = source.commit(author_at=EPOCH)
        newer = source.commit(author_at=EPOCH + 1000)
        refreshed(source)
        old = source.commit(branch="topic", parents=[base], author_at=EPOCH + 1)
        merge = source.commit(parents=[newer, old], author_at=EPOCH + 2)
        assert list(refreshed(source).shas([merge], [newer])) == [old, merge]

    def test_no_clock_has_a_say_in_the_order(self, source: Repository) -> None:
        times = [EPOCH, EPOCH + 10**9, 1, EPOCH - 10**8, EPOCH + 5]
        commits = [source.commit(author_at=at) for at in times]
        assert list(refreshed(source).shas([commits[-1]])) == commits

    def test_force_push_is_seen_and_old_commits_can_still_be_read(self, source: Repository) -> None:
        base = source.commit({"a": b"1"})
        old = source.commit({"a": b"2"})
        refreshed(source)
        new = source.commit({"a": b"3"}, parents=[base])
        git(source.path, "reflog", "expire", "--expire=now", "--all")
        git(source.path, "gc", "--quiet", "--prune=now")
        mirror = refreshed(source)
        assert mirror.is_rewritten([old], [new])
        assert not mirror.is_rewritten([base, base], [new])
        assert not mirror.is_rewritten([], [new])
        assert mirror.has(old)
        assert [record.sha for record in mirror.read([old])] == [old]
        assert list(mirror.shas([new], [old])) == [new]

    def test_unknown_old_head_means_rewritten_and_everything_new(self, source: Repository) -> None:
        sha = source.commit()
        mirror = refreshed(source)
        assert not mirror.has("0" * 39 + "1")
        assert mirror.is_rewritten(["0" * 39 + "1"], [sha])
        assert list(mirror.shas([sha], ["0" * 39 + "1"])) == [sha]

    def test_thousands_of_heads_are_no_problem(self, source: Repository) -> None:
        sha = source.commit()
        many = [f"{number:040x}" for number in range(1, 5000)]
        assert refreshed(source).count([sha], many) == 1

    def test_many_packs_are_gathered_and_nothing_is_dropped(
        self, source: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("collectors.github_activity_tracker.client.mirror.PACKS", 1)
        base = source.commit({"a": b"1"})
        refreshed(source)
        old = source.commit({"a": b"2"})
        refreshed(source)
        source.commit({"a": b"3"}, parents=[base])
        mirror = refreshed(source)
        assert len(list(place_of(source).glob("objects/pack/*.pack"))) == 1
        assert mirror.has(old)


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ({}, {"a": b"1\n2\n"}, FileChange("a", None, ChangeStatus.ADDED, 2, 0)),
            ({"a": b"1\n"}, {"a": b"2\n3\n"}, FileChange("a", None, ChangeStatus.MODIFIED, 2, 1)),
            ({"a": b"1\n"}, {"a": None}, FileChange("a", None, ChangeStatus.REMOVED, 0, 1)),
            ({"a": b"1\n"}, {"b": Rename("a")}, FileChange("b", "a", ChangeStatus.RENAMED, 0, 0)),
            (
                {"a": b"1\n" * 9},
                {"b": b"1\n" * 9},
                FileChange("b", None, ChangeStatus.ADDED, 9, 0),  # a copy is an addition
            ),
            ({}, {"x": b"\0\1"}, FileChange("x", None, ChangeStatus.ADDED, None, None)),
            ({}, {"l": Symlink(b"a")}, FileChange("l", None, ChangeStatus.ADDED, 1, 0)),
            ({}, {"m": Submodule("1" * 40)}, FileChange("m", None, ChangeStatus.ADDED, 1, 0)),
            (
                {"m": Submodule("1" * 40)},
                {"m": Submodule("2" * 40)},
                FileChange("m", None, ChangeStatus.MODIFIED, 1, 1),
            ),
            (
                {"a": b"1\n"},
                {"a": Symlink(b"b")},
                FileChange("a", None, ChangeStatus.TYPE_CHANGED, 1, 1),
            ),
            ({}, {b"\xff": b"1"}, FileChange("\\xff", None, ChangeStatus.ADDED, 1, 0)),
            ({}, {'"ü".txt': b"1"}, FileChange('"ü".txt', None, ChangeStatus.ADDED, 1, 0)),
            ({}, {"a\nb\tc": b"1"}, FileChange("a\nb\tc", None, ChangeStatus.ADDED, 1, 0)),
            ({}, {"empty": b""}, FileChange("empty", None, ChangeStatus.ADDED, 0, 0)),
        ],
    )
    def test_change_of_one_file(
        self,
        source: Repository,
        before: dict[str | bytes, Entry],
        after: dict[str | bytes, Entry],
        expected: FileChange,
    ) -> None:
        source.commit({"unrelated": b"x\n", **before})
        source.commit(after)
        assert only_change(source) == expected

    def test_file_deleted_and_added_again(self, source: Repository) -> None:
        for content in (b"1\n", None, b"1\n"):
            source.commit({"a": content})
        found = [changes(record)[0].status for record in read_all(refreshed(source))]
        assert found == [ChangeStatus.ADDED, ChangeStatus.REMOVED, ChangeStatus.ADDED]

    def test_hundreds_of_files_and_more_than_a_thousand_renames_are_complete(
        self, source: Repository
    ) -> None:
        lines: dict[str | bytes, bytes] = {
            f"old/{n}": b"".join(b"%d %d\n" % (n, i) for i in range(9)) for n in range(1200)
        }
        source.commit(dict(lines))
        source.commit(
            {
                **dict.fromkeys(lines),
                **{f"new/{10_000 - n}": lines[f"old/{n}"] + b"more\n" for n in range(1200)},
            }
        )
        first, second = read_all(refreshed(source))
        assert len(changes(first)) == 1200
        assert {change.status for change in changes(second)} == {ChangeStatus.RENAMED}
        assert len({change.old_path for change in changes(second)}) == 1200

    def test_merges_carry_no_changes_however_many_parents(self, source: Repository) -> None:
        base = source.commit({"a": b"1"})
        arms = []
        for number in range(3):
            files: dict[str | bytes, Entry] = {f"f{number}": b"1"}
            arms.append(source.commit(files, branch=f"b{number}", parents=[base]))
        source.commit({"resolved": b"1"}, parents=[base, *arms])
        [*_, octopus] = read_all(refreshed(source))
        assert changes(octopus) == ()
        assert isinstance(octopus, CommitRecord)
        assert octopus.parents == (base, *arms)

    def test_empty_commit_changes_nothing(self, source: Repository) -> None:
        source.commit({"a": b"1"})
        source.commit({})
        assert [len(changes(record)) for record in read_all(refreshed(source))] == [1, 0]

    def test_attributes_of_the_source_and_the_machine_change_nothing(
        self, source: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "git").mkdir()
        (tmp_path / "git" / "attributes").write_text("* -diff\n")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        source.commit({".gitattributes": b"*.txt -diff\n"})
        source.commit({"a.txt": b"1\n"})
        assert only_change(source).additions == 1

    def test_without_line_counts_no_contents_are_fetched(self, source: Repository) -> None:
        source.commit({"a": b"1\n" * 50, "b": b"2\n"})
        source.commit({"c": Rename("a"), "b": b"3\n"})
        place = place_of(source)
        [_, second] = read_all(mirror_of(source, place, line_counts=False))
        assert changes(second) == (
            FileChange("b", None, ChangeStatus.MODIFIED, None, None),
            FileChange("c", "a", ChangeStatus.RENAMED, None, None),
        )
        stored = git(place, "cat-file", "--batch-check", "--batch-all-objects")
        assert " blob " not in stored

    def test_mirror_without_contents_is_made_anew_when_counts_are_wanted(
        self, source: Repository
    ) -> None:
        source.commit({"a": b"1\n"})
        mirror_of(source, place_of(source), line_counts=False)
        source.commit({"a": b"1\n2\n"})
        mirror_of(source, place_of(source), line_counts=False)
        assert only_change(source).additions == 1


class TestOddCommits:
    def test_messages_of_every_kind_are_read(self, source: Repository) -> None:
        signature = b"A <a@x> 1 +0000"
        head = b"tree %s\nauthor %s\ncommitter %s\n" % (
            git(source.path, "hash-object", "-t", "tree", "-w", "--stdin").encode(),
            signature,
            signature,
        )
        bodies = {
            head + b"\na\0b": "ab",
            head + b"\n" + b"m" * (1 << 20): "m" * (1 << 20),
            head + b"\n\xff\n": "\ufffd\n",
            head + b"encoding latin1\n\n\xe9": "é",
            head + b"\nno end": "no end",
            head: "",
        }
        shas = [source.raw_commit(raw) for raw in bodies]
        for number, sha in enumerate(shas):
            source.move(f"b{number}", sha)
        found = [
            record.message
            for record in refreshed(source).read(shas)
            if isinstance(record, CommitRecord)
        ]
        assert found == list(bodies.values())

    def test_malformed_commits_are_rejected_while_the_others_are_read(
        self, source: Repository
    ) -> None:
        first = source.commit({"a": b"1\n"})
        tree = source.tree().encode()
        good = b"committer A <a@x> 1 +0000\n\nm\n"
        previous = first
        for author in (b"", b"author A <a@x> 99999999999999999 +0000\n", b"author A\n"):
            previous = source.raw_commit(
                b"tree %s\nparent %s\n%s%s" % (tree, previous.encode(), author, good)
            )
        last = source.commit({"a": b"2\n"})
        found = read_all(refreshed(source))
        assert [isinstance(record, RejectedCommit) for record in found] == [0, 1, 1, 1, 0]
        assert [found[0].sha, found[-1].sha] == [first, last]
        assert [change.path for change in changes(found[-1])] == ["a"]

    def test_commit_the_source_has_no_more_is_rejected_and_nothing_is_made_anew(
        self, source: Repository, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, second = source.commit({"a": b"1"}), source.commit({"a": b"2"})
        gone = ["1" * 40, "2" * 40]
        found = list(refreshed(source).read([gone[0], first, gone[1], second]))
        assert [record.sha for record in found] == [gone[0], first, gone[1], second]
        assert [isinstance(record, RejectedCommit) for record in found] == [1, 0, 1, 0]
        assert "anew" not in caplog.text

    def test_repository_with_longer_names_is_read(self, tmp_path: Path) -> None:
        source = Repository.create(tmp_path / "long.git", object_format="sha256")
        sha = source.commit({"a": b"1\n"})
        [record] = read_all(refreshed(source))
        assert (record.sha, len(sha), len(changes(record))) == (sha, 64, 1)


class TestShallowSource:
    @pytest.fixture
    def shallow(self, source: Repository) -> Repository:
        """The last two of four commits."""
        for number in range(4):
            source.commit({"a": b"%d\n" % number, f"f{number}": b"1\n"})
        cut = source.path.with_name("shallow.git")
        git(cut, "init", "--quiet", "--bare", "--initial-branch=main")
        git(cut, "fetch", "-q", "--depth=2", f"file://{source.path}", "main:main")
        return Repository(cut)

    def test_commits_at_the_cut_have_unknown_changes(self, shallow: Repository) -> None:
        mirror = refreshed(shallow)
        edge, last = read_all(mirror)
        assert isinstance(edge, CommitRecord)
        assert edge.changes is None
        assert len(edge.parents) == 1
        assert mirror.boundary() == {edge.sha}
        assert len(changes(last)) == 2

    def test_history_that_is_filled_in_later_is_complete(
        self, source: Repository, shallow: Repository
    ) -> None:
        refreshed(shallow)
        refreshed(shallow)
        git(shallow.path, "fetch", "-q", "--unshallow", f"file://{source.path}")
        mirror = refreshed(shallow)
        assert mirror.boundary() == frozenset()
        assert [len(changes(record)) for record in read_all(mirror)] == [2, 2, 2, 2]

    def test_first_commit_is_no_cut_even_where_git_lists_it(
        self, source: Repository, shallow: Repository
    ) -> None:
        git(shallow.path, "fetch", "-q", "--depth=4", f"file://{source.path}", "main:main")
        assert (shallow.path / "shallow").exists()
        mirror = refreshed(shallow)
        assert mirror.boundary() == frozenset()
        assert [len(changes(record)) for record in read_all(mirror)] == [2, 2, 2, 2]

    def test_dry_run_borrows_a_shallow_mirror(self, shallow: Repository, tmp_path: Path) -> None:
        refreshed(shallow)
        scratch = mirror_of(shallow, tmp_path / "scratch" / "m.git", borrow=place_of(shallow))
        assert len(read_all(scratch)) == 2
        assert len(scratch.boundary()) == 1


class TestBorrowing:
    def test_only_what_is_new_is_fetched_and_the_real_mirror_stays(
        self, tmp_path: Path, source: Repository
    ) -> None:
        noise = bytes(range(1, 256)) * 400
        files: dict[str | bytes, Entry] = {f"f{n}": b"%d" % n + noise for n in range(20)}
        source.commit(files)
        refreshed(source)
        source.commit({"small": b"1"})
        before = contents(place_of(source))
        scratch = mirror_of(source, tmp_path / "dry" / "m.git", borrow=place_of(source))
        assert len(read_all(scratch)) == 2
        assert contents(place_of(source)) == before
        own = list((tmp_path / "dry").rglob("*.pack"))
        assert sum(path.stat().st_size for path in own) < 1000

    def test_broken_lender_is_not_relied_on(self, tmp_path: Path, source: Repository) -> None:
        source.commit({"a": b"1"})
        refreshed(source)
        for pack in place_of(source).glob("objects/pack/*.pack"):
            pack.write_bytes(b"garbage")
        scratch = mirror_of(source, tmp_path / "dry" / "m.git", borrow=place_of(source))
        assert [len(changes(record)) for record in read_all(scratch)] == [1]

    def test_mirror_without_contents_is_no_lender_for_one_with(
        self, tmp_path: Path, source: Repository
    ) -> None:
        source.commit({"a": b"1"})
        mirror_of(source, place_of(source), line_counts=False)
        scratch = mirror_of(source, tmp_path / "dry" / "m.git", borrow=place_of(source))
        assert changes(read_all(scratch)[0])[0].additions == 1


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _garbage_in_head(mirror: Path) -> None:
    (mirror / "HEAD").write_text("garbage\n")


def _garbage_in_branch(mirror: Path) -> None:
    (mirror / "packed-refs").unlink(missing_ok=True)
    (mirror / "refs" / "heads" / "main").write_text("garbage\n")


def _garbage_in_packed_refs(mirror: Path) -> None:
    (mirror / "packed-refs").write_text("garbage\n")


def _garbage_in_config(mirror: Path) -> None:
    (mirror / "config").write_text("[garbage\n")


def _lose_packs(mirror: Path) -> None:
    for path in mirror.glob("objects/pack/*"):
        path.unlink()


def _cut_packs(mirror: Path) -> None:
    for path in mirror.glob("objects/pack/*.pack"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:100])


def _become_empty_folder(mirror: Path) -> None:
    shutil.rmtree(mirror)
    mirror.mkdir()


def _become_file(mirror: Path) -> None:
    shutil.rmtree(mirror)
    mirror.write_text("garbage")


class TestBrokenMirror:
    @pytest.mark.parametrize(
        "damage",
        [
            _garbage_in_head,
            _garbage_in_branch,
            _garbage_in_packed_refs,
            _garbage_in_config,
            _lose_packs,
            _cut_packs,
            _become_empty_folder,
            _become_file,
        ],
    )
    def test_damage_of_any_kind_heals(
        self, source: Repository, damage: Callable[[Path], None]
    ) -> None:
        shas = [source.commit({"a": b"%d" % number}) for number in range(3)]
        refreshed(source)
        damage(place_of(source))
        found = read_all(refreshed(source))
        assert [(record.sha, len(changes(record))) for record in found] == [(s, 1) for s in shas]

    @pytest.mark.parametrize("kind", ["commit", "tree", "blob"])
    def test_one_lost_object_is_noticed_when_it_is_read(
        self, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = generate_repository(tmp_path / "source.git", 1500, files_per_commit=1)
        mirror = refreshed(source)
        shas = list(mirror.shas([source.head()]))
        difference = git(source.path, "diff-tree", "-r", "--no-commit-id", shas[700]).split()
        lost = {"commit": shas[700], "tree": f"{shas[700]}^{{tree}}", "blob": difference[3]}
        lose(place_of(source), lost[kind])
        found = list(mirror.read(iter(shas)))
        assert [record.sha for record in found] == shas
        assert {len(changes(record)) for record in found} == {1}
        assert caplog.text.count("is broken, making it anew") == 1

    def test_mirror_that_vanishes_before_the_reading_is_made_anew(self, source: Repository) -> None:
        sha = source.commit()
        mirror = refreshed(source)
        shutil.rmtree(place_of(source))
        assert [record.sha for record in mirror.read([sha])] == [sha]

    def test_reader_of_no_mirror_says_so(self, tmp_path: Path) -> None:
        environment = child_environment(os.environ, {}, protocols="none")
        nowhere = tmp_path / "nowhere"
        with (
            CommitReader(nowhere, environment, boundary=frozenset(), line_counts=True) as reader,
            pytest.raises(GitFailed, match="not a git repository"),
        ):
            reader.answer("1" * 40)

    def test_walk_over_a_lost_commit_starts_again(
        self, source: Repository, caplog: pytest.LogCaptureFixture
    ) -> None:
        shas = [source.commit() for _ in range(3)]
        mirror = refreshed(source)
        lose(place_of(source), shas[1])
        assert list(mirror.shas([shas[2]])) == shas
        assert "is broken, making it anew" in caplog.text

    @pytest.mark.parametrize("number", [0, 1, 2])
    @pytest.mark.parametrize("content", [None, b"garbage"])
    def test_lost_or_garbled_commit_is_noticed_when_it_is_read(
        self,
        source: Repository,
        content: bytes | None,
        number: int,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        shas = [source.commit() for _ in range(3)]
        mirror = refreshed(source)
        lose(place_of(source), shas[number], content)
        assert [record.sha for record in mirror.read(shas)] == shas
        assert caplog.text.count("is broken, making it anew") == 1

    def test_commit_without_a_tree_is_set_aside(self, source: Repository) -> None:
        good = source.commit({"a": b"1"})
        mirror = refreshed(source)
        who = b"A <a@x> 1 +0000\n"
        bad = git(
            place_of(source),
            *["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            stdin=b"author %scommitter %s\nm" % (who, who),
        )
        found = list(mirror.read([bad, good]))
        assert [isinstance(record, RejectedCommit) for record in found] == [1, 0]

    def test_mirror_that_vanishes_in_use_is_made_anew(self, source: Repository) -> None:
        sha = source.commit()
        mirror = refreshed(source)
        shutil.rmtree(place_of(source))
        assert mirror.branches() == {"main": sha}

    def test_second_failure_is_one_line(self, source: Repository) -> None:
        shas = [source.commit({"a": b"%d" % number}) for number in range(3)]
        mirror = refreshed(source)
        lose(place_of(source), f"{shas[1]}^{{tree}}")
        assert len(list(mirror.read(shas))) == 3
        lose(place_of(source), f"{shas[1]}^{{tree}}")
        with pytest.raises(GitFailed) as failed:
            list(mirror.read(shas))
        assert "\n" not in str(failed.value)

    def test_broken_source_breaks_no_mirror(self, source: Repository) -> None:
        old = source.commit({"a": b"1"})
        refreshed(source)
        source.commit({"a": b"2"})
        lose(source.path, "main:a")
        with pytest.raises((GitFailed, SourceUnavailable)) as failed:
            refreshed(source)
        assert "\n" not in str(failed.value)
        assert git(place_of(source), "rev-parse", "main") == old

    def test_unreachable_source_leaves_the_mirror_alone(self, source: Repository) -> None:
        source.commit()
        refreshed(source)
        before = contents(place_of(source))
        closed = parse_repository("http://127.0.0.1:1/owner/name")
        with pytest.raises(SourceUnavailable):
            mirror_of(closed, place_of(source))
        assert contents(place_of(source)) == before


def lose(repository: Path, name: str, content: bytes | None = None) -> None:
    """One object is gone, or garbled; all others are where git finds them."""
    sha = git(repository, "rev-parse", name)
    for pack in list(repository.glob("objects/pack/*.pack")):
        moved = repository / pack.name
        pack.rename(moved)
        pack.with_suffix(".idx").unlink()
        git(repository, "unpack-objects", "-q", stdin=moved.read_bytes())
    place = repository / "objects" / sha[:2] / sha[2:]
    place.unlink()
    if content is not None:
        place.write_bytes(content)


class TestKilledRuns:
    def test_half_a_clone_and_stale_locks_do_no_harm(self, source: Repository) -> None:
        source.commit()
        refreshed(source)
        place = place_of(source)
        for sibling in ("mirror.git.new", "mirror.git.old"):
            (place.with_name(sibling) / "objects").mkdir(parents=True)
        (place / "objects" / "pack" / "tmp_pack_x").write_text("half")
        for name in ("HEAD.lock", "refs/heads/main.lock", "packed-refs.lock", "shallow.lock"):
            (place / name).touch()
        new = source.commit()
        assert refreshed(source).branches() == {"main": new}
        assert {path.name for path in place.parent.iterdir()} == {
            "source.git",
            "mirror.git",
            "mirror.git.lock",
        }
        assert list(place.rglob("tmp_*")) == []

    @pytest.mark.parametrize("wait_for", ["*.new", "*.new/config", "*.new/objects/pack/tmp_*"])
    def test_kill_9_half_way_of_the_first_clone_leaves_nothing_that_hurts(
        self, tmp_path: Path, wait_for: str
    ) -> None:
        source = generate_repository(tmp_path / "source.git", 800, files_per_commit=2)
        place = place_of(source)
        program = (
            "import sys; from pathlib import Path;"
            "from collectors.github_activity_tracker.client.git import *;"
            "open_mirror(parse_repository(sys.argv[1]), Path(sys.argv[2]),"
            " token=None, line_counts=True, timeout_seconds=30)"
        )
        run = subprocess.Popen([sys.executable, "-c", program, str(source.path), str(place)])
        while run.poll() is None and not list(tmp_path.glob(wait_for)):
            time.sleep(0.001)
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert len(read_all(refreshed(source))) == 800

    def test_next_run_waits_for_the_git_of_a_killed_one(self, source: Repository) -> None:
        source.commit()
        place = place_of(source)
        holding = "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.flock(f, fcntl.LOCK_EX);"
        waiting = "print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", holding + waiting, f"{place}.lock"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            with pytest.raises(TimeoutError, match="another git is still at work"):
                mirror_of(source, place, timeout_seconds=0.1)
            other.communicate()
        assert len(read_all(refreshed(source))) == 1

    @pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, ValueError])
    def test_no_process_outlives_an_interrupted_reading(
        self, source: Repository, error: type[BaseException]
    ) -> None:
        shas = [source.commit() for _ in range(3)]
        records = refreshed(source).read(shas)
        next(records)
        assert len(psutil.Process().children()) >= 2
        with pytest.raises(error):
            records.throw(error)  # type: ignore[attr-defined]
        assert gits_of_ours() == []

    def test_closed_walk_ends_its_process(self, source: Repository) -> None:
        source.commit()
        source.commit()
        walk = refreshed(source).shas([source.head()])
        next(walk)
        walk.close()  # type: ignore[attr-defined]
        assert gits_of_ours() == []


def gits_of_ours() -> list[str]:
    return [child.name() for child in psutil.Process().children() if child.name() == "git"]


class TestHowFarAhead:
    def test_thousands_of_commits_are_read_in_order(self, tmp_path: Path) -> None:
        source = generate_repository(tmp_path / "source.git", 2500, files_per_commit=1)
        mirror = refreshed(source)
        shas = list(mirror.shas([source.head()]))
        assert len(shas) == 2500
        assert [record.sha for record in mirror.read(iter(shas))] == shas

    def test_same_seed_makes_the_same_repository(self, tmp_path: Path) -> None:
        one = generate_repository(tmp_path / "1.git", 20, seed=7)
        two = generate_repository(tmp_path / "2.git", 20, seed=7)
        assert one.head() == two.head()

    def test_narrow_pipes_are_filled_with_care(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where the system does not tell how wide they are."""
        monkeypatch.delattr(fcntl, "F_SETPIPE_SZ")
        source = generate_repository(tmp_path / "source.git", 200, files_per_commit=1)
        assert len(read_all(refreshed(source))) == 200


class TestOverHttp:
    def test_right_token_opens_a_private_repository(
        self, server: GitServer, tmp_path: Path
    ) -> None:
        private = served_repository(server)
        mirror = mirror_of(private, tmp_path / "m.git", token=TOKEN)
        assert len(read_all(mirror)) == 2

    def test_token_is_in_no_process_list_and_in_no_file(
        self, server: GitServer, tmp_path: Path
    ) -> None:
        private = served_repository(server)
        place = tmp_path / "mirrors" / "m.git"
        list(read_all(mirror_of(private, place, token=TOKEN)))
        secrets = [TOKEN, server.authorizations[-1].removeprefix("Basic ")]
        assert all(secrets)
        for secret in secrets:
            assert not [line for line in server.command_lines if secret in line]
            for path in place.parent.rglob("*"):
                assert path.is_dir() or secret.encode() not in path.read_bytes()
        assert any("remote-http" in line for line in server.command_lines)

    @pytest.mark.parametrize("token", [None, "wrong"])
    def test_wrong_or_missing_token_is_access_denied(
        self, server: GitServer, tmp_path: Path, token: str | None
    ) -> None:
        private = served_repository(server)
        with pytest.raises(AccessDenied, match="GITHUB_TOKEN") as denied:
            mirror_of(private, tmp_path / "m.git", token=token)
        assert "\n" not in str(denied.value)
        assert str(token) not in str(denied.value)
        assert not (tmp_path / "m.git").exists()

    def test_token_goes_to_github_only(self, server: GitServer, tmp_path: Path) -> None:
        served_repository(server)
        elsewhere = parse_repository(f"{server.url}/boostorg/beast.git")
        with pytest.raises(AccessDenied, match="sent to GitHub's web address only"):
            mirror_of(elsewhere, tmp_path / "m.git", token=TOKEN)
        assert set(server.authorizations) == {""}

    def test_repository_that_does_not_exist_is_named(
        self, server: GitServer, tmp_path: Path
    ) -> None:
        nowhere = parse_repository("boostorg/nowhere", server.url)
        with pytest.raises(ConfigError, match=r"boostorg/nowhere\.git is no git repository"):
            mirror_of(nowhere, tmp_path / "m.git", token=TOKEN)

    @pytest.mark.parametrize(
        ("status", "error"),
        [(500, SourceUnavailable), (429, RateLimited), (403, AccessDenied)],
    )
    def test_answers_of_the_server_are_told_apart(
        self, server: GitServer, tmp_path: Path, status: int, error: type[Exception]
    ) -> None:
        private = served_repository(server)
        server.status = status
        with pytest.raises(error) as failed:
            mirror_of(private, tmp_path / "m.git", token=TOKEN)
        assert str(status) in str(failed.value)

    def test_failure_of_a_later_fetch_leaves_the_mirror(
        self, server: GitServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        private = served_repository(server)
        mirror_of(private, tmp_path / "m.git", token=TOKEN)
        server.status = 503
        with pytest.raises(SourceUnavailable):
            mirror_of(private, tmp_path / "m.git", token=TOKEN)
        assert git(tmp_path / "m.git", "rev-list", "--count", "main") == "2"
        assert "broken" not in caplog.text

    def test_silent_server_is_timed_out(self, server: GitServer, tmp_path: Path) -> None:
        private = served_repository(server)
        server.is_silent = True
        with pytest.raises(SourceTimedOut, match=r"no progress for 0\.2 seconds"):
            mirror_of(private, tmp_path / "m.git", token=TOKEN, timeout_seconds=0.2)
        assert gits_of_ours() == []

    def test_closed_port_is_unavailable(self, tmp_path: Path) -> None:
        closed = parse_repository("owner/name", "http://127.0.0.1:1")
        with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1 port 1"):
            mirror_of(closed, tmp_path / "m.git", token=TOKEN)

    def test_contents_can_stay_at_the_server(self, server: GitServer, tmp_path: Path) -> None:
        private = served_repository(server)
        mirror_of(private, tmp_path / "m.git", token=TOKEN, line_counts=False)
        mirror = mirror_of(private, tmp_path / "m.git", token=TOKEN, line_counts=False)
        before = len(server.authorizations)
        assert [len(changes(record)) for record in read_all(mirror)] == [1, 1]
        assert len(server.authorizations) == before


class TestWhatGitComplainsOf:
    """A program named git that only complains: what hosts say cannot all be had on loopback."""

    @pytest.mark.parametrize(
        ("complaint", "error", "expected"),
        [
            ("fatal: write error: No space left on device", OSError, "the disk is full"),
            ("error: RPC failed; curl 28 Operation too slow.", SourceTimedOut, "too slow"),
            ("ssh: connect to host h port 22: Connection timed out", SourceTimedOut, "timed out"),
            ("g@h: Permission denied (publickey).", AccessDenied, "publickey"),
            ("Host key verification failed.", AccessDenied, "Host key"),
            ("ERROR: Repository not found.", ConfigError, "Repository not found"),
            ("fatal: unable to access 'x': SSL certificate problem", SourceUnavailable, "SSL"),
            ("fatal: unable to access 'x': Could not resolve host", SourceUnavailable, "resolve"),
            ("fatal: early EOF", SourceUnavailable, "early EOF"),
            ("fatal: something new", GitFailed, "something new"),
            (f"fatal: sent {TOKEN}", GitFailed, r"sent \*\*\*"),
            ("", GitFailed, "owner/name"),
        ],
    )
    def test_complaint_becomes_an_error_of_ours(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        complaint: str,
        error: type[Exception],
        expected: str,
    ) -> None:
        program = tmp_path / "git"
        program.write_text(f'#!/bin/sh\necho "{complaint}" >&2\nexit 128\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        with pytest.raises(error, match=expected) as failed:
            mirror_of(parse_repository("owner/name"), tmp_path / "m.git", token=TOKEN)
        assert "\n" not in str(failed.value)
        assert TOKEN not in str(failed.value)

    @pytest.mark.parametrize("helpers", ["2000000", "1500000 500000"])
    def test_git_at_work_is_not_taken_for_stalled(self, helpers: str) -> None:
        """One helper, or one after the other."""
        count = "(i=0; while [ $i -lt $most ]; do i=$((i+1)); done)"
        counting = f"!for most in {helpers}; do {count}; done"
        environment = child_environment(os.environ, {}, protocols="none")
        run_watched(["-c", f"alias.count={counting}", "count"], environment, stall_seconds=0.5)

    @pytest.mark.parametrize("error", [psutil.NoSuchProcess, psutil.ZombieProcess])
    def test_a_helper_that_ends_under_our_eyes_takes_nothing_from_the_others(
        self, monkeypatch: pytest.MonkeyPatch, error: type[psutil.NoSuchProcess]
    ) -> None:
        children, cpu_times = psutil.Process.children, psutil.Process.cpu_times
        looks: list[list[psutil.Process]] = []

        def listed(process: psutil.Process, *, recursive: bool) -> list[psutil.Process]:
            looks.append(children(process, recursive=recursive))
            return looks[-1]

        def used(process: psutil.Process) -> Any:
            if len(looks) == 2 and process == looks[1][0]:
                raise error(process.pid)
            return cpu_times(process)

        monkeypatch.setattr(psutil.Process, "children", listed)
        monkeypatch.setattr(psutil.Process, "cpu_times", used)
        counting = "!(i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done); true"
        environment = child_environment(os.environ, {}, protocols="none")
        run_watched(["-c", f"alias.count={counting}", "count"], environment, stall_seconds=0.5)
        assert len(looks) > 2

    def test_git_that_ignores_being_asked_is_forced_to_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.git.processes.ENDING_SECONDS", 0.05)
        environment = child_environment(os.environ, {}, protocols="none")
        deaf = "alias.deaf=!trap '' TERM; while :; do sleep 600; done"
        with pytest.raises(TimeoutError):
            run_watched(["-c", deaf, "deaf"], environment, stall_seconds=0.3)
        assert gits_of_ours() == []

    def test_git_that_has_ended_cannot_be_told_anything(self) -> None:
        environment = child_environment(os.environ, {}, protocols="none")
        with Child(["version"], environment) as child:
            child.stdout.read()
            with pytest.raises(GitFailed, match="git ended without a word"):
                child.tell(b"x" * (1 << 20))


class TestSurroundings:
    def test_mirror_is_a_context(self, source: Repository) -> None:
        sha = source.commit()
        with refreshed(source) as mirror:
            assert mirror.has(sha)

    def test_missing_git_is_said_plainly(
        self, source: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ConfigError, match="git is not installed"):
            refreshed(source)

    def test_git_variables_of_the_caller_change_nothing(
        self, source: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        monkeypatch.setenv("GIT_TRACE", "1")
        monkeypatch.setenv("GIT_SSH", "/usr/bin/false")
        sha = source.commit()
        assert refreshed(source).branches() == {"main": sha}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
    def test_repository_of_another_user_is_read(self, source: Repository) -> None:
        sha = source.commit({"a": b"1"})
        for path in [source.path, *source.path.rglob("*")]:
            os.chown(path, 12345, 12345)
        for line_counts in (True, False):
            place = place_of(source).with_name(f"{line_counts}.git")
            mirror = mirror_of(source, place, line_counts=line_counts)
            assert mirror.branches() == {"main": sha}

    def test_folder_that_only_looks_like_a_repository_is_refused_by_git(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "fake" / "objects").mkdir(parents=True)
        with pytest.raises(ConfigError, match="is no git repository"):
            mirror_of(parse_repository(str(tmp_path / "fake")), tmp_path / "m.git")
