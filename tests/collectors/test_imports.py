"""A run's process imports one room: what its tables refer to has to come along."""

import subprocess
import sys

import pytest

from services.catalogue import all_collectors
from tests.support.local_stack import ROOT

ROOMS = [entry.name for entry in all_collectors(ROOT / "collectors") if entry.room is not None]
UNKNOWN = """
import importlib, sys
from sqlalchemy.types import NullType
importlib.import_module(sys.argv[1])
from services.database import Base
for table in Base.metadata.tables.values():
    for column in table.columns:
        if isinstance(column.type, NullType):
            print(column)
"""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_alone_knows_the_type_of_every_column(room: str) -> None:
    command = [sys.executable, "-c", UNKNOWN, f"collectors.{room}.collector"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
