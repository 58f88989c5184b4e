"""How sightings become accounts, names and addresses: a handful of statements a call."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import psycopg
from sqlalchemy.orm import Session

from services.database import driver_connection

Cursor = psycopg.Cursor[tuple[Any, ...]]


class Sighting(NamedTuple):
    """An account as it was seen once, with what is compared; `named_at` is None without a name."""

    platform: str
    external_id: str
    username: str | None
    display_name: str
    account_type: str
    observed_at: datetime
    named_at: datetime | None
    name_key: str | None
    login_key: str | None
    address: str | None
    mailbox: str | None


# The sightings as a parameter: a stage would take three statements more.
_SEEN = """jsonb_to_recordset(%s::jsonb) as s(
    platform text, external_id text, username text, display_name text, account_type text,
    observed_at timestamptz, named_at timestamptz, name_key text, login_key text,
    address text, mailbox text, profile_id bigint)"""

# Within the batch and against what is stored; ties go to the greater text.
NEWEST = f"""
    select platform, external_id,
        (array_agg(username order by observed_at desc, username desc)
            filter (where username is not null))[1] as username,
        (array_agg(display_name
            order by named_at desc nulls last, observed_at desc, display_name desc))[1]
            as display_name,
        (array_agg(account_type order by array_position(array['organization', 'bot'], account_type),
            account_type = 'user', account_type))[1] as account_type,
        max(observed_at) as observed_at, max(named_at) as named_at
    from {_SEEN} group by platform, external_id
"""
TYPE = """case when excluded.account_type = 'organization' or t.account_type = 'user'
    then excluded.account_type else t.account_type end"""
RULES = {
    "username": """case
        when t.username is null then excluded.username
        when excluded.username is null
            or (t.observed_at, t.username) > (excluded.observed_at, excluded.username)
            then t.username
        else excluded.username end""",
    "display_name": """case
        when t.named_at is null and excluded.named_at is not null then excluded.display_name
        when excluded.named_at is null and t.named_at is not null then t.display_name
        when (coalesce(t.named_at, t.observed_at), t.display_name)
            > (coalesce(excluded.named_at, excluded.observed_at), excluded.display_name)
            then t.display_name
        else excluded.display_name end""",
    "account_type": TYPE,
    "observed_at": "greatest(t.observed_at, excluded.observed_at)",
    "named_at": "greatest(t.named_at, excluded.named_at)",
    "examined_at": f"case when t.account_type = {TYPE} then t.examined_at end",
}
# In the order of the key, so that two writers never deadlock.
PROFILES = f"""
    insert into identity_profile as t
        (platform, external_id, username, display_name, account_type, observed_at, named_at)
    select platform, external_id, username, display_name, account_type, observed_at, named_at
    from ({NEWEST}) newest order by platform, external_id
    on conflict (platform, external_id) do update set
        {", ".join(f"{column} = {rule}" for column, rule in RULES.items())}
    where ({", ".join(f"t.{column}" for column in RULES)})
        is distinct from ({", ".join(RULES.values())})
"""
# One by one through the index, whatever the planner believes of the table: on a first backfill it
# knows nothing of it.
OWN_IDS = """
    select k.platform, k.external_id, f.id
    from unnest(%b::text[], %b::text[]) as k(platform, external_id) cross join lateral (
        select id from identity_profile p
        where p.platform = k.platform and p.external_id = k.external_id limit 1
    ) as f
"""
NAMES = f"""
    with sighting as materialized (select * from {_SEEN}), seen as (
        select profile_id, 'name' as kind, display_name as value, name_key as match_key, named_at as at
        from sighting where named_at is not null
        union all
        select profile_id, 'login', username, login_key, observed_at
        from sighting where username is not null
    ), done as (
        insert into identity_profile_name as t (profile_id, kind, value, match_key, last_seen_at)
        select profile_id, kind, value, max(match_key), max(at)
        from seen group by profile_id, kind, value order by profile_id, kind, value
        on conflict (profile_id, kind, value) do update set
            last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
            match_key = excluded.match_key
        where excluded.last_seen_at > t.last_seen_at
            or excluded.match_key is distinct from t.match_key
        returning profile_id, xmax = 0 as is_new
    )
    update identity_profile p set examined_at = null
    from done where done.is_new and p.id = done.profile_id and p.examined_at is not null
"""
EMAILS = f"""
    insert into identity_email (address, mailbox)
    select distinct address, mailbox from {_SEEN} where address is not null
    order by address
    on conflict (address) do nothing
"""
PROFILE_EMAILS = f"""
    with done as (
        insert into identity_profile_email as t (profile_id, email_id, last_seen_at)
        select profile_id, e.id, max(observed_at) from {_SEEN} cross join lateral (
            select id from identity_email where address = s.address limit 1
        ) as e
        group by profile_id, e.id order by profile_id, e.id
        on conflict (profile_id, email_id) do update set last_seen_at = excluded.last_seen_at
        where excluded.last_seen_at > coalesce(t.last_seen_at, '-infinity')
        returning profile_id, xmax = 0 as is_new
    )
    update identity_profile p set examined_at = null
    from done where done.is_new and p.id = done.profile_id and p.examined_at is not null
"""


def store_sightings(
    session: Session, sightings: Collection[Sighting]
) -> dict[tuple[str, str], int]:
    """Store them in the session's transaction; the id of each account by platform and external id."""
    if not sightings:
        return {}
    cursor = driver_connection(session).cursor()
    cursor.execute(PROFILES, [_json(sightings, {})])
    ids = _own_ids(cursor, {(one.platform, one.external_id) for one in sightings})
    seen = _json(sightings, ids)
    cursor.execute(NAMES, [seen])
    if any(sighting.address for sighting in sightings):
        cursor.execute(EMAILS, [seen])
        cursor.execute(PROFILE_EMAILS, [seen])
    return ids


def _own_ids(cursor: Cursor, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    arrays = [list(column) for column in zip(*keys, strict=True)]
    return {(p, e): number for p, e, number in cursor.execute(OWN_IDS, arrays).fetchall()}


def _json(sightings: Collection[Sighting], ids: Mapping[tuple[str, str], int]) -> str:
    """For `jsonb_to_recordset`: with the accounts' ids, as far as they are known."""
    rows = [
        {**one._asdict(), "profile_id": ids.get((one.platform, one.external_id))}
        for one in sightings
    ]
    return orjson.dumps(rows).decode()
