"""A year in small: after every batch of random changes the index is what the tables say."""

from random import Random

import pytest

from services.database import Database
from tests.support.histories import History
from tests.support.indexing import indexing


@pytest.mark.parametrize(("kind", "seed"), [("pgvector", 1), ("pinecone-integrated", 2)])
def test_nothing_differs_after_any_batch(database: Database, kind: str, seed: int) -> None:
    with indexing(kind, database) as made:
        history = History(made, Random(seed))
        for _ in range(4):
            history.edit(25)
            made.sync()
            assert made.is_right()
            assert history.is_kept()
