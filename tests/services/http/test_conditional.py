"""Asking for changes only: safe to forget, and never for somebody else."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from conformance.replay.faults import with_headers
from conformance.replay.messages import Answer, json_answer
from conformance.replay.routes import at
from conformance.replay.server import ReplayServer
from services.database import Database
from services.http.client import HttpClient
from services.http.messages import Request, Response, Validator
from services.http.models import HttpValidator
from services.http.services import StoredValidators, forget_validators, store_validators
from services.http.settings import bearer
from services.upsert import Written
from tests.services.http.conftest import MakeClient

SECRET = "ghp_" + "a1B2" * 9


def store(database: Database, owner: str, *responses: Response) -> Written:
    found = [response.validator for response in responses if response.validator]
    with database.transaction() as session:
        return store_validators(session, owner, found)


def rows(database: Database) -> Sequence[HttpValidator]:
    with database.transaction() as session:
        return session.scalars(select(HttpValidator)).all()


def test_a_page_that_was_stored_is_asked_for_changes_only(
    client: HttpClient, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    store(database, "a", client.get("/page", validators=validators))
    again = client.get("/page", validators=validators)
    assert (again.not_modified, again.status, again.body) == (True, 304, b"")


def test_a_page_that_was_not_stored_is_fetched_whole_again(
    client: HttpClient, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    assert client.get("/page", validators=validators).json() == {"id": 1}
    assert client.get("/page", validators=validators).json() == {"id": 1}


def test_what_a_transaction_undoes_was_not_stored(client: HttpClient, database: Database) -> None:
    validators = StoredValidators(database, "a")
    response = client.get("/page", validators=validators)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        store_validators(session, "a", [response.validator] if response.validator else [])
        raise ZeroDivisionError
    assert client.get("/page", validators=validators).status == 200


def test_a_changed_page_comes_whole(
    client: HttpClient, server: ReplayServer, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    store(database, "a", client.get("/page", validators=validators))
    server.routes = [at("/page", json_answer({"id": 2}))]
    changed = client.get("/page", validators=validators)
    assert changed.json() == {"id": 2}
    store(database, "a", changed)
    assert client.get("/page", validators=validators).not_modified


def test_a_page_known_by_its_date_alone_is_asked_by_date(
    client: HttpClient, server: ReplayServer, database: Database
) -> None:
    date = "Sun, 01 Mar 2026 08:00:00 GMT"
    dated = Answer(200, {"last-modified": date, "etag": "not ascii: \xfc"}, b"<html>")
    server.routes = [at("/page", dated)]
    validators = StoredValidators(database, "a")
    response = client.get("/page", validators=validators)
    assert response.validator is not None
    assert (response.validator.etag, response.validator.last_modified) == (None, date)
    store(database, "a", response)
    assert client.get("/page", validators=validators).not_modified


def test_another_owner_has_not_stored_it(client: HttpClient, database: Database) -> None:
    store(database, "a", client.get("/page"))
    assert client.get("/page", validators=StoredValidators(database, "b")).status == 200


def test_another_token_is_told_everything(
    make_client: MakeClient, server: ReplayServer, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    store(database, "a", make_client(bearer("one")).get("/page", validators=validators))
    response = make_client(bearer("two")).get("/page", validators=validators)
    assert response.status == 200
    assert "if-none-match" not in server.traffic.requests[1].headers


def test_one_version_of_a_page_is_kept_that_of_the_last_token(
    make_client: MakeClient, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    for token in ("one", "two"):
        store(database, "a", make_client(bearer(token)).get("/page"))
    assert len(rows(database)) == 1
    assert make_client(bearer("two")).get("/page", validators=validators).not_modified


def test_another_representation_or_another_query_is_another_page(
    client: HttpClient, database: Database
) -> None:
    validators = StoredValidators(database, "a")
    store(database, "a", client.get("/page"))
    raw = Request("/page", headers={"Accept": "application/vnd.github.raw"})
    assert client.send(raw, validators=validators).status == 200
    assert client.get("/page", {"page": 2}, validators=validators).status == 200


def test_storing_the_same_version_again_writes_nothing(
    client: HttpClient, database: Database
) -> None:
    response = client.get("/page")
    assert store(database, "a", response) == Written(inserted=1)
    assert store(database, "a", response) == Written(unchanged=1)


def test_no_secret_is_stored(make_client: MakeClient, database: Database) -> None:
    client = make_client(bearer(SECRET))
    store(database, "a", client.get("/page", {"api_key": SECRET}))
    with database.transaction() as session:
        stored = session.scalar(text("select row_to_json(v)::text from http_validator as v"))
    assert "/page?api_key=***" in stored
    assert SECRET not in stored


def test_forgetting_fetches_everything_again(client: HttpClient, database: Database) -> None:
    store(database, "a", client.get("/page"))
    store(database, "b", client.get("/page"))
    with database.transaction() as session:
        forget_validators(session, "a")
    assert [row.owner for row in rows(database)] == ["b"]


def test_a_page_without_a_version_has_no_validator(
    client: HttpClient, server: ReplayServer
) -> None:
    server.script.always("/page", with_headers(etag=""))
    assert client.get("/page").validator is None


@pytest.mark.parametrize("read", [Response.json, Response.text])
def test_what_is_not_modified_has_nothing_to_read(
    client: HttpClient, database: Database, read: object
) -> None:
    store(database, "a", client.get("/page"))
    response = client.get("/page", validators=StoredValidators(database, "a"))
    with pytest.raises(RuntimeError, match="not modified"):
        read(response)  # type: ignore[operator]


def test_what_is_not_modified_is_not_checked(client: HttpClient, database: Database) -> None:
    validators = StoredValidators(database, "a")
    store(database, "a", client.get("/page"))
    response = client.get("/page", validators=validators, check=lambda found: found.json())
    assert response.not_modified


def test_a_validator_for_another_method_is_not_used(
    client: HttpClient, server: ReplayServer, database: Database
) -> None:
    store(database, "a", client.get("/page"))
    request = Request("/page", method="HEAD")
    assert client.send(request, validators=StoredValidators(database, "a")).status == 200


def test_pages_are_told_apart_by_what_they_are_asked_with(client: HttpClient) -> None:
    one, two = client.get("/page").validator, client.get("/page", {"a": 1}).validator
    assert isinstance(one, Validator)
    assert isinstance(two, Validator)
    assert replace(one, page="", url="") == replace(two, page="", url="")
    assert one.page != two.page
