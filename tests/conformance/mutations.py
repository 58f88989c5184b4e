"""Small defects of the sample room, each with the promise that it breaks."""

from dataclasses import dataclass
from pathlib import Path

ROOM = "acme_notices"
COLLECT = "    def collect(self, run: Run) -> CollectResult:\n"
STORE = "                self._store(run, page)\n"
REJECTED = (
    "            letters = [SetAside(one.key, one.payload, one.reason) for one in rejected]\n"
)
TITLE = '_typed(item.get("title"), str, "title")'
PAGE = "    items: Any = response.json()\n"
DELETED = '    is_deleted = item.get("deleted", False) is True\n'


@dataclass(frozen=True, slots=True)
class Mutation:
    """In one file of the sample, one text in the place of another."""

    name: str
    caught_by: str
    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the copy of the sample at `root`.

        Raises:
            AssertionError: the text is not there, or more than once.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.name}: {self.old!r} is not once in {self.file}"
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def collector(name: str, caught_by: str, old: str, new: str) -> Mutation:
    return Mutation(name, caught_by, f"{ROOM}/collector.py", old, new)


def client(name: str, caught_by: str, old: str, new: str) -> Mutation:
    return Mutation(name, caught_by, f"{ROOM}/client.py", old, new)


def parsing(name: str, caught_by: str, old: str, new: str) -> Mutation:
    return Mutation(name, caught_by, f"{ROOM}/parsing.py", old, new)


def services(name: str, caught_by: str, old: str, new: str) -> Mutation:
    return Mutation(name, caught_by, f"{ROOM}/services.py", old, new)


def meeting(error: str, reaction: str) -> str:
    """Lets `collect` react to an error of the source in this way."""
    return (
        f"{COLLECT}"
        f"        from services.errors import AccessDenied, {error}\n"
        "        try:\n"
        "            return self._collected(run)\n"
        f"        except {error}:\n"
        f"            {reaction}\n\n"
        "    def _collected(self, run: Run) -> CollectResult:\n"
    )


MUTATIONS = [
    Mutation("no owner", "docstring", f"{ROOM}/__init__.py", "Owner: Acme.\n", ""),
    Mutation(
        "a parameter that nobody explains",
        "flow",
        f"{ROOM}/flow.py",
        "        board: Which board.\n",
        "",
    ),
    Mutation(
        "a flow of another name", "flow", f"{ROOM}/flow.py", 'name="acme_notices"', 'name="x"'
    ),
    Mutation(
        "never scheduled",
        "schedule-entry",
        "schedule.yaml",
        "collector: acme_notices",
        "collector: boost_release_tracker",
    ),
    services(
        "rows that change whenever they are read",
        "same-input-twice",
        "(one.id, one.title, one.text, one.updated_at,",
        "(one.id, one.title, one.text, __import__('datetime').datetime.now().astimezone(),",
    ),
    client(
        "trusts the order of a page",
        "pages-shuffled",
        "for item in items]",
        'for item in items if item["id"] >= items[0]["id"]]',
    ),
    collector(
        "a record that comes twice is an error",
        "pages-repeated",
        REJECTED,
        "            assert len({one.id for one in notices}) == len(notices)\n" + REJECTED,
    ),
    collector(
        "goes on from after the run",
        "changed-during-run",
        "timedelta(minutes=10)",
        "timedelta(seconds=-60)",
    ),
    collector(
        "what is gone stays",
        "deleted-at-source",
        "if isinstance(one, Notice)]",
        "if isinstance(one, Notice) and not one.is_deleted]",
    ),
    collector(
        "a position never goes back",
        "future-cursor",
        "        if begun is not None:\n",
        "        if begun is not None and begun > (self._since(run) or begun - LOOKBACK):\n",
    ),
    parsing(
        "a field that is missing is blank",
        "missing-field-set-aside",
        TITLE,
        'item.get("title", "")',
    ),
    parsing("whatever it is, it is text", "wrong-type-set-aside", TITLE, 'str(item["title"])'),
    collector(
        "a bad record is dropped", "missing-field-set-aside", REJECTED, "            letters = []\n"
    ),
    parsing(
        "one bad record fails them all",
        "wrong-type-set-aside",
        "        payload = item if isinstance(item, dict) else {",
        "        raise\n        payload = item if isinstance(item, dict) else {",
    ),
    parsing(
        "knows all fields there will ever be",
        "unknown-field-ignored",
        DELETED,
        DELETED
        + '    if item.keys() - {"id", "title", "text", "updated_at", "deleted"}:\n'
        + '        raise RecordRejected("unknown field")\n',
    ),
    parsing(
        "no text with NUL is expected",
        "nul-character",
        DELETED,
        DELETED + '    if "\\0" in str(item.get("text")):\n        raise ValueError("NUL")\n',
    ),
    parsing(
        "every text is UTF-8",
        "lone-surrogate",
        DELETED,
        DELETED + '    str(item.get("text")).encode()\n',
    ),
    collector(
        "moves on page by page",
        "answer-500",
        STORE,
        STORE + "                self._advance(run, begun)\n",
    ),
    collector(
        "moves on before it stores",
        "killed-anywhere",
        STORE,
        "                self._advance(run, begun)\n" + STORE,
    ),
    collector(
        "a source that fails has nothing new",
        "answer-502",
        COLLECT,
        meeting("SourceUnavailable", "return run.result"),
    ),
    collector(
        "a limit is a defect of ours",
        "answer-429",
        COLLECT,
        meeting("RateLimited", 'raise RuntimeError("what now?") from None'),
    ),
    collector(
        "a limit is a refusal",
        "limit-403",
        COLLECT,
        meeting("RateLimited", 'raise AccessDenied("no") from None'),
    ),
    collector(
        "what may not be read is not there",
        "denied-403",
        COLLECT,
        meeting("CollectorError", "return run.result"),
    ),
    collector(
        "a connection that breaks is a setting that is wrong",
        "connection-reset",
        COLLECT,
        meeting("SourceUnavailable", 'raise ConfigError("is it plugged in?") from None'),
    ),
    collector(
        "half an answer is enough",
        "body-shorter-than-said",
        COLLECT,
        meeting(
            "SourceUnavailable",
            "self._advance(run, datetime.now().astimezone())\n            return run.result",
        ),
    ),
    collector(
        "a cut answer is the end of the pages",
        "body-cut-in-chunks",
        COLLECT,
        meeting("SourceUnavailable", "return run.result"),
    ),
    client(
        "what cannot be read is no record",
        "body-broken",
        PAGE,
        "    try:\n        items: Any = response.json()\n"
        "    except Exception:\n        items = []\n",
    ),
    client(
        "a page that is no JSON is empty",
        "error-with-200",
        PAGE,
        '    items: Any = response.json() if "json" in response.headers["content-type"] else []\n',
    ),
    collector(
        "slow is unknown",
        "answer-slow",
        COLLECT,
        meeting("SourceTimedOut", 'raise RuntimeError("too slow") from None'),
    ),
    collector(
        "whoever is refused asks again",
        "token-revoked",
        COLLECT,
        meeting("AccessDenied", "return self._collected(run)"),
    ),
    collector(
        "all pages first, then the rows",
        "memory-flat",
        "            for page in found:\n",
        "            for page in list(found):\n",
    ),
    Mutation(
        "a token in the log",
        "secrets",
        f"{ROOM}/flow.py",
        '    return run_collector("acme_notices"',
        '    print("asking with", NoticeSettings().token.get_secret_value())\n'
        '    return run_collector("acme_notices"',
    ),
    collector(
        "a copy of what was read, in a dry run too",
        "dry-run",
        STORE,
        STORE + '                __import__("pathlib").Path("last.txt").write_text(repr(page))\n',
    ),
]
