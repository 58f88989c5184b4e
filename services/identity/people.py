"""What examining accounts and deciding about them have in common: people, their names, one lock."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

# "bdcident" as a number: any constant will do, as long as it never changes.
_LOCK = 0x6264636964656E74
# Which account's name is a person's where several have a full one.
PLATFORM_RANK = "array_position(array['github', 'wg21', 'slack', 'git'], p.platform)"

_GIVE = text(
    f"""
    with needy as materialized (
        select profile_id, display_name,
            nextval(pg_get_serial_sequence('identity_person', 'id')) as person_id
        from (
            select p.id as profile_id, p.display_name from identity_profile p
            where p.id = any(:profiles) and p.account_type = 'user'
                and not exists (select from identity_link l where l.profile_id = p.id)
            order by {PLATFORM_RANK}, p.id
        ) in_order
    ), people as (
        insert into identity_person (id, display_name) overriding system value
        select person_id, display_name from needy
    )
    insert into identity_link (profile_id, person_id, source, confidence)
    select profile_id, person_id, 'account', 1 from needy
    returning profile_id
    """
)
_RENAME = text(
    f"""
    with best as (
        select distinct on (l.person_id) l.person_id, p.display_name
        from identity_link l join identity_profile p on p.id = l.profile_id
        where l.person_id = any(:people)
        order by l.person_id, p.named_at is null, p.display_name not like '% %', {PLATFORM_RANK},
            p.named_at desc, p.id
    )
    update identity_person i set display_name = best.display_name
    from best where i.id = best.person_id and i.display_name <> best.display_name
    returning i.id
    """
)
# In the order in which sightings are stored.
_EXAMINE = text(
    """
    with chosen as (
        select id from identity_profile where id = any(:profiles)
        order by platform, external_id for no key update
    )
    update identity_profile p set examined_at = null from chosen where p.id = chosen.id
    """
)


def take_turns(session: Session) -> None:
    """Wait for whoever else decides about people; until the transaction ends nobody else does."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def give_people(session: Session, profiles: Collection[int]) -> int:
    """A person for each user's account that has none yet; how many it were."""
    return len(session.execute(_GIVE, {"profiles": list(profiles)}).all())


def refresh_names(session: Session, people: Collection[int]) -> int:
    """Bring people's names to the fullest of their accounts' names; how many have changed."""
    return len(session.execute(_RENAME, {"people": list(people)}).all())


def people_of(session: Session, profiles: Collection[int]) -> dict[int, int]:
    """The person of each account; those of nobody are absent."""
    query = text(
        "select profile_id, person_id from identity_link where profile_id = any(:profiles)"
    )
    return dict(session.execute(query, {"profiles": list(profiles)}).tuples().all())


def examine_soon(session: Session, profiles: Collection[int]) -> None:
    """Have accounts compared with all others again: whose they are has changed."""
    session.execute(_EXAMINE, {"profiles": list(profiles)})
