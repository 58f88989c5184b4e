"""Reading a page of papers, beside lxml's bare parse of the same bytes: both make the same tree.

The claim: a page of 2,000 rows is read in one pass, in about the time of so many bare parses as
are in the row, and the time for one row does not grow with their number.
"""

from collections.abc import Callable

from lxml import etree

from benchmarks.measuring import ROUNDS, median, seconds
from collectors.wg21_paper_tracker.parsing.html import decode_page
from collectors.wg21_paper_tracker.parsing.pages import read_year_page
from tests.support.paper_site import made_row, mailing, year_page

SIZES = (500, 2000, 8000)
URL = "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2020/"


def rows() -> list[dict[str, object]]:
    """One row a size."""
    return [_measured(size) for size in SIZES]


def _measured(size: int) -> dict[str, object]:
    body = year_page(mailing("2020-01", *map(made_row, range(size)))).encode()
    bare = _milliseconds(lambda: etree.fromstring(body, etree.HTMLParser(encoding="utf-8")))
    read = _milliseconds(lambda: read_year_page(2020, decode_page(body), URL))
    return {
        "rows": size,
        "MB": round(len(body) / 1e6, 2),
        "bare parse, ms": bare,
        "read, ms": read,
        "times bare": round(read / bare, 1),
        "rows/s": round(size / read * 1000),
    }


def _milliseconds(work: Callable[[], object]) -> float:
    return median([seconds(work) * 1000 for _ in range(ROUNDS)])
