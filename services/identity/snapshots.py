"""What is known of some accounts at a moment, so that a decision can be taken back exactly."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.errors import ConfigError
from services.identity.models import Decision, Link, Match

State = Mapping[str, Mapping[str, Any]]


def accounts_of(session: Session, people: Iterable[int]) -> set[int]:
    """The accounts of these people."""
    return set(session.scalars(select(Link.profile_id).where(Link.person_id.in_(set(people)))))


def matches_within(session: Session, profiles: Collection[int]) -> Sequence[Match]:
    """The matches whose accounts are both among these."""
    both = (Match.profile_id.in_(profiles), Match.other_id.in_(profiles))
    return session.scalars(select(Match).where(*both).order_by(Match.id)).all()


def snapshot(session: Session, profiles: Collection[int]) -> dict[str, dict[str, Any]]:
    """Links of these accounts and matches among them, as JSON."""
    links = session.scalars(
        select(Link)
        .where(Link.profile_id.in_(profiles))
        .order_by(Link.profile_id)
        .execution_options(populate_existing=True)
    )
    return {
        "links": {str(i.profile_id): [i.person_id, i.source, i.confidence] for i in links},
        "matches": {
            f"{m.profile_id}-{m.other_id}": [m.status, m.source, m.confidence, m.evidence]
            for m in matches_within(session, profiles)
        },
    }


def require_untouched(session: Session, decision: Decision) -> None:
    """That what a decision left is still so; proposals come and go without touching it.

    Raises:
        ConfigError: it was taken back, or something later has changed the same accounts.
    """
    undone = session.scalar(select(Decision.id).where(Decision.undoes_id == decision.id))
    if undone:
        raise ConfigError(f"decision {decision.id} was taken back already, by decision {undone}")
    concerned = {int(profile) for profile in decision.after["links"]}
    now = snapshot(session, concerned)
    people = {person for person, *_ in decision.after["links"].values()}
    have_joined = accounts_of(session, people) - concerned
    is_same = now["links"] == decision.after["links"] and _decided(now) == _decided(decision.after)
    if have_joined or not is_same:
        later = ", ".join(map(str, _later(session, decision)))
        raise ConfigError(
            f"decision {decision.id} is not the last about these accounts: first take back"
            f" what came later ({later})"
        )


def put_back(session: Session, before: State, after: State) -> None:
    """Bring links and matches from what a decision left to what it found."""
    for profile, values in before["links"].items():
        link = session.get_one(Link, int(profile))
        link.person_id, link.source, link.confidence = values
    changed = {
        pair for pair, left in after["matches"].items() if before["matches"].get(pair) != left
    }
    for match in matches_within(session, {int(profile) for profile in after["links"]}):
        pair = f"{match.profile_id}-{match.other_id}"
        if pair in changed:
            _put_back(session, match, before["matches"].get(pair))
    session.flush()


def _put_back(session: Session, match: Match, values: Sequence[Any] | None) -> None:
    """None: the decision made it."""
    if values is None:
        session.delete(match)
        return
    match.status, match.source, match.confidence, match.evidence = values
    match.decided_at = None if match.status == "proposed" else match.decided_at


def _decided(state: State) -> dict[str, str]:
    return {pair: status for pair, (status, *_) in state["matches"].items() if status != "proposed"}


def _later(session: Session, decision: Decision) -> Iterator[int]:
    """Decisions after this one about any of its accounts, which still stand."""
    query = text(
        """
        select d.id from identity_decision d
        where d.id > :number and d.before->'links' ?| cast(:profiles as text[])
            and not exists (select from identity_decision u where u.undoes_id = d.id)
            and d.undoes_id is null
        order by d.id desc
        """
    )
    profiles = sorted(decision.after["links"])
    yield from session.scalars(query, {"number": decision.id, "profiles": profiles})
