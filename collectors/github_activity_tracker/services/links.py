"""Which belongs to which: the links of some owners, brought to what they are now."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import IssueAssignee, IssueLabel
from services.database import driver_connection
from services.upsert import Written, bigints

# One statement, where a look-up, a copy and their savepoint would be five: most links are few.
_REPLACE = """
    with pair as (
        select distinct issue_id, target from unnest(%s::bigint[], %s::bigint[]) p(issue_id, target)
    ), gone as (
        delete from {table} t using unnest(%s::bigint[]) o(id)
        where t.issue_id = o.id and not exists (
            select from pair p where p.issue_id = t.issue_id and p.target = t.{target}
        )
        returning 1
    ), new as (
        insert into {table} (issue_id, {target})
        select issue_id, target from pair p where not exists (
            select from {table} t where t.issue_id = p.issue_id and t.{target} = p.target
        )
        order by issue_id, target
        on conflict (issue_id, {target}) do nothing
        returning 1
    )
    select (select count(*) from pair), (select count(*) from new), (select count(*) from gone)
"""


def replace_links(
    session: Session,
    model: type[IssueLabel | IssueAssignee],
    target: str,
    issues: Collection[int],
    pairs: Collection[tuple[int, int]],
) -> Written:
    """Let these issues have these links, pairs of issue and target, and no others."""
    arrays = [bigints(issue for issue, _ in pairs), bigints(linked for _, linked in pairs)]
    statement = _REPLACE.format(table=model.__tablename__, target=target)
    cursor = driver_connection(session).cursor()
    ((wanted, new, gone),) = cursor.execute(statement, [*arrays, bigints(issues)]).fetchall()
    return Written(new, gone, wanted - new)
