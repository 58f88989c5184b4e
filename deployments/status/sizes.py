"""How large the database is and how it grows, in words."""

from services.growth.services import Growth

UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
# As many as tell where the room goes.
MOST_TABLES = 3


def growth_in_words(growth: Growth) -> str:
    """E.g. `1.2 GB; 35 MB more than 7 days ago (commits 20 MB, papers 9 MB)`."""
    parts = [size(growth.bytes)]
    if growth.in_a_week is not None:
        tables = list(growth.tables.items())[:MOST_TABLES]
        named = ", ".join(f"{name} {size(gained)}" for name, gained in tables)
        parts.append(f"{_change(growth.in_a_week)} than 7 days ago{f' ({named})' if named else ''}")
    if growth.in_a_month is not None:
        parts.append(f"{_change(growth.in_a_month)} than 30 days ago")
    return "; ".join(parts)


def size(count: float) -> str:
    """Bytes in the largest unit that they fill."""
    for unit, factor in UNITS:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"


def _change(gained: int) -> str:
    return f"{size(abs(gained))} {'less' if gained < 0 else 'more'}"
