"""Which accounts may be one person's: found in bulk, proposed, never decided here.

An account is examined when it is new or has changed. Then all evidence about its person, and about
everyone who shares a name, a login or a mailbox with that person, is gathered anew: what speaks for
it now is proposed, and proposals that nothing speaks for any more are withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.identity.models import Decision
from services.identity.people import give_people, people_of, refresh_names, take_turns
from services.upsert import Written

PROPOSER = "cppa_user_tracker"


@dataclass(frozen=True, slots=True)
class Rules:
    """From how many people on a name, or a mailbox, tells nothing about who has it."""

    rare_name_people: int
    shared_mailbox_people: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it: accounts examined, and rows written by table."""

    accounts: int
    tables: dict[str, Written]


_TAKE = text(
    """
    with taken as (
        select id from identity_profile where examined_at is null order by id limit :most
        for no key update skip locked
    )
    update identity_profile p set examined_at = :now from taken where p.id = taken.id
    returning p.id, p.account_type
    """
)
# What of an account is compared: names, GitHub logins, mailboxes; of the accounts `l`. Everything is
# looked up by index, one by one (`offset 0` keeps the planner from making a scan of it): a first run
# finds tables of which the planner knows nothing.
_KEYS = """
    lateral (
        select n.kind, n.match_key from identity_profile_name n
        where n.profile_id = l.profile_id and n.match_key is not null
            and (n.kind = 'name' or exists (
                select from identity_profile p where p.id = l.profile_id and p.platform = 'github'
            ))
        union all
        select 'mailbox', e.mailbox from identity_profile_email pe
        cross join lateral (
            select mailbox from identity_email where id = pe.email_id offset 0
        ) e
        where pe.profile_id = l.profile_id and e.mailbox is not null
    ) k
"""
# The accounts of `ours`.
_OWN = """
    lateral (
        select profile_id from identity_link where person_id = ours.person_id offset 0
    ) l
"""
# Who has the `keys`.
_HOLDERS = """
    lateral (
        select n.profile_id from identity_profile_name n
        where keys.kind in ('name', 'login') and n.kind = keys.kind and n.match_key = keys.match_key
        union all
        select pe.profile_id from identity_email e
        cross join lateral (
            select profile_id from identity_profile_email where email_id = e.id offset 0
        ) pe
        where keys.kind = 'mailbox' and e.mailbox = keys.match_key
    ) h
    cross join lateral (
        select l.profile_id, l.person_id from identity_link l
        where l.profile_id = h.profile_id and (keys.kind <> 'login' or exists (
            select from identity_profile p where p.id = l.profile_id and p.platform = 'github'
        ))
        offset 0
    ) o
"""
_STAGES = (
    "create temp table if not exists identity_scope (person_id bigint) on commit delete rows",
    """
    create temp table if not exists identity_holding
        (kind text, match_key text, profile_id bigint, person_id bigint) on commit delete rows
    """,
    """
    create temp table if not exists identity_wanted (
        profile_id bigint, other_id bigint, source text, confidence double precision, evidence text
    ) on commit delete rows
    """,
    "delete from identity_scope",
    "delete from identity_holding",
    "delete from identity_wanted",
)
# The people of these accounts, and everyone who shares something with one of them.
_SCOPE = f"""
    insert into identity_scope
    with ours as (
        select distinct person_id from identity_link where profile_id = any(:profiles)
    ), keys as (
        select distinct k.kind, k.match_key from ours cross join {_OWN} cross join {_KEYS}
    )
    select person_id from ours
    union
    select o.person_id from keys cross join {_HOLDERS}
"""
# Who holds what anyone in there has.
_HOLDINGS = f"""
    insert into identity_holding
    with keys as (
        select distinct k.kind, k.match_key
        from identity_scope ours cross join {_OWN} cross join {_KEYS}
    )
    select distinct keys.kind, keys.match_key, o.profile_id, o.person_id
    from keys cross join {_HOLDERS}
"""
# The best evidence for each two people that nobody has said to be two. Two accounts of one
# platform that keeps one account a person (GitHub) are the less likely to be one person's.
_WANTED = """
    insert into identity_wanted
    with held as (
        select kind, match_key, count(distinct person_id) as people from identity_holding
        group by kind, match_key
    ), logins as (
        select h.match_key from identity_holding h join identity_profile p on p.id = h.profile_id
        where h.kind = 'login' and p.external_id not like 'login:%'
        group by h.match_key having count(*) = 1
    ), pairs as (
        select a.kind, a.match_key, held.people, a.profile_id, b.profile_id as other_id,
            least(a.person_id, b.person_id) as low, greatest(a.person_id, b.person_id) as high,
            p.platform = 'github' and q.platform = 'github' as is_unlikely,
            p.external_id like 'login:%' <> (q.external_id like 'login:%') as is_by_login
        from identity_holding a
        join identity_holding b on (a.kind, a.match_key) = (b.kind, b.match_key)
            and a.profile_id < b.profile_id and a.person_id <> b.person_id
        join held on (held.kind, held.match_key) = (a.kind, a.match_key)
        join identity_profile p on p.id = a.profile_id
        join identity_profile q on q.id = b.profile_id
    ), evidence as (
        select profile_id, other_id, low, high, 'shared_email' as source, 0.9 as confidence,
            'both use the mailbox ' || match_key as evidence
        from pairs where kind = 'mailbox' and people <= :shared_mailbox_people
        union all
        select profile_id, other_id, low, high, 'noreply_login', 0.95,
            'a noreply address holds the login ' || match_key || ', which one account only has had'
        from pairs where kind = 'login' and is_by_login
            and match_key in (select match_key from logins)
        union all
        select profile_id, other_id, low, high, 'rare_exact_name',
            case when people = 2 then 0.6 else 0.4 end * case when is_unlikely then 0.5 else 1 end,
            'both are called ' || match_key || ', as are ' || people || ' people in all'
        from pairs where kind = 'name' and people <= :rare_name_people
    ), together as (
        select profile_id, other_id, low, high,
            (array_agg(source order by confidence desc, source))[1] as source,
            max(confidence) as confidence,
            string_agg(distinct evidence, '; ' order by evidence) as evidence
        from evidence group by profile_id, other_id, low, high
    ), apart as (
        select least(a.person_id, b.person_id) as low, greatest(a.person_id, b.person_id) as high
        from identity_match m
        join identity_link a on a.profile_id = m.profile_id
        join identity_link b on b.profile_id = m.other_id
        where m.status = 'rejected'
    )
    select distinct on (low, high) profile_id, other_id, source, confidence, evidence
    from together t
    where not exists (select from apart where (apart.low, apart.high) = (t.low, t.high))
    order by low, high, confidence desc, profile_id, other_id
"""
_PROPOSE = text(
    """
    with done as (
        insert into identity_match as m
            (profile_id, other_id, source, confidence, evidence, status)
        select profile_id, other_id, source, confidence, evidence, 'proposed'
        from identity_wanted order by profile_id, other_id
        on conflict (profile_id, other_id) do update set
            source = excluded.source, confidence = excluded.confidence,
            evidence = excluded.evidence
        where m.status = 'proposed' and (m.source, m.confidence, m.evidence)
            is distinct from (excluded.source, excluded.confidence, excluded.evidence)
        returning xmax = 0 as is_new
    )
    select count(*) filter (where is_new), count(*) filter (where not is_new) from done
    """
)
_WITHDRAW = text(
    """
    delete from identity_match m where m.status = 'proposed'
        and (
            m.profile_id in (
                select profile_id from identity_link
                join identity_scope using (person_id)
            ) or m.other_id in (
                select profile_id from identity_link
                join identity_scope using (person_id)
            )
        )
        and not exists (
            select from identity_wanted w
            where (w.profile_id, w.other_id) = (m.profile_id, m.other_id)
        )
    returning m.id
    """
)
_RELEASE = text(
    """
    delete from identity_link l using identity_profile p
    where l.profile_id = any(:profiles) and p.id = l.profile_id
    returning p.id, l.person_id, l.source, l.confidence, p.platform, p.external_id, p.account_type
    """
)
_FORGET = text(
    """
    delete from identity_match
    where status = 'proposed' and (profile_id = any(:profiles) or other_id = any(:profiles))
    returning id
    """
)


def examine_again(session: Session) -> int:
    """Have every account examined again, e.g. by other rules; how many it were."""
    again = (
        "update identity_profile set examined_at = null where examined_at is not null returning id"
    )
    return len(session.execute(text(again)).all())


def examine(session: Session, rules: Rules, *, now: datetime, most: int) -> Examined:
    """Examine at most so many accounts that have changed; those that somebody writes to stay.

    Who they belong to is decided by people (`services.identity.decisions`), with one exception: an
    account that turns out to be an organisation's or a bot's is nobody's any more.
    """
    take_turns(session)
    taken = session.execute(_TAKE, {"most": most, "now": now}).tuples().all()
    users = [number for number, kind in taken if kind == "user"]
    others = [number for number, kind in taken if kind != "user"]
    released, forgotten = _release(session, others)
    made = give_people(session, users)
    proposed, changed, withdrawn = _propose(session, users, rules)
    renamed = refresh_names(session, set(people_of(session, users).values()))
    tables = {
        "identity_person": Written(inserted=made, updated=renamed),
        "identity_link": Written(inserted=made, updated=released),
        "identity_match": Written(inserted=proposed, updated=changed + withdrawn + forgotten),
    }
    return Examined(len(taken), tables)


def _propose(session: Session, users: Sequence[int], rules: Rules) -> tuple[int, int, int]:
    """How many pairs are new, how many have other evidence, how many are withdrawn."""
    for statement in _STAGES:
        session.execute(text(statement))
    session.execute(text(_SCOPE), {"profiles": users})
    session.execute(text("analyze identity_scope"))
    session.execute(text(_HOLDINGS))
    session.execute(text("analyze identity_holding"))
    limits = {
        "rare_name_people": rules.rare_name_people,
        "shared_mailbox_people": rules.shared_mailbox_people,
    }
    session.execute(text(_WANTED), limits)
    session.execute(text("analyze identity_wanted"))
    proposed, changed = session.execute(_PROPOSE).tuples().one()
    return proposed, changed, len(session.execute(_WITHDRAW).all())


def _release(session: Session, others: Sequence[int]) -> tuple[int, int]:
    """Take organisations and bots out of people's accounts; how many, and how many proposals went."""
    released = session.execute(_RELEASE, {"profiles": others}).all()
    for profile, person, source, confidence, platform, external_id, kind in released:
        links = {str(profile): [person, source, confidence]}
        session.add(
            Decision(
                action="release",
                subject=f"{platform}:{external_id} is no person: {kind}",
                decided_by=PROPOSER,
                reason="",
                before={"links": links, "matches": {}},
                after={"links": {}, "matches": {}},
            )
        )
    session.flush()
    return len(released), len(session.execute(_FORGET, {"profiles": others}).all())
