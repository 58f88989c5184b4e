"""What we say in answer to people: messages of the outbox, each under a key that makes it one."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from collectors.cppa_slack_tracker.parsing.requests import Huddle, PullRequest, Request
from services.outbox.services import FollowUp, Message

COMMENTS = "slack_pull_request_comments"
ANSWERS = "slack_answers"
NOTES = "slack_huddle_notes"
SEEN, DONE = "eyes", "white_check_mark"


def comment(team: str, request: Request, pull: PullRequest) -> FollowUp:
    """A comment at a pull request, once for each message that names it."""
    facts = {**_place(team, request), "owner": pull.owner, "name": pull.name}
    key = f"{_key(team, request)}:{pull.key}"
    return FollowUp(COMMENTS, Message(key, {**facts, "number": pull.number, "key": key}))


def seen(team: str, request: Request) -> FollowUp:
    """That the message was read, as an emoji: the comment may take a while."""
    return _answer(f"{_key(team, request)}:seen", _place(team, request), "", SEEN)


def not_allowed(team: str, request: Request, pull: PullRequest) -> FollowUp:
    """That there is no comment, since nobody has allowed the repository."""
    key = f"{_key(team, request)}:{pull.key}:not allowed"
    text = f"{link(pull)} gets no comment: {pull.repository} is not on the list of repositories."
    return _answer(key, _place(team, request), text, "")


def commented(payload: Mapping[str, Any]) -> FollowUp:
    """That a comment is written."""
    return _told(payload, f"Commented on {link(pull_of(payload))}.", DONE)


def not_commented(payload: Mapping[str, Any], reason: str) -> FollowUp:
    """Why there is no comment, and will be none."""
    return _told(payload, f"{link(pull_of(payload))} gets no comment: {reason}.", "")


def notes(team: str, huddle: Huddle, channel_name: str) -> FollowUp:
    """The notes of a huddle, kept once for each canvas."""
    key = f"{team}:{huddle.channel}:{huddle.file_id}"
    facts = {"team": team, "channel": huddle.channel, "channel_name": channel_name}
    return FollowUp(NOTES, Message(key, {**facts, "ts": huddle.ts, "file_id": huddle.file_id}))


def pull_of(payload: Mapping[str, Any]) -> PullRequest:
    """The pull request that a comment is for."""
    return PullRequest(payload["owner"], payload["name"], payload["number"])


def marker(key: str) -> str:
    """What shows, in a comment, that it is the one of this key; it tells nothing of Slack."""
    digest = blake2b(key.encode(), digest_size=16).hexdigest()
    return f"<!-- boost-data-collector {digest} -->"


def link(pull: PullRequest) -> str:
    """As Slack shows it: a name that leads there."""
    address = f"https://github.com/{pull.repository}/pull/{pull.number}"
    return f"<{address}|{pull.repository}#{pull.number}>"


def _told(payload: Mapping[str, Any], text: str, reaction: str) -> FollowUp:
    place = {name: payload[name] for name in ("team", "channel", "ts", "thread")}
    return _answer(f"{payload['key']}:told", place, text, reaction)


def _answer(key: str, place: Mapping[str, str], text: str, reaction: str) -> FollowUp:
    said = {**place, "key": key, "text": text, "reaction": reaction}
    return FollowUp(ANSWERS, Message(key, said))


def _place(team: str, request: Request) -> dict[str, str]:
    found = {"channel": request.channel, "ts": request.ts, "thread": request.thread}
    return {"team": team, **found}


def _key(team: str, request: Request) -> str:
    return f"{team}:{request.channel}:{request.ts}"
