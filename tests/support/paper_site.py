"""A site of committee papers on loopback, written by hand or made in any number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from conformance.replay.messages import Answer, Asked
from conformance.replay.server import ReplayServer, replaying

ROOT = "/jtc1/sc22/wg21/docs/papers/"
NEW_HEADINGS = (
    "WG21 Number",
    "Title",
    "Author",
    "Document Date",
    "Mailing Date",
    "Previous Version",
    "Subgroup",
    "Disposition",
)
NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A row in the layout of today, eight cells."""

    paper: str
    title: str = "A title"
    authors: str = "Ann Lee"
    date: str = "2024-01-15"
    mailing_date: str = ""
    previous: str = ""
    subgroups: str = "LEWG"
    disposition: str = ""
    links: Sequence[str] | None = None

    @property
    def html(self) -> str:
        targets = [f"{self.paper.lower()}.html"] if self.links is None else self.links
        links = " ".join(f'<a href="{target}">{self.paper}</a>' for target in targets)
        cells = [links, self.title, self.authors, self.date, self.mailing_date, self.previous]
        return table_row(*cells, self.subgroups, self.disposition)


def table_row(*cells: str) -> str:
    """Cells as they are."""
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def mailing(key: str, *rows: Row | str, title: str = "") -> str:
    """A mailing with its table."""
    headings = "".join(f"<th>{heading}</th>" for heading in NEW_HEADINGS)
    body = "\n".join(row if isinstance(row, str) else row.html for row in rows)
    shown = title or f"{key} mailing"
    return (
        f'<h2><a name="mailing{key}">{shown}</a></h2><table><tr>{headings}</tr>\n{body}\n</table>'
    )


def year_page(*mailings: str) -> str:
    """A page of these."""
    body = "\n".join(mailings)
    return f"<html><head><title>mailings</title></head><body>{body}</body></html>"


def index_page(links: dict[str, int]) -> str:
    """The index: each mailing's key with the year of its page."""
    entries = "".join(
        f'<li><a href="{year}/#mailing{key}">{key} mailing</a></li>' for key, year in links.items()
    )
    others = '<a href="../">up</a> <a href="2024/">2024</a> <a href="2024/#mailing">none</a>'
    return f"<html><body><h1>Mailings</h1>{others}<ul>{entries}</ul></body></html>"


@dataclass
class PaperSite:
    """Pages by year, which may be changed at any time; the index links to what they hold.

    `unlinked` years are on the site, but not in the index.
    """

    pages: dict[int, str | bytes] = field(default_factory=dict)
    mailings: dict[str, int] = field(default_factory=dict)
    server: ReplayServer = field(default_factory=ReplayServer)

    @property
    def base_url(self) -> str:
        return self.server.url + ROOT

    def url(self, year: int, name: str) -> str:
        return f"{self.base_url}{year}/{name}"

    def path(self, year: int | None = None) -> str:
        return ROOT if year is None else f"{ROOT}{year}/"

    def put(self, year: int, **mailings: Sequence[Row | str]) -> None:
        """A year's page with mailings `m01=[...]` of its months, which the index links to."""
        keys = {f"{year}-{name[1:]}": rows for name, rows in mailings.items()}
        self.pages[year] = year_page(*(mailing(key, *rows) for key, rows in keys.items()))
        self.mailings |= dict.fromkeys(keys, year)

    def asked(self, year: int | None = None) -> int:
        """How often a page was asked for."""
        return self.server.traffic.count(self.path(year))

    def __call__(self, asked: Asked) -> Answer | None:
        if asked.path == ROOT:
            return _page(index_page(self.mailings))
        found = [page for year, page in self.pages.items() if asked.path == self.path(year)]
        return _page(found[0]) if found else None


def _page(content: str | bytes) -> Answer:
    body = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return Answer(200, {"content-type": "text/html"}, body)


@contextmanager
def serving(site: PaperSite) -> Iterator[PaperSite]:
    """The site, until the block ends."""
    with replaying(site) as site.server:
        yield site


SURNAMES = ("Abel", "Brandt", "Costa", "Dahl", "Köppe", "Müller", "Núñez", "Okafor", "Šimek", "Tan")
GIVEN_NAMES = ("Ann", "Boris", "Chen", "Dora", "Emeka", "Fatima", "Gašper", "Hana")
GROUPS = (
    "LEWG",
    "EWG<br>CWG",
    "SG1 Concurrency and Parallelism",
    "LWG",
    "SG21, SG22",
    "All of WG21",
)


def made_row(number: int) -> Row:
    """The nth of any number of papers, in the shapes that rows have."""
    first, second = SURNAMES[number % 10], SURNAMES[(number * 7 + 3) % 10]
    given = GIVEN_NAMES[number % 8]
    name = f"p{number + 1000:04}r{number % 4}"
    previous = f"p{number + 1000:04}r{number % 4 - 1}" if number % 4 else ""
    row = Row(
        name.upper(),
        title=f"On the matter of {number}, &amp; what follows",
        authors=f"{given} {first}, Ivo {second} and Mia {SURNAMES[number * 3 % 10]}",
        date=(date(2020, 1, 1) + timedelta(days=number % 300)).isoformat(),
        previous=f'<a href="{previous}.pdf">{previous.upper()}</a>' if previous else "",
        subgroups=GROUPS[number % len(GROUPS)],
        disposition="Adopted 2020-11" if number % 9 == 0 else "",
        links=[f"{name}.pdf", f"{name}.html"][: 1 + number % 2],
    )
    return replace(row, mailing_date=row.date[:7])
