"""What a room remembers of its making: the answers, and every file as the template made it then.

A later upgrade compares with it what the author has changed and what the template has.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import wrap

from authoring.scaffold.answers import Answers
from services.errors import ConfigError

WIDTH = 96  # of the lines that the compressed files are kept in


@dataclass(frozen=True, slots=True)
class Record:
    """`base` is the texts that the template rendered, by their places."""

    answers: Answers
    base: Mapping[str, str]


def record_place(slug: str) -> str:
    """Where a room's record is."""
    return f"collectors/{slug}/.scaffold.json"


def record_text(record: Record) -> str:
    """As it is kept; the same record is the same text."""
    base = json.dumps(record.base, sort_keys=True).encode()
    packed = b64encode(zlib.compress(base, 9)).decode()
    kept = {"answers": asdict(record.answers), "base": wrap(packed, WIDTH)}
    return json.dumps(kept, indent=2) + "\n"


def read_record(root: Path, slug: str) -> Record:
    """The record of a room.

    Raises:
        ConfigError: there is none, or it is broken.
    """
    path = root / record_place(slug)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        base = json.loads(zlib.decompress(b64decode("".join(kept["base"]))))
        return Record(Answers(**kept["answers"]), base)
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist: {slug} was not made by `bdc new`") from error
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise ConfigError(f"{path} is broken: restore it from git; {error}") from error
