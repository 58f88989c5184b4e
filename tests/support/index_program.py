"""Indexes what waits, in a process of its own that a test may kill: database, and Pinecone's address."""

import sys

from services.database import open_database
from services.vectors.syncing import Syncing
from tests.support.indexing import settings_at

if __name__ == "__main__":
    url, address = sys.argv[1:]
    database = open_database(url, application_name="index program")
    for _ in Syncing(database.transaction, settings_at(address), batch=2).run():
        pass
    database.close()
