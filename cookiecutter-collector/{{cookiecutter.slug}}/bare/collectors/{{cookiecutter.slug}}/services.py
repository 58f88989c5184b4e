"""The only code that writes this room's tables. Never commits."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.{{ cookiecutter.slug }}.models import RunState


def record_run(session: Session, *, source_key: str) -> int:
    """Count one more run of the source; how many there have been, this one included."""
    first = insert(RunState).values(source_key=source_key, run_count=1)
    one_more = first.on_conflict_do_update(
        index_elements=["source_key"],
        set_={"run_count": RunState.run_count + 1, "updated_at": func.now()},
    )
    return session.execute(one_more.returning(RunState.run_count)).scalar_one()
