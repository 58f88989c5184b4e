"""Whose profile belongs to whom that a batch of records shows."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from collectors.github_activity_tracker.parsing.payloads import User
from services.identity.services import Person, store_people

Profiles = dict[int, int]  # GitHub's number of the account → profile


def store_users(session: Session, seen: Iterable[tuple[User | None, datetime]]) -> Profiles:
    """Everyone's profile, by the number of the account; the latest sighting of each is kept."""
    latest: dict[int, Person] = {}
    for user, at in seen:
        if user is None:
            continue
        before = latest.get(user.id)
        if before is None or (before.observed_at, before.display_name) < (at, user.login):
            latest[user.id] = user.seen(at)
    ids = store_people(session, latest.values())
    return {number: ids[person.key] for number, person in latest.items()}


def profile_of(profiles: Profiles, user: User | None) -> int | None:
    """None for a deleted account."""
    return profiles[user.id] if user else None
