"""Notes of huddles: pages in a folder, of channels that are allowed, read with an app's own scopes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from collectors.cppa_slack_tracker.client.huddles import read_notes
from collectors.cppa_slack_tracker.parsing.events import Event
from collectors.cppa_slack_tracker.parsing.notes import markdown_of
from collectors.cppa_slack_tracker.parsing.requests import Huddle, read_huddle
from collectors.cppa_slack_tracker.services.events import store_event
from collectors.cppa_slack_tracker.settings import HuddleSettings
from conformance.driver import run_collector_once
from conformance.replay.messages import json_answer
from flows.outbox import build
from services.errors import ConfigError, RecordRejected, SourceUnavailable
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import TEAM, TOKEN, SlackTeamSite, serving, small_team

CANVAS = "F0123456789A"
TS = "1709985600.000100"
PLACE = f"slack_huddles/{TEAM}/C1/2024-03-09T120000_{CANVAS}.md"
DOWNLOAD = f"/files-pri/{TEAM}-{CANVAS}/download/canvas"
HTML = """<html><head><title>x</title><style>p {}</style></head><body><h1>Huddle notes</h1>
<p class="line">Attendees: @U1 and <a>@U2</a>,&nbsp;@U9999999</p><h2>Summary</h2>
<ul><li>agreed on <b>std::span</b><ul><li>soon</li></ul></li><li><p>next: boost::asio</p></li><li></li></ul>
<p></p><pre>a < b</pre><blockquote><p>line one<br>line two</p></blockquote>
<ul><li>last</li></ul></body></html>"""
MARKDOWN = """## Huddle notes

Attendees: @U1 and @U2, @U9999999

### Summary

- agreed on std::span
  - soon
- next: boost::asio

```
a < b
```

line one
line two

- last"""


def shown(label: Any = "View AI notes", **fields: Any) -> dict[str, Any]:
    """The message that shows notes."""
    link = {"type": "link", "url": f"https://acme.slack.com/docs/{TEAM}/{CANVAS}", "text": label}
    context = {"type": "summary", "summary": {"type": "huddle"}}
    blocks = [{"type": "rich_text", "elements": [{"elements": [link]}]}]
    usual = {"type": "message", "channel": "C1", "ts": TS, "bot_id": "B1", "text": ""}
    return {**usual, "ai_context": context, "blocks": blocks} | fields


def add_canvas(site: SlackTeamSite, page: str = HTML, **fields: Any) -> None:
    """The file, and what it holds."""
    file = {"id": CANVAS, "title": "Huddle of x@example.org", "created": 1709985600}
    file |= {"permalink": f"https://acme.slack.com/docs/{TEAM}/{CANVAS}"}
    file |= {"url_private_download": f"{site.server.url}{DOWNLOAD}"}
    site.files[CANVAS] = file | fields
    site.pages[DOWNLOAD] = page


def read(collecting: CollectingSlack, **payload: Any) -> str | None:
    facts = {"team": TEAM, "file_id": CANVAS, "ts": TS} | payload
    files_url = collecting.site.server.url
    notes = read_notes(collecting.slack_settings(), files_url, facts, collecting.around)
    return None if notes is None else notes.page("general", {"U1": "Ada", "U2": "Bo"})


def hear(collecting: CollectingSlack, event_id: str, payload: dict[str, Any]) -> None:
    with collecting.database.transaction() as session:
        store_event(session, Event(TEAM, event_id, "message", payload))


def waiting(collecting: CollectingSlack) -> list[tuple[Any, ...]]:
    return collecting.rows("select kind, key from outbox where status = 'waiting' order by id")


def test_the_canvas_is_found_in_links_and_buttons() -> None:
    assert read_huddle(shown()) == Huddle("C1", TS, CANVAS)
    button = {"type": "button", "text": {"type": "plain_text", "text": "View AI Notes "}}
    button |= {"url": f"https://acme.slack.com/files/U1/{CANVAS}?x=1"}
    assert read_huddle(shown(blocks=[{"elements": [button]}])) == Huddle("C1", TS, CANVAS)
    changed = {"subtype": "message_changed", "channel": "C1", "message": shown()}
    assert read_huddle(changed) == Huddle("C1", TS, CANVAS)


@pytest.mark.parametrize(
    "payload",
    [
        shown("View recording"),
        shown(7),
        shown(blocks=None),
        shown(blocks=[{"text": "View AI notes", "url": "https://acme.slack.com/docs/F012"}]),
        shown(ai_context={"type": "summary", "summary": {"type": "thread"}}),
        shown(ai_context={"type": "answer", "summary": {"type": "huddle"}}),
        shown(ai_context=None),
        shown(ts=None),
    ],
)
def test_what_shows_no_notes_is_passed_over(payload: dict[str, Any]) -> None:
    assert read_huddle(payload) is None


def test_a_canvas_becomes_markdown_and_code_stays() -> None:
    assert markdown_of(HTML) == MARKDOWN
    assert markdown_of(" ") == ""


def test_notes_of_allowed_channels_are_noted_once(collecting: CollectingSlack) -> None:
    collecting.collect()
    collecting.huddles = HuddleSettings.model_construct(channels="general", directory=Path("x"))
    for number in range(2):
        hear(collecting, f"Ev{number}", shown())
    hear(collecting, "Ev3", shown(channel="C9"))
    hear(collecting, "Ev4", shown("View recording"))
    collecting.collect(events_only=True)
    assert waiting(collecting) == [("slack_huddle_notes", f"{TEAM}:C1:{CANVAS}")]


def test_without_a_list_of_channels_no_notes_are_kept(collecting: CollectingSlack) -> None:
    collecting.collect()
    hear(collecting, "Ev1", shown())
    collecting.collect(events_only=True)
    assert waiting(collecting) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"channels": "general"}, "one of them is to be set"),
        ({"channels": "general", "directory": Path("x"), "repository": "a/b"}, "one of them"),
        ({"directory": Path("x")}, "HUDDLE_CHANNELS is not set"),
    ],
)
def test_half_a_setup_is_told(given: dict[str, Any], problem: str) -> None:
    (told,) = HuddleSettings.model_construct(**given).problems()
    assert problem in told


def test_notes_are_read_with_the_token_of_their_own_team(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings["tokens"] = SecretStr(f"T0002=xoxb-other,{TEAM}={TOKEN}")
    add_canvas(site)
    page = read(collecting) or ""
    assert page.startswith(
        "# Huddle of x@example.org\n\n- Channel: #general\n- Written: 2024-03-09 12:00"
    )
    assert "Attendees: Ada and Bo, @U9999999" in page
    assert set(site.server.traffic.tokens) == {TOKEN}
    with pytest.raises(ConfigError, match="no token for T0003"):
        read(collecting, team="T0003")


def test_notes_wait_until_they_are_written(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """For half a minute from the message on; after that it is for the outbox to try again."""
    add_canvas(site, page="<html><body></body></html>")
    collecting.now = datetime.fromtimestamp(float(TS), UTC) + timedelta(seconds=10)
    with pytest.raises(SourceUnavailable, match="not written yet"):
        read(collecting)
    assert collecting.slept == pytest.approx(20, abs=0.01)


def test_what_is_not_to_be_kept_is_left_out(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings |= {"redact_emails": True, "redact_file_urls": True}
    add_canvas(site, page="<p>write to a@example.org</p>", created=None, title=None)
    assert read(collecting) == "# Huddle notes\n\n- Channel: #general\n\nwrite to (e-mail)\n"


def test_notes_that_are_gone_are_given_up(collecting: CollectingSlack) -> None:
    assert read(collecting) is None


def test_a_refusal_of_another_kind_is_an_error(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    refusal = json_answer({"ok": False, "error": "something_new"})
    site.server.script.always("/api/files.info", lambda _, __: refusal)
    with pytest.raises(Exception, match="something_new"):
        read(collecting)


def test_the_token_goes_nowhere_but_to_slack(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    with serving(small_team()) as other:
        add_canvas(site, url_private_download=f"{other.server.url}{DOWNLOAD}")
        with pytest.raises(RecordRejected):
            read(collecting)
        assert other.server.traffic.requests == []


def test_a_page_is_written_by_the_outbox_and_written_again_it_is_the_same(
    site: SlackTeamSite,
    collecting: CollectingSlack,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the flow, one huddle of two whose notes are gone; one of the people goes by the full name."""
    site.user("U2", profile={"display_name": ""})
    collecting.collect()
    collecting.huddles = HuddleSettings.model_construct(channels="C1", directory=tmp_path)
    add_canvas(site)
    hear(collecting, "Ev1", shown())
    gone = [{"text": "View AI notes", "url": f"https://acme.slack.com/docs/{CANVAS}GONE"}]
    hear(collecting, "Ev2", shown(blocks=gone))
    collecting.collect(events_only=True)
    named = {"BASE_URL": site.base_url, "TOKENS": TOKEN, "HUDDLE_CHANNELS": "C1"}
    named |= {"HUDDLE_DIRECTORY": str(tmp_path / "notes"), "HUDDLE_FILES_URL": site.server.url}
    for name, value in named.items():
        monkeypatch.setenv(f"CPPA_SLACK_TRACKER_{name}", value)
    monkeypatch.setenv("DATABASE_URL", database_url)
    outcome = run_collector_once(build, {})
    assert outcome.status == "completed", outcome
    page = (tmp_path / "notes" / PLACE).read_text()
    assert "Attendees: u1 and Real U2, @U9999999" in page
    assert waiting(collecting) == []
    assert [path.name for path in (tmp_path / "notes").rglob("*.md")] == [Path(PLACE).name]
