"""What each index does that the others do not: roles, missing tables, hosts that are gone."""

from collections.abc import Iterator
from threading import Event

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from deployments.local.postgres import EmbeddedPostgres
from migrations.roles import COLLECTOR, READER, grant_roles
from services.database import Database
from services.errors import ConfigError, NotFound, SourceTimedOut, SourceUnavailable
from services.vectors.client import PineconeIndex
from services.vectors.embedding import open_embedder
from services.vectors.null import NullIndex
from services.vectors.pgvector import PgvectorIndex
from services.vectors.ports import Item, Place, Question
from services.vectors.services import Text
from services.vectors.settings import LOCAL_MODEL, VectorSettings
from tests.support.indexing import PUBLIC, Indexing, settings_at
from tests.support.pinecone_server import PineconeServer, Refusal, serving_pinecone

HERE = Place(is_private=False, namespace="")
ITEM = Item("v1", 1, b"d" * 16, "A text.", b"f" * 16, {"state": "open"})
ASKED = Question("text", None, 0.0, None, None, 5, (HERE, Place(True, "")))


@pytest.fixture
def pinecone() -> Iterator[PineconeServer]:
    with serving_pinecone() as server:
        yield server


def test_no_index_holds_and_ranks_nothing(database: Database) -> None:
    with database.transaction() as session:
        assert list(NullIndex().held(session, HERE)) == []
        assert NullIndex().rank(session, ASKED) == ()


def test_a_table_of_vectors_belongs_to_the_role_of_all_collectors(
    database: Database, database_url: str, postgres: EmbeddedPostgres
) -> None:
    grant_roles(database_url)
    with database.transaction() as session:
        PgvectorIndex("index_7", 3).prepare(session)
        owner = "select tableowner from pg_tables where tablename = 'index_7'"
        assert session.scalar(text(owner)) == COLLECTOR
        may = "select has_table_privilege(:role, 'vectors.index_7', 'select')"
        assert session.scalar(text(may), {"role": READER})


def test_without_our_roles_a_table_of_vectors_is_its_makers(
    database: Database, database_url: str
) -> None:
    grant_roles(database_url)
    with database.transaction() as session:
        for role in (COLLECTOR, READER):
            session.execute(text(f"alter role {role} rename to {role}_of_another_platform"))
        PgvectorIndex("index_7", 3).prepare(session)
        owner = "select tableowner = current_user from pg_tables where tablename = 'index_7'"
        assert session.scalar(text(owner))
        granted = "select count(*) from information_schema.role_table_grants where grantee <> current_user"
        assert session.scalar(text(f"{granted} and table_name = 'index_7'")) == 0
        session.rollback()


def test_a_table_that_is_not_there_yet_ranks_nothing_and_one_without_type_is_not_made(
    database: Database,
) -> None:
    index = PgvectorIndex("index_7", 3)
    with database.transaction() as session:
        assert index.rank(session, ASKED) == ()
        session.execute(text("drop extension vector"))
        with pytest.raises(ConfigError, match="no extension vector"):
            index.prepare(session)
        with pytest.raises(TypeError, match="an embedding model is needed"):
            index.put(session, HERE, [ITEM], None)


def test_dense_vectors_alone_may_be_kept(database: Database, pinecone: PineconeServer) -> None:
    settings = settings_at(pinecone.url, pinecone_sparse_model="none")
    index = Indexing(database, settings, pinecone)
    index.put(Text("a", "", "Some text."))
    index.sync()
    assert set(pinecone.projects[PUBLIC]) == {"boost-dashboard"}
    assert index.found("some text") == ["a"]
    assert index.is_right()


def test_a_host_that_is_gone_is_a_failure_that_may_pass(database: Database) -> None:
    with serving_pinecone() as server:
        settings = settings_at(server.url)
    index = PineconeIndex("boost-dashboard", "multilingual-e5-large", 0, settings)
    with database.transaction() as session, pytest.raises(SourceUnavailable):
        index.prepare(session)


def test_a_host_that_says_nothing_is_not_waited_for(
    database: Database, pinecone: PineconeServer
) -> None:
    patient, hasty = (
        PineconeIndex(
            "boost-dashboard", "multilingual-e5-large", 0, settings_at(pinecone.url, **also)
        )
        for also in ({}, {"pinecone_timeout_seconds": 0.2})
    )
    until = Event()
    pinecone.done = lambda _: until.wait()  # type: ignore[assignment]
    with database.transaction() as session:
        patient.prepare(session)
        with pytest.raises(SourceTimedOut, match="Pinecone"):
            hasty.delete(session, HERE, ["v1"])
    until.set()


def test_an_index_that_somebody_deleted_is_named(
    database: Database, pinecone: PineconeServer
) -> None:
    settings = settings_at(pinecone.url, pinecone_private_api_key=None)
    index = PineconeIndex("gone", "multilingual-e5-large", 0, settings)
    with database.transaction() as session:
        with pytest.raises(NotFound, match="gone"):
            index.rank(session, ASKED)
        index.drop(session)


def test_indexes_that_do_not_agree_are_in_doubt(
    database: Database, pinecone: PineconeServer
) -> None:
    index = PineconeIndex("boost-dashboard", "multilingual-e5-large", 0, settings_at(pinecone.url))
    with database.transaction() as session:
        index.prepare(session)
        index.put(session, HERE, [ITEM], None)
        (held,) = index.held(session, HERE)
        assert (held.digest, held.facts_digest) == (ITEM.digest, ITEM.facts_digest)
        pinecone.index(PUBLIC, "boost-dashboard-sparse").spaces["__default__"].clear()
        (held,) = index.held(session, HERE)
        assert (held.digest, held.facts_digest) == (None, None)


def test_a_model_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "wordllama", raising=False)
    with pytest.raises(ConfigError, match="package wordllama is not installed"):
        open_embedder(LOCAL_MODEL, VectorSettings())


def test_a_key_is_asked_for_by_name_when_an_index_needs_one(
    database: Database, pinecone: PineconeServer
) -> None:
    index = Indexing(database, settings_at(pinecone.url), pinecone)
    index.put(Text("a", "", "Some text."))
    index.sync()
    index.settings = VectorSettings(vectors_index="none")
    answer = index.answer("text")
    assert [one.key for one in answer.found] == ["a"]
    assert "PINECONE_API_KEY is not set" in str(answer.note)
    pinecone.refusals.append(Refusal("search", 500, times=99))
    index.settings = settings_at(pinecone.url, pinecone_api_key=SecretStr(PUBLIC))
    assert "searched by words alone" in str(index.answer("text").note)
