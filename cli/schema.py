"""`bdc db`: our database, its schema and its rows."""

from cyclopts import App

import migrations
from cli.connection import connected
from cli.output import Json, console, show
from migrations.roles import COLLECTOR, READER, grant_roles
from services.database import read_rows, table_sizes
from services.errors import ConfigError
from services.settings import load_settings, require_database_url

app = App(name="db", help="Show and change the schema of the database; read its tables.")


@app.command
def upgrade() -> None:
    """Bring the schema to what this version needs; does nothing when it is there.

    Example: `bdc db upgrade`
    """
    url = _url()
    migrations.upgrade(url)
    console.print(f"the schema is at {migrations.current(url)}")


@app.command
def current() -> None:
    """Say which revision the database is at and which is the newest.

    Example: `bdc db current`
    """
    url = _url()
    console.print(f"{migrations.current(url) or 'empty'} (newest: {migrations.head(url)})")


@app.command
def check() -> None:
    """Prove that the tables are what the models say; fails when they are not.

    Example: `bdc db check`
    """
    url = _url()
    _require_newest(url)
    migrations.check(url)
    console.print("the schema is what the models say")


@app.command
def roles() -> None:
    """Make the database's roles and give each what it needs; does nothing the second time.

    Example: `bdc db roles`

    As the user who runs `bdc db upgrade`. Logins are yours to make, with passwords of your own.
    """
    url = _url()
    _require_newest(url)
    grant_roles(url)
    for role, may in ((COLLECTOR, "read and write rows"), (READER, "read rows")):
        console.print(f"{role} may {may}; a login: create role … login password … in role {role}")


@app.command
def query(sql: str, *, json: Json = False) -> None:
    """Print the rows of one SQL query; nothing can be written with it.

    Example: `bdc db query "select count(*) from collector_run" --json`

    Args:
        sql: The query, e.g. "select * from collector_run order by id desc limit 5".
        json: Print JSON, for programs.
    """
    with connected() as database:
        rows = read_rows(database, sql)
    show(rows, as_json=json, empty="No rows.")


@app.command
def size(*, json: Json = False) -> None:
    """Show what each table takes on disk, with its indexes, the largest first.

    Example: `bdc db size`
    """
    with connected() as database:
        found = table_sizes(database)
    rows = [{"table": name, "bytes": size} for name, size in found.items()]
    show(rows, as_json=json, empty="No tables.")
    if not json:
        console.print(f"{sum(found.values())} bytes in all")


def _require_newest(url: str) -> None:
    if migrations.current(url) != migrations.head(url):
        raise ConfigError("the schema is behind this version: run `bdc db upgrade`")


def _url() -> str:
    return require_database_url(load_settings())
