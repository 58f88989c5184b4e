"""What is old and no longer needed goes; what anything still rests on stays, however old."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from collectors.maintenance.collector import Maintenance
from collectors.maintenance.settings import MaintenanceSettings
from services.archive.place import ArchivePlace
from services.archive.segments import Extent
from services.archive.services import SegmentEntry, find_segments, list_segments
from services.batches import services as batches
from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.batches.services import Batch, Covered, Occasion
from services.database import Database
from services.http.messages import Validator
from services.http.models import HttpQuota, HttpValidator
from services.http.services import store_validators
from services.outbox import services as outbox
from services.outbox.models import OutboxMessage
from services.outbox.services import Message
from services.runs import services as ledger
from services.runs.models import CollectorDeadLetter, CollectorRun
from services.runs.run import Run
from services.runs.services import Ending, SetAside, Source
from services.upsert import Written
from tests.support.collecting_papers import Heard

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
LATELY = NOW - timedelta(days=10)
SOURCE = Source("tracker", "main")
PLATFORM = Source("maintenance", "platform")


def maintain(database: Database, *, rows: int = 5000, heard: Heard | None = None) -> int:
    """Runs it once; how many rows were old."""
    with database.transaction() as session:
        run_id = ledger.start_run(session, PLATFORM, parameters={}, flow_run_id=None, now=NOW)
    run = Run(PLATFORM, database, run_id, heard or Heard())
    collector = Maintenance(MaintenanceSettings(), lambda: NOW, rows)
    collector.validate_config()
    return collector.collect(run).fetched


def a_run(database: Database, status: str, at: datetime, source: Source = SOURCE) -> int:
    with database.transaction() as session:
        run_id = ledger.start_run(session, source, parameters={}, flow_run_id=None, now=at)
        if status != "running":
            ledger.finish_run(session, run_id, Ending(status, "collect", {}), now=at)
    return run_id


def runs(database: Database) -> list[int]:
    with database.transaction() as session:
        run = CollectorRun
        wanted = select(run.id).where(run.collector != PLATFORM.collector).order_by(run.id)
        return list(session.scalars(wanted))


def test_old_runs_go_but_the_newest_and_the_newest_success_of_each_source(
    database: Database,
) -> None:
    other = Source("tracker", "other")
    for status in ("completed", "failed", "completed", "partial"):
        a_run(database, status, LONG_AGO)
    success = a_run(database, "completed", LONG_AGO)
    a_run(database, "failed", LONG_AGO)
    newest = a_run(database, "crashed", LONG_AGO)
    only = a_run(database, "failed", LONG_AGO, other)
    assert maintain(database) == 5
    assert runs(database) == [success, newest, only]
    assert maintain(database) == 0


def test_runs_that_are_young_or_still_run_stay(database: Database) -> None:
    young = [a_run(database, "completed", LATELY) for _ in range(2)]
    running = a_run(database, "running", LONG_AGO)
    maintain(database)
    assert runs(database) == [*young, running]


def letter(database: Database, run_id: int, key: str, status: str, at: datetime) -> None:
    with database.transaction() as session:
        ledger.set_aside(session, SOURCE, "s", [SetAside(key, {}, "bad")], run_id=run_id)
        values = {"status": status, "updated_at": at}
        session.execute(update(CollectorDeadLetter).filter_by(item_key=key).values(values))


def test_resolved_letters_go_and_open_ones_keep_the_run_that_they_are_of(
    database: Database,
) -> None:
    of_open, of_resolved = (a_run(database, "completed", LONG_AGO) for _ in range(2))
    newest = a_run(database, "completed", LATELY)
    letter(database, of_open, "open", "open", LONG_AGO)
    letter(database, of_resolved, "resolved", "resolved", LONG_AGO)
    letter(database, of_resolved, "young", "resolved", LATELY)
    letter(database, of_resolved, "discarded", "discarded", LONG_AGO)
    assert maintain(database) == 2
    with database.transaction() as session:
        kept = list(session.scalars(select(CollectorDeadLetter.item_key).order_by("item_key")))
    assert (kept, runs(database)) == (["discarded", "open", "young"], [of_open, newest])


def a_batch(
    database: Database, day: date, occasions: Sequence[str], *, status: str = "completed"
) -> UUID:
    at = datetime.combine(day, time(0, 5), UTC)
    batch = Batch(uuid4(), "nightly", at, day, ["a"], settles=True)
    with database.transaction() as session:
        batches.start_batch(session, batch, now=at)
        for name in occasions:
            one = Occasion("nightly", "a", name, "tracker", {})
            batches.claim(session, one, batch=batch.id, redo=(), now=at)
            batches.settle(session, one, "succeeded", "", batch=batch.id, now=at)
        if status != "running":
            batches.finish_batch(session, batch.id, status, now=at)
    return batch.id


def occasions(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(ScheduleOccasion.occasion).order_by("occasion")))


def test_settled_days_go_with_their_batches_and_releases_never(database: Database) -> None:
    old = LONG_AGO.date()
    a_batch(database, old, [old.isoformat()])
    of_release = a_batch(database, old, ["boost boost-1.89.0"])
    last = a_batch(database, LATELY.date(), [LATELY.date().isoformat()])
    assert maintain(database) == 2
    assert occasions(database) == [LATELY.date().isoformat(), "boost boost-1.89.0"]
    with database.transaction() as session:
        kept = set(session.scalars(select(ScheduleBatch.flow_run_id)))
        assert kept == {of_release, last}
        assert batches.covered(session, "nightly").through == LATELY.date()


def test_the_past_of_a_group_that_was_down_for_long_stays(database: Database) -> None:
    first, second = LONG_AGO.date(), LONG_AGO.date() + timedelta(days=1)
    a_batch(database, first, [first.isoformat()])
    a_batch(database, second, [second.isoformat()], status="incomplete")
    with database.transaction() as session:
        before = batches.covered(session, "nightly")
    maintain(database)
    with database.transaction() as session:
        assert batches.covered(session, "nightly") == before == Covered(first, {"a": first})
    assert occasions(database) == [second.isoformat()]


def test_a_day_that_still_runs_stays(database: Database) -> None:
    old = LONG_AGO.date()
    a_batch(database, old, [])
    batch = a_batch(database, old, [])
    with database.transaction() as session:
        one = Occasion("nightly", "a", old.isoformat(), "tracker", {})
        batches.claim(session, one, batch=batch, redo=(), now=LONG_AGO)
    maintain(database)
    assert occasions(database) == [old.isoformat()]


def test_a_message_that_was_sent_is_emptied_and_yet_never_said_again(database: Database) -> None:
    messages = [Message(key, {"url": key}) for key in ("old", "young", "waiting")]
    with database.transaction() as session:
        outbox.enqueue(session, "papers", messages)
        for key, at in (("old", LONG_AGO), ("young", LATELY)):
            values = {"status": "sent", "sent_at": at}
            session.execute(update(OutboxMessage).filter_by(key=key).values(values))
    assert maintain(database) == 1
    assert maintain(database) == 0
    with database.transaction() as session:
        rows = select(OutboxMessage.key, OutboxMessage.payload).order_by(OutboxMessage.id)
        payloads = dict(session.execute(rows).tuples().all())
        outbox.enqueue(session, "papers", messages)
        (backlog,) = outbox.backlogs(session)
    assert payloads == {"old": {}, "young": {"url": "young"}, "waiting": {"url": "waiting"}}
    assert backlog.waiting == 1


def test_versions_of_pages_go_when_they_were_first_stored_long_ago(database: Database) -> None:
    pages = [Validator(page, f"https://x/{page}", "", "e", None) for page in ("old", "young")]
    with database.transaction() as session:
        assert store_validators(session, "owner", pages) == Written(inserted=2)
        session.execute(update(HttpValidator).values(created_at=LATELY))
        session.execute(update(HttpValidator).filter_by(page="old").values(created_at=LONG_AGO))
    assert maintain(database) == 1
    with database.transaction() as session:
        assert list(session.scalars(select(HttpValidator.page))) == ["young"]


@pytest.mark.parametrize("number", [4, 5])
def test_any_number_goes_in_transactions_of_a_bounded_size(database: Database, number: int) -> None:
    for _ in range(number + 1):
        a_run(database, "completed", LONG_AGO)
    assert maintain(database, rows=2) == number
    assert len(runs(database)) == 1


def test_it_says_what_it_forgot(database: Database) -> None:
    a_run(database, "completed", LONG_AGO)
    a_run(database, "completed", LONG_AGO)
    heard = Heard()
    maintain(database, heard=heard)
    assert any(line.startswith("1 runs from before 2025-11-24 forgotten") for line in heard.lines)


def test_it_waits_for_nobody(database: Database) -> None:
    """A row that somebody holds goes another time."""
    held = a_run(database, "completed", LONG_AGO)
    a_run(database, "completed", LONG_AGO)
    with database.transaction() as session:
        session.scalars(select(CollectorRun).filter_by(id=held).with_for_update()).one()
        assert maintain(database) == 0
    assert maintain(database) == 1


def test_segments_of_the_archive_go_when_a_setting_says_so(
    database: Database, tmp_path: Path
) -> None:
    place = ArchivePlace(str(tmp_path))
    extents = {name: Extent(1, 1, "", at, at) for name, at in (("old", LONG_AGO), ("new", LATELY))}
    for name in extents:
        place.write(name, b"x", 0)
    with database.transaction() as session:
        entries = [SegmentEntry(name, "tracker", "main", 1, one) for name, one in extents.items()]
        list_segments(session, entries)

    def kept(run: Run, days: int | None) -> list[str]:
        settings = MaintenanceSettings(archive_days=days)
        Maintenance(settings, lambda: NOW, archive=place).collect(run)
        return sorted(path.name for path in tmp_path.iterdir())

    with database.rehearse() as rehearsal:
        assert kept(Run(PLATFORM, rehearsal), 30) == ["new", "old"]
    with database.transaction() as session:
        run_id = ledger.start_run(session, PLATFORM, parameters={}, flow_run_id=None, now=NOW)
    run = Run(PLATFORM, database, run_id)
    assert kept(run, None) == ["new", "old"]
    assert kept(run, 30) == ["new"]
    with database.transaction() as session:
        assert [one.path for one in find_segments(session)] == ["new"]


def test_files_that_died_with_their_run_go_and_others_stay(
    database: Database, tmp_path: Path
) -> None:
    place = ArchivePlace(str(tmp_path))
    dead, young, works = (
        a_run(database, status, at)
        for status, at in (("crashed", LATELY), ("crashed", NOW), ("running", LATELY))
    )
    name = f"tracker/main/2026/11/{LATELY:%Y%m%dT%H%M%SZ}-run{{}}-0a1b2c3d-0001.zst".format
    listed = name(dead).replace("0001", "0002")
    lost = name(dead).replace("2026111", "2026101")  # of this number in another database
    foreign = name(dead).replace("tracker", "another", 1)
    kept = [listed, lost, foreign, name(young), name(works), name(999), "notes.txt"]
    for path in (name(dead), *kept):
        place.write(path, b"x", 0)
    with database.transaction() as session:
        extent = Extent(1, 1, "", LATELY, LATELY)
        list_segments(session, [SegmentEntry(listed, "tracker", "main", dead, extent)])
    collector = Maintenance(MaintenanceSettings(), lambda: NOW, archive=place)
    with database.rehearse() as rehearsal:
        assert collector.collect(Run(PLATFORM, rehearsal)).fetched == 1
    assert sorted(place.paths()) == sorted([name(dead), *kept])
    with database.transaction() as session:
        run_id = ledger.start_run(session, PLATFORM, parameters={}, flow_run_id=None, now=NOW)
    collector.collect(Run(PLATFORM, database, run_id))
    assert sorted(place.paths()) == sorted(kept)


def test_quotas_go_a_day_after_they_are_filled_and_open_again(database: Database) -> None:
    times = {
        "over": (LATELY, None),
        "filled today": (NOW - timedelta(hours=1), None),
        "shut": (LATELY, NOW + timedelta(hours=1)),
    }
    with database.transaction() as session:
        for scope, (resets_at, closed_until) in times.items():
            row = HttpQuota(source="s", scope=scope, resource="", seen_at=LATELY)
            row.resets_at, row.closed_until = resets_at, closed_until
            session.add(row)
    assert maintain(database) == 1
    with database.transaction() as session:
        assert set(session.scalars(select(HttpQuota.scope))) == {"filled today", "shut"}
