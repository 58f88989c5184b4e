"""What a mistyped name may have meant."""

import difflib
from collections.abc import Collection

# More names than this help nobody.
MOST_NAMES = 12


def suggestion(word: object, known: Collection[str]) -> str:
    """`did you mean …?` when a known name is near, else what there is, in the order given."""
    near = difflib.get_close_matches(str(word).strip().lower(), known, n=1, cutoff=0.5)
    if near:
        return f"did you mean `{near[0]}`?"
    names = list(known)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    listed = ", ".join(f"`{name}`" for name in names[:MOST_NAMES])
    return f"there are {listed}{more}" if listed else "there are none"
