"""Notes of huddles, as an app may read them: a canvas is a file, and the scope is files:read."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.cppa_slack_tracker.client.calls import Caller
from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.parsing.fields import (
    Item,
    part_of,
    required_text,
    text_of,
    time_of,
)
from collectors.cppa_slack_tracker.parsing.notes import Notes, markdown_of
from collectors.cppa_slack_tracker.parsing.privacy import Privacy
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.errors import SourceUnavailable
from services.http.client import HttpClient
from services.http.settings import HttpSettings, Surroundings, bearer

logger = logging.getLogger(__name__)
# Slack shows the link before the notes are written.
SETTLING = timedelta(seconds=30)
_GONE = frozenset({"file_deleted", "file_not_found"})


def read_notes(
    settings: SlackSettings, files_url: str, payload: Mapping[str, Any], around: Surroundings
) -> Notes | None:
    """The notes that a message showed; None of those that were deleted since.

    The token goes to the API and to `files_url`, nowhere else, whatever a file's record says. The
    transcript beside the notes is not to be had by an app, only by somebody's session.

    https://docs.slack.dev/reference/methods/files.info, https://docs.slack.dev/surfaces/canvases

    Raises:
        ConfigError: there is no token for the team, or `files_url` is no address.
        SourceUnavailable: nothing is written yet; or as `Caller.read`.
        RecordRejected: the file lies elsewhere, or is not what Slack promises.
    """
    token = settings.require_token(payload["team"])
    _let_settle(payload, around)
    try:
        answer = Caller(settings, token, around).read("files.info", file=payload["file_id"])
    except Refused as error:
        if error.code not in _GONE:
            raise
        logger.warning("the notes %s are gone: %s", payload["file_id"], error)
        return None
    file = part_of(answer, "file")
    http = HttpSettings(base_url=files_url, read_seconds=settings.read_seconds)
    with HttpClient(http, auth=bearer(token), around=around) as client:
        page = client.get(required_text(file, "url_private_download")).text()
    return _notes(settings, file, page)


def _notes(settings: SlackSettings, file: Item, page: str) -> Notes:
    text = markdown_of(page)
    if not text:
        raise SourceUnavailable(f"the notes {file.get('id')} are not written yet")
    privacy = Privacy(settings.redact_emails, settings.redact_file_urls)
    shown = privacy.clean_file(dict(file))
    return Notes(
        file_id=required_text(file, "id"),
        title=privacy.clean(text_of(file, "title") or ""),
        permalink=text_of(shown, "permalink") or "",
        created_at=time_of(file, "created"),
        text=privacy.clean(text),
    )


def _let_settle(payload: Mapping[str, Any], around: Surroundings) -> None:
    shown_at = datetime.fromtimestamp(float(payload["ts"]), UTC)
    left = (shown_at + SETTLING - around.now()).total_seconds()
    if left > 0:
        around.sleep(min(left, SETTLING.total_seconds()))
