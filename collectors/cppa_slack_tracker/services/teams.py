"""Teams, and the people in them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.records import Team, User
from services.identity.services import Person, store_people
from services.upsert import Written, bulk_upsert, stored_ids

PLATFORM = "slack"
Tables = dict[str, Written]
USER_COLUMNS = (
    "team_id",
    "user_id",
    "profile_id",
    "name",
    "display_name",
    "real_name",
    "title",
    "time_zone",
    "is_bot",
    "is_guest",
    "is_deleted",
    "updated_at",
)


def store_team(session: Session, team: Team) -> tuple[int, Tables]:
    """Bring the team to what Slack says; its number in our tables."""
    columns = ("team_id", "name", "url")
    row = (team.team_id, team.name, team.url)
    written = bulk_upsert(session, models.Team, columns, [row], key=("team_id",))
    ids = stored_ids(session, models.Team, ("team_id",), [(team.team_id,)])
    return ids[(team.team_id,)], {"team": written}


def store_users(
    session: Session, team: int, team_id: str, users: Sequence[User]
) -> tuple[dict[str, int], Tables]:
    """Bring users to what Slack says; their numbers in our tables, by Slack's ids.

    A person's profile is `team_id:user_id`: ids of users are unique within their team only.
    """
    profiles = store_people(session, [_person(team_id, user) for user in users])
    rows = (_row(team, user, profiles[_external(team_id, user)]) for user in users)
    key = ("team_id", "user_id")
    written = bulk_upsert(session, models.User, USER_COLUMNS, rows, key=key, newer=("updated_at",))
    ids = stored_ids(session, models.User, key, ((team, user.user_id) for user in users))
    return {str(user_id): number for (_, user_id), number in ids.items()}, {"user": written}


def known_users(session: Session, team: int) -> dict[str, int]:
    """Numbers of all users of a team, by Slack's ids."""
    columns = select(models.User.user_id, models.User.id)
    return dict(session.execute(columns.where(models.User.team_id == team)).tuples().all())


def names_of(session: Session, team: int, user_ids: Iterable[str]) -> Mapping[str, str]:
    """What people call these users, by Slack's ids."""
    user = models.User
    wanted = _names().where(user.team_id == team, user.user_id.in_(list(user_ids)))
    return dict(session.execute(wanted).tuples().all())


def all_names(session: Session, team_id: str) -> Mapping[str, str]:
    """What people call everybody of a team; it and they by Slack's ids."""
    user, team = models.User, models.Team
    wanted = _names().join(team, team.id == user.team_id).where(team.team_id == team_id)
    return dict(session.execute(wanted).tuples().all())


def _names() -> Select[tuple[str, str]]:
    """As Slack shows them: what they want to be called, else their full name, else the account's."""
    user = models.User
    shown, real = func.nullif(user.display_name, ""), func.nullif(user.real_name, "")
    return select(user.user_id, func.coalesce(shown, real, user.name))


def _person(team_id: str, user: User) -> Person:
    platform, external = _external(team_id, user)
    kind = "bot" if user.is_bot else "user"
    seen = user.updated_at
    return Person(platform, external, user.name, user.shown_name, kind, user.email, seen)


def _external(team_id: str, user: User) -> tuple[str, str]:
    return PLATFORM, f"{team_id}:{user.user_id}"


def _row(team: int, user: User, profile: int) -> tuple[object, ...]:
    return (
        team,
        user.user_id,
        profile,
        user.name,
        user.display_name,
        user.real_name,
        user.title,
        user.time_zone,
        user.is_bot,
        user.is_guest,
        user.is_deleted,
        max(user.updated_at, datetime.fromtimestamp(0, UTC)),
    )
