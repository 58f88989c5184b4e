"""Which mailings are wanted, and which pages they may be on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collectors.wg21_paper_tracker.parsing.fields import mailing_key

# The committee's first documents.
FIRST_YEAR = 1989


@dataclass(frozen=True, slots=True)
class Window:
    """Mailings from `since` to `until`, both included; None is no bound."""

    since: str | None = None
    until: str | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether any mailing is outside."""
        return self.since is not None or self.until is not None

    def __contains__(self, mailing: object) -> bool:
        """Whether a mailing is inside, by its key."""
        key = str(mailing)
        return (self.since or "") <= key <= (self.until or key)

    def may_touch(self, year: int) -> bool:
        """Whether a mailing of that year may be inside."""
        first, last = (self.since or "")[:4], (self.until or str(year))[:4]
        return first <= str(year) <= last

    def pages(self, known: Mapping[str, int], current: set[int]) -> set[int]:
        """Years whose pages may have such mailings: `known` has the year of each by its key.

        A mailing may be on the page of the year after its own.
        """
        inside = {year for key, year in known.items() if key in self}
        return inside | {year for year in current | {*known.values()} if self.may_touch(year)}


def problems_of_window(window: Window) -> Iterator[str]:
    """What is wrong with the bounds."""
    for name, bound in (("since", window.since), ("until", window.until)):
        if bound is not None and mailing_key(bound) is None:
            yield f"{name}: {bound} is no month like 2023-01"
    if window.since is not None and window.until is not None and window.since > window.until:
        yield f"since: {window.since} is after until: {window.until}"


def problems_of_years(years: Sequence[int], this_year: int) -> Iterator[str]:
    """Which years can have no page."""
    for year in years:
        if not FIRST_YEAR <= year <= this_year + 1:
            yield f"years: {year} is not from {FIRST_YEAR} to {this_year + 1}"
