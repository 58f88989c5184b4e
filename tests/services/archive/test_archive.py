"""What was committed can be read again; what is damaged has a name."""

from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from services.archive import services as archive
from services.archive.place import ArchivePlace, open_archive
from services.archive.reading import ArchiveDamaged, damage
from services.archive.recorder import Recorder
from services.archive.retention import forget_segments
from services.errors import ConfigError, NotFound
from services.http.messages import Request
from services.runs.run import Run
from services.settings import PlatformSettings
from tests.services.archive.conftest import NOON, Archiving

everywhere = pytest.mark.parametrize("url", ["folder", "store"], indirect=True)


@everywhere
def test_what_was_answered_is_read_again_as_it_was(archiving: Archiving) -> None:
    run = archiving.begin()
    archiving.fetch(run, "/a", "/b?page=2")
    archiving.commit(run)
    (first, second) = archiving.payloads()
    assert (first.method, first.response.status) == ("GET", 200)
    assert first.response.json() == {"target": "/a", "asked": ""}
    assert second.response.json()["target"] == "/b?page=2"
    assert second.response.headers["etag"] == '"1"'
    (segment,) = archiving.segments()
    assert (segment.collector, segment.source_key) == ("tracker", "acme/widget")
    assert (segment.exchanges, segment.run_id) == (2, run.id)
    assert segment.first_at == first.response.fetched_at
    assert segment.last_at == second.response.fetched_at


def test_nothing_of_what_is_kept_shows_a_secret(archiving: Archiving) -> None:
    run = archiving.begin()
    archiving.fetch(run, "/a?access_token=hunter2secret")
    archiving.fetch(
        run, Request("/q", method="POST", content=b"token=hunter2secret", question=True)
    )
    archiving.commit(run)
    kept = "".join(
        f"{one.url} {one.asked} {dict(one.response.headers)}" for one in archiving.payloads()
    )
    assert "hunter2secret" not in kept
    assert "access_token=***" in kept


def test_only_answers_to_questions_are_kept(archiving: Archiving) -> None:
    """What a POST is answered may be a token."""
    run = archiving.begin()
    archiving.fetch(run, Request("/tokens", method="POST", idempotent=True))
    archiving.fetch(run, Request("/a", method="HEAD"))
    with pytest.raises(NotFound):
        archiving.fetch(run, "/gone")
    archiving.fetch(
        run, "/moved", Request("/graphql", method="POST", content=b"{a}", question=True)
    )
    archiving.commit(run)
    assert archiving.urls() == ["/moved", "/graphql"]


def test_questions_of_one_address_are_told_apart_by_what_they_ask(archiving: Archiving) -> None:
    run = archiving.begin()
    for query in (b"{a}", b"{b}", b"{a}"):
        archiving.fetch(run, Request("/graphql", method="POST", content=query, question=True))
    archiving.commit(run)
    assert [one.asked for one in archiving.payloads().newest()] == ["{b}", "{a}"]


@everywhere
def test_a_segment_grows_with_each_batch_and_a_full_one_is_followed_by_another(
    archiving: Archiving,
) -> None:
    run = archiving.begin(segment_bytes=1500)
    for number in range(12):
        archiving.fetch(run, f"/a?page={number}")
        archiving.commit(run)
    assert archiving.urls() == [f"/a?page={number}" for number in range(12)]
    assert 1 < len(archiving.segments()) < 12


def test_a_segment_that_is_filled_between_two_batches_is_listed_with_the_next(
    archiving: Archiving,
) -> None:
    run = archiving.begin(segment_bytes=1)
    archiving.fetch(run, *(f"/noise?page={number}" for number in range(5)))
    assert archiving.segments() == []
    archiving.commit(run)
    archiving.commit(run)
    assert len(archiving.segments()) == 5
    assert len(archiving.urls()) == 5


def test_what_a_failed_batch_has_written_is_listed_with_the_next(archiving: Archiving) -> None:
    run = archiving.begin()
    archiving.fetch(run, "/a")
    with pytest.raises(ZeroDivisionError), run.transaction() as session:
        run.archive.keep(session)
        raise ZeroDivisionError
    assert archiving.segments() == []
    archiving.fetch(run, "/b")
    archiving.commit(run)
    assert archiving.urls() == ["/a", "/b"]


@everywhere
def test_what_lies_behind_the_last_commit_does_not_count(archiving: Archiving) -> None:
    """As after a kill between the archive's write and the commit."""
    run = archiving.begin()
    archiving.fetch(run, "/a")
    archiving.commit(run)
    archiving.fetch(run, "/b")
    with pytest.raises(ZeroDivisionError), run.transaction() as session:
        run.archive.keep(session)
        raise ZeroDivisionError
    payloads = archiving.payloads()
    assert [one.url.removeprefix(archiving.server.url) for one in payloads] == ["/a"]
    payloads.require_whole()


def test_batches_of_several_threads_list_all_that_was_answered(archiving: Archiving) -> None:
    run = archiving.begin()
    barrier = Barrier(4)

    def work(name: int) -> None:
        barrier.wait()
        for number in range(5):
            archiving.fetch(run, f"/a?thread={name}&page={number}")
            archiving.commit(run)

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(archiving.urls())) == 20
    (segment,) = archiving.segments()
    assert segment.exchanges == 20


def test_a_segment_that_another_batch_has_listed_longer_stays_so(archiving: Archiving) -> None:
    run = archiving.begin()
    archiving.fetch(run, "/a")
    with archiving.database.transaction() as session:
        shorter = run.archive.keep(session)
    archiving.fetch(run, "/b")
    archiving.commit(run)
    with archiving.database.transaction() as session:
        archive.list_segments(session, shorter)
    assert archiving.urls() == ["/a", "/b"]


def test_of_every_page_the_newest_answer_is_found(archiving: Archiving) -> None:
    for _ in range(2):
        run = archiving.begin()
        archiving.fetch(run, "/a", "/b", "/a")
        archiving.commit(run)
    last = archiving.segments()[-1].run_id
    found = list(archiving.payloads().newest())
    assert sorted(one.url[-2:] for one in found) == ["/a", "/b"]
    newest = max(one.response.fetched_at for one in archiving.payloads())
    assert newest in [one.response.fetched_at for one in found]
    with archiving.database.transaction() as session:
        of_run = archive.find_segments(session, "tracker", "acme/widget", run_id=last)
        later = archive.find_segments(session, since=newest + timedelta(seconds=1))
        assert (len(of_run), list(later)) == (1, [])
        (holding,) = archive.holdings(session)
    assert (holding.runs, holding.segments, holding.exchanges) == (2, 2, 6)


@everywhere
def test_damage_is_named_and_the_rest_is_read(archiving: Archiving) -> None:
    for page in ("/a", "/b", "/c"):
        run = archiving.begin()
        archiving.fetch(run, page)
        archiving.commit(run)
    missing, changed, whole = archiving.segments()
    archiving.place.remove(missing.path)
    archiving.place.remove(missing.path)
    archiving.place.write(changed.path, b"other" * 30, 0)
    payloads = archiving.payloads()
    assert [one.url[-2:] for one in payloads] == ["/c"]
    with pytest.raises(ArchiveDamaged) as error:
        payloads.require_whole()
    assert f"{missing.path} is missing" in str(error.value)
    assert f"{changed.path} is not what was written" in str(error.value)
    assert [damage(archiving.place, one) for one in (missing, whole)] == ["is missing", None]


def test_old_segments_go_with_their_files(archiving: Archiving) -> None:
    run = archiving.begin()
    archiving.fetch(run, "/a")
    archiving.commit(run)
    (segment,) = archiving.segments()
    remove = archiving.place.remove
    with archiving.database.transaction() as session:
        assert forget_segments(session, segment.last_at, 10, remove=remove) == 0
        later = segment.last_at + timedelta(seconds=1)
        assert forget_segments(session, later, 10, remove=remove) == 1
    assert (archiving.segments(), archiving.place.read(segment.path)) == ([], None)


def test_a_run_that_was_answered_nothing_leaves_nothing(archiving: Archiving) -> None:
    archiving.commit(archiving.begin())
    assert archiving.segments() == []


def test_a_dry_run_archives_nothing(archiving: Archiving) -> None:
    with (
        archiving.database.rehearse() as rehearsal,
        Run(archiving.begin().source, rehearsal).transaction(),
    ):
        """Its archive is none."""
    assert archiving.segments() == []


def test_a_folder_that_lost_its_file_gets_all_of_it_again(tmp_path: Path) -> None:
    place = ArchivePlace(str(tmp_path / "kept"))
    place.write("a/b.zst", b"one", 0)
    place.write("a/b.zst", b"onetwo", 3)
    assert place.read("a/b.zst") == b"onetwo"
    place.remove("a/b.zst")
    place.write("a/b.zst", b"onetwothree", 6)
    assert place.read("a/b.zst") == b"onetwothree"
    assert (tmp_path / "kept" / "a").stat().st_mode & 0o077 == 0


def test_a_full_disk_keeps_the_batch_from_being_committed(
    archiving: Archiving, tmp_path: Path
) -> None:
    run = archiving.begin()
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert isinstance(run.archive, Recorder)
    run.archive.place = ArchivePlace(str(blocked))
    archiving.fetch(run, "/a")
    with pytest.raises(OSError, match="file"), run.transaction() as session:
        session.execute(text("update collector_run set phase = 'unsafe'"))
    with archiving.database.transaction() as session:
        assert session.scalar(text("select phase from collector_run")) is None


def test_where_it_lies_is_a_setting(tmp_path: Path) -> None:
    def place(url: str | None) -> str | None:
        settings = PlatformSettings.model_construct(raw_archive_url=url, bdc_home=tmp_path)
        found = open_archive(settings)
        return found.url if found else None

    assert place(None) == str(tmp_path / "archive")
    assert place("none") is None
    with pytest.raises(ConfigError, match=r"RAW_ARCHIVE_URL: .*gcsfs"):
        place("gs://bucket/archive")
    with pytest.raises(ConfigError, match="RAW_ARCHIVE_URL"):
        place("nosuch://bucket")


def test_the_run_of_a_restored_database_overwrites_no_older_segment(archiving: Archiving) -> None:
    run = archiving.begin()
    twins = [Recorder(archiving.place, "tracker", "x", run.id or 0, NOON) for _ in range(2)]
    paths = []
    for recorder in twins:
        archiving.fetch(Run(run.source, run.database, run.id, archive=recorder), "/a")
        with archiving.database.transaction() as session:
            (entry,) = recorder.keep(session)
        paths.append(entry.path)
    assert paths[0] != paths[1]
