"""What Slack answers goes into the raw archive, and what is not to be kept does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.archive.place import ArchivePlace
from services.archive.reading import Payloads
from services.archive.recorder import Recorder
from services.archive.services import find_segments
from services.http.observing import Exchange, observed
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import TEAM, TOKEN, SlackTeamSite

FILE = {"id": "F1", "name": "a.txt", "url_private": "https://files.slack.com/x", "created": 1}


@pytest.fixture
def place(tmp_path: Path) -> ArchivePlace:
    return ArchivePlace(str(tmp_path / "archive"))


def archived(collecting: CollectingSlack, place: ArchivePlace) -> list[Exchange]:
    """What a run leaves in the archive."""
    run = collecting.run()
    recorder = Recorder(place, "cppa_slack_tracker", TEAM, run.id or 0, datetime.now(UTC))
    run.archive = recorder
    with observed(recorder.observe):
        collecting.collector().collect(run)
    with run.transaction():
        """The rest."""
    with collecting.database.transaction() as session:
        segments = find_segments(session, "cppa_slack_tracker")
        return list(Payloads(place, segments))


def bytes_of(found: list[Exchange]) -> str:
    """All that is in it."""
    return "".join(f"{one!r} {one.response.body!r}" for one in found)


def test_every_answer_that_was_read_is_kept_and_told_from_all_others(
    site: SlackTeamSite, collecting: CollectingSlack, place: ArchivePlace
) -> None:
    site.most = 2
    for number in range(5):
        site.post("C1", f"message \udc3d {number}", at=f"170000000{number}.000100")
    found = archived(collecting, place)
    assert len(found) == site.calls
    assert len({one.page for one in found}) == len(found)
    history = [one for one in found if one.url.endswith("/conversations.history")]
    texts = [message["text"] for one in history for message in one.response.json()["messages"]]
    assert texts == [f"message \udc3d {number}" for number in (4, 3, 2, 1, 0)]
    assert history[1].asked == "channel=C1&cursor=next%3A1700000003.000100&limit=999"


def test_no_token_is_archived_and_what_is_not_to_be_kept_is_left_out(
    site: SlackTeamSite, collecting: CollectingSlack, place: ArchivePlace
) -> None:
    site.post("C1", "write to a@example.org", files=[FILE, "odd"])
    kept = bytes_of(archived(collecting, place))
    assert (TOKEN in kept, "a@example.org" in kept, "url_private" in kept) == (False, True, True)
    collecting.settings |= {"redact_emails": True, "redact_file_urls": True}
    with collecting.database.transaction() as session:
        before = len(list(Payloads(place, find_segments(session))))
    kept = bytes_of(archived(collecting, place)[before:])
    assert "write to (e-mail)" in kept
    assert ("@example.org" in kept, "url_private" in kept) == (False, False)
