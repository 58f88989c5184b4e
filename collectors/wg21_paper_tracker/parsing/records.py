"""What the pages say, as records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

# The format that converts best first.
PREFERRED_FORMATS = ("adoc", "html", "ps", "pdf")


@dataclass(frozen=True, slots=True)
class PaperId:
    """The name of one revision: `text` in lower case, e.g. p1234r0, n4950, sd-6, d1234r1."""

    text: str
    kind: str
    number: int
    revision: int | None


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A paper in one format."""

    url: str
    format: str


@dataclass(frozen=True, slots=True)
class Details:
    """What is said of a paper besides its name; blank where nothing is."""

    title: str = ""
    authors: tuple[str, ...] = ()
    authors_text: str = ""
    document_date: date | None = None
    mailing_date: str | None = None
    previous_version: str | None = None
    subgroups: tuple[str, ...] = ()
    disposition: str | None = None

    def filled_from(self, other: "Details") -> "Details":
        """With what only the other one says."""
        names = (field.name for field in fields(self))
        blank = {name: getattr(other, name) for name in names if not getattr(self, name)}
        return replace(self, **blank)


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper in a mailing; `mailing` is None where none is known."""

    paper: PaperId
    mailing: str | None
    details: Details
    files: tuple[PaperFile, ...] = ()

    @property
    def title(self) -> str:
        """A paper without a title is called by its name."""
        return self.details.title or self.paper.text.upper()

    @property
    def preferred_url(self) -> str | None:
        """The file to read where there are several."""
        ranks = {name: rank for rank, name in enumerate(PREFERRED_FORMATS)}
        ranked = sorted(self.files, key=lambda file: ranks.get(file.format, len(ranks)))
        return ranked[0].url if ranked else None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be stored: `number` counts the rows of the page, from 1."""

    mailing: str | None
    number: int
    label: str
    reason: str
    html: str

    @property
    def key(self) -> str:
        """Names mailing and row, by the row's first cell where that says anything.

        The number alone changes whenever a row is added above.
        """
        return f"{self.mailing or 'no mailing'} {self.label or f'row {self.number}'}"


@dataclass(frozen=True, slots=True)
class Mailing:
    """A mailing on the page of `year`."""

    key: str
    title: str
    year: int


@dataclass(frozen=True, slots=True)
class YearPage:
    """The page of a year: its mailings, papers, and rows that are not understood."""

    year: int
    mailings: tuple[Mailing, ...]
    rows: tuple[PaperRow, ...]
    rejected: tuple[RejectedRow, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row of it is, or seems to be, a paper."""
        return not self.rows and not self.rejected


def merged(rows: Iterable[PaperRow]) -> list[PaperRow]:
    """One row for each paper in a mailing: all its files, and of several values the first."""
    found: dict[tuple[str, str | None], PaperRow] = {}
    for row in rows:
        key = (row.paper.text, row.mailing)
        found[key] = _joined(found[key], row) if key in found else row
    return list(found.values())


def _joined(first: PaperRow, second: PaperRow) -> PaperRow:
    files = distinct_files([*first.files, *second.files])
    return replace(first, details=first.details.filled_from(second.details), files=files)


def distinct_files(files: Sequence[PaperFile]) -> tuple[PaperFile, ...]:
    """Each file once, in the order given."""
    return tuple({file.url: file for file in files}.values())
