"""Which belongs to which: the links of some owners, brought to what they are now."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from collectors.github_activity_tracker.models import IssueAssignee, IssueLabel
from services.database import driver_connection
from services.upsert import Written, bulk_upsert

_DELETE = """
    delete from {table} t using unnest(%b::bigint[]) o(id)
    where t.issue_id = o.id and not exists (
        select from unnest(%b::bigint[], %b::bigint[]) p(issue_id, target)
        where p.issue_id = t.issue_id and p.target = t.{target}
    )
"""


def replace_links(
    session: Session,
    model: type[IssueLabel | IssueAssignee],
    target: str,
    issues: Collection[int],
    pairs: Collection[tuple[int, int]],
) -> Written:
    """Let these issues have these links, pairs of issue and target, and no others."""
    arrays = [[issue for issue, _ in pairs], [linked for _, linked in pairs]]
    statement = _DELETE.format(table=model.__tablename__, target=target)
    cursor = driver_connection(session).cursor()
    gone = cursor.execute(statement, [list(issues), *arrays]).rowcount
    columns = ("issue_id", target)
    return bulk_upsert(session, model, columns, pairs, key=columns) + Written(updated=gone)
