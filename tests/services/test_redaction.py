"""Secrets are hidden in text and in exceptions, and nothing else is touched."""

import json
import string
import time
import traceback
from asyncio import CancelledError

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.errors import CollectorFailureCategory, RedactedError
from services.failures import classify_failure
from services.redaction import redact, redact_exception

SECRET = "hunter2" + "Zq9" * 7
GITHUB = "ghp_" + "a1B2" * 9
UUID = "0f0f0f0f-" + "1111-2222-3333-" + "444444444444"
SLACK_HOOK = "https://hooks.slack.com/services/" + "T000/B000/" + SECRET
DISCORD_HOOK = "https://discord.com/api/v10/webhooks/" + "123456/" + SECRET
PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + SECRET + "\n" + SECRET
PEM_END = "\n-----END RSA PRIVATE " + "KEY-----"

HIDDEN = [
    (f"GET https://a.io/x?key={SECRET}&page=2", "GET https://a.io/x?key=***&page=2"),
    (f"https://a.io/x?page=2&token={SECRET}", "https://a.io/x?page=2&token=***"),
    (f"https://a.io/x?api_key={SECRET}#top", "https://a.io/x?api_key=***"),
    (f"https://a.io/x?access_token={SECRET}", "https://a.io/x?access_token=***"),
    (f"https://a.io/x?secret={SECRET}", "https://a.io/x?secret=***"),
    (f"https://a.io/x?password={SECRET}", "https://a.io/x?password=***"),
    (f"https://a.io/x?sv=1&sig={SECRET}", "https://a.io/x?sv=1&sig=***"),
    (f"https://a.io/x?X-Amz-Signature={SECRET}", "https://a.io/x?X-Amz-Signature=***"),
    (f"see 'https://a.io/?token={SECRET}' and go on", "see 'https://a.io/?token=***' and go on"),
    (f"<https://a.io/?page=2&token={SECRET}>; rel=next", "<https://a.io/?page=2&token=***>; rel=next"),
    (f"GITHUB_TOKEN={SECRET} set", "GITHUB_TOKEN=*** set"),
    (f"host=db user=me password={SECRET} port=1", "host=db user=me password=*** port=1"),
    (f"host=db password='it\\'s {SECRET}' port=1", "host=db password='***' port=1"),
    (f"host=db password = '{SECRET}'", "host=db password = '***'"),
    (f"host=db password=a&{SECRET} port=1", "host=db password=*** port=1"),
    (f"host=db password=a\\ {SECRET} port=1", "host=db password=*** port=1"),
    (json.dumps({"token": SECRET, "n": 1}), '{"token": "***", "n": 1}'),
    (repr({"api_key": SECRET}), "{'api_key': '***'}"),
    (json.dumps(json.dumps({"secret": SECRET, "n": 1})), r'"{\"secret\": \"***\", \"n\": 1}"'),
    (f'"{{\\"u\\":\\"?token={SECRET}\\"}}"', '"{\\"u\\":\\"?token=***\\"}"'),
    (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
    (f"Authorization: Basic {SECRET}=", "Authorization: Basic ***"),
    (f"Authorization: token {SECRET}", "Authorization: token ***"),
    (f"Authorization: Bot {SECRET}, X: 1", "Authorization: Bot ***, X: 1"),
    (f"{{'authorization': '{SECRET}'}}", "{'authorization': '***'}"),
    (f"sent bearer {SECRET}", "sent bearer ***"),
    ("Bearer token-" + SECRET, "Bearer ***"),
    ("sent Basic dXNlcjp" + "wYXNz", "sent Basic ***"),
    (f"Api-Key: {UUID}", "Api-Key: ***"),
    (f"PRIVATE-TOKEN: {SECRET}", "PRIVATE-TOKEN: ***"),
    ("xoxb-" + "12-34-" + SECRET, "xoxb-***"),
    ("xoxp-" + SECRET, "xoxp-***"),
    ("xoxa-2-" + SECRET, "xoxa-***"),
    ("xoxc-" + SECRET, "xoxc-***"),
    ("d=xoxd-" + SECRET + "%2F%2B%3D; b=1", "d=xoxd-***; b=1"),
    ("xoxe.xoxp-1-" + SECRET, "xoxe.xoxp-***"),
    ("xapp-" + "1-A1-" + SECRET, "xapp-***"),
    (f"git clone https://x-access-token:{SECRET}@github.com/x", "git clone https://x-access-token:***@github.com/x"),
    (f"x-access-token:{SECRET}@github.com", "x-access-token:***@github.com"),
    (f"postgres://me:{SECRET}@db:5432/x", "postgres://me:***@db:5432/x"),
    (f"postgresql+psycopg://me:p/w?{SECRET}@db/x", "postgresql+psycopg://me:***@db/x"),
    (f"postgres://me:p@{SECRET}@db/x", "postgres://me:***@db/x"),
    (f"postgres://me@corp:{SECRET}@db/x", "postgres://***@corp:***@db/x"),
    (f"postgres://u:{SECRET}@h1:5432,h2:5432/db", "postgres://u:***@h1:5432,h2:5432/db"),
    (f"redis://:{SECRET}@cache:6379/0", "redis://:***@cache:6379/0"),
    (f"https://{SECRET}@github.com/x", "https://***@github.com/x"),
    (f"https://{SECRET}:@github.com/x?y@z", "https://***:@github.com/x?y@z"),
    (f"https://{SECRET}:x-oauth-basic@github.com/x", "https://***:***@github.com/x"),
    (GITHUB, "ghp_***"),
    (f"\\n{GITHUB}.", "\\nghp_***."),
    *((f"a {kind}_" + "c3D4" * 9, f"a {kind}_***") for kind in ("gho", "ghu", "ghs", "ghr")),
    ("ghs_" + "12345_eyJ" + "a1B2" * 9 + ".eyJh.Zq-9 x", "ghs_*** x"),
    ("github_pat_" + "1A" * 11 + "_" + SECRET, "github_pat_***"),
    ("AIza" + "b" * 35, "AIza***"),
    ("pcsk_" + "4Yz_" * 10, "pcsk_***"),
    ("AKIA" + "ABCD" * 4, "AKIA***"),
    (SLACK_HOOK, "https://hooks.slack.com/services/***"),
    (DISCORD_HOOK, "https://discord.com/api/v10/webhooks/123456/***"),
    (PEM + PEM_END + " x", "-----BEGIN RSA PRIVATE " + "KEY-----***-----END RSA PRIVATE " + "KEY----- x"),
    (PEM, "-----BEGIN RSA PRIVATE " + "KEY-----***"),
]  # fmt: skip

UNTOUCHED = [
    "",
    "boost::asio::ip::tcp::socket s(ctx);",
    "if (token == end) return lexer.token();",
    "template <class T> struct key : hash<T> {};",
    "http://www.boost.org:80/doc/libs/1_89_0/?view=a&sort=b",
    "https://localhost:8080/a@b?c=d@e",
    "http://[::1]:8080/a@b",
    "postgres://h1:5432,h2:5432/db?application_name=a@b",
    "https://medium.com/@someone/post",
    "write to someone@example.com, or https://example.com",
    "git@github.com:boostorg/asio.git",
    "ssh://git@github.com/boostorg/asio.git",
    "collector=slack source_key=prod phase=collect",
    "the basic exception guarantee; Basic guarantee; basic_string",
    "the bearer of news; bearer token expired; Bearer authentication.",
    "xoxo-hugs, xoxb- tokens, ghp_ tokens, pcsk_ keys",
    "laughs_and_weighs_and_highs_many_words",
    "MAKIAABCDEFGHIJKLMNOPQRSTU",
    "token_count=12 tokens=300 expected: ')' before token: x",
    "https://discord.com/api/webhooks/ and https://hooks.slack.com/",
    "a private key is needed; -----BEGIN CERTIFICATE-----",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_a_secret_is_hidden_and_its_surroundings_stay(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", UNTOUCHED)
def test_text_that_only_looks_like_a_secret_is_the_same_object(text: str) -> None:
    assert redact(text) is text


@pytest.mark.parametrize("text", [text for text, _ in HIDDEN])
def test_redacting_a_second_time_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


ALNUM = string.ascii_letters + string.digits


def tokens(prefix: str, alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length).map(lambda body: prefix + body)


TOKENS = st.one_of(
    *(tokens(f"gh{kind}_", ALNUM, 36) for kind in "pousr"),
    tokens("github_pat_", ALNUM, 82),
    *(tokens(f"xox{kind}-", string.digits, 30) for kind in "bpacd"),
    tokens("xapp-", string.digits, 30),
    tokens("pcsk_", ALNUM, 60),
    tokens("AKIA", string.ascii_uppercase + string.digits, 16),
)
CARRIERS = st.sampled_from(
    [
        "{}",
        "https://u:{}@h/x",
        "https://{}@h/x",
        "Authorization: token {}",
        "?token={}&a=1",
        "password='{}'",
        '{{"secret": "{}"}}',
    ]
)
PROSE = st.text(string.printable, max_size=30)
NOISE = st.lists(
    st.sampled_from(
        ["://", "@", ":", "***", "key=", "?token=", "Bearer ", "basic ", "'", '"', "\\", "&", " ",
         "authorization:", "password = ", "git", "x-oauth-basic", "/", "Aa1" * 9, "ghp_", "http",
         "discord.com/api/webhooks/1/", "=", ";sig=", "\n", "secret", "xoxb-", "api-key:", ","]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(before=PROSE, token=TOKENS, carrier=CARRIERS, after=PROSE)
def test_no_token_survives_in_any_text(before: str, token: str, carrier: str, after: str) -> None:
    assert token not in redact(f"{before} {carrier.format(token)} {after}")


@given(NOISE)
def test_redaction_is_idempotent_for_fragments_in_any_order(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("unit", ["a://", "a://b:", "token='", "bearer ", "gh", "a.", "@"])
def test_a_hostile_payload_takes_no_more_than_a_moment(unit: str) -> None:
    started = time.process_time()
    redact("x://" + unit * 20_000)
    assert time.process_time() - started < 2


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def caught(error: Exception, cause: BaseException | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as raised:  # noqa: BLE001 - any error, to give it a traceback
        return raised


def test_an_error_without_a_secret_is_left_as_it_is() -> None:
    error = caught(ValueError("plain", 3), KeyError("cause"))
    assert redact_exception(error) is error
    assert error.args == ("plain", 3)


def test_the_text_of_an_error_is_cleaned_in_place() -> None:
    error = caught(ValueError(f"bad {GITHUB}", 3))
    assert redact_exception(error) is error
    assert error.args == ("bad ghp_***", 3)


def test_an_http_error_loses_the_token_of_its_url_and_keeps_its_type() -> None:
    request = httpx.Request("GET", f"https://a.io/?token={SECRET}")
    with pytest.raises(httpx.HTTPStatusError) as caught_error:
        httpx.Response(500, request=request).raise_for_status()
    assert redact_exception(caught_error.value) is caught_error.value
    assert SECRET not in printed(caught_error.value)


def test_causes_contexts_and_notes_are_cleaned_too() -> None:
    context = OSError(f"lost {GITHUB}")
    cause = RuntimeError("middle")
    cause.__context__ = context
    error = caught(ValueError("outer"), cause)
    error.add_note(f"while using {GITHUB}")
    assert redact_exception(error) is error
    assert GITHUB not in printed(error)
    assert error.__cause__ is cause
    assert cause.__context__ is context


def test_errors_among_the_arguments_are_cleaned() -> None:
    error = RuntimeError(ConnectionError(f"https://u:{SECRET}@h"))
    assert redact_exception(error) is error
    assert str(error) == "https://u:***@h"


class Login(BaseModel):
    port: int


def invalid_login() -> ValidationError:
    with pytest.raises(ValidationError) as caught_error:
        Login.model_validate({"port": GITHUB})
    return caught_error.value


def test_an_error_that_cannot_be_cleaned_is_replaced_by_one_that_says_what_it_was() -> None:
    error = invalid_login()
    stand_in = redact_exception(error)
    assert isinstance(stand_in, RedactedError)
    assert "ValidationError" in str(stand_in)
    assert GITHUB not in printed(stand_in)
    assert classify_failure(stand_in) is CollectorFailureCategory.VALIDATION
    assert stand_in.__traceback__ is error.__traceback__


def test_a_replaced_cause_leaves_the_outer_error_in_place() -> None:
    error = caught(RuntimeError("outer"), invalid_login())
    assert redact_exception(error) is error
    assert isinstance(error.__cause__, RedactedError)
    assert GITHUB not in printed(error)


def test_a_replaced_context_stays_as_suppressed_as_it_was() -> None:
    error = RuntimeError("outer")
    error.__context__ = invalid_login()
    redact_exception(error)
    assert isinstance(error.__context__, RedactedError)
    assert not error.__suppress_context__


def test_a_stand_in_keeps_the_cause_of_what_it_replaces() -> None:
    cause = KeyError("missing")
    error = caught(invalid_login(), cause)
    assert redact_exception(error).__cause__ is cause


def test_a_circle_of_errors_is_cleaned_once() -> None:
    first, second = ValueError(GITHUB), KeyError("second")
    first.__context__, second.__context__ = second, first
    assert redact_exception(first) is first
    assert str(first) == "ghp_***"


def test_members_of_a_group_are_cleaned_in_place() -> None:
    group = ExceptionGroup("two", [ValueError(GITHUB), KeyError("x")])
    assert redact_exception(group) is group
    assert GITHUB not in printed(group)


@pytest.mark.parametrize(
    "group",
    [
        ExceptionGroup("one", [FileNotFoundError(2, "gone", "/?token=" + SECRET)]),
        ExceptionGroup("used " + GITHUB, [KeyError("x")]),
    ],
    ids=["member", "message"],
)
def test_a_group_with_a_part_that_cannot_be_cleaned_is_rebuilt(
    group: ExceptionGroup[Exception],
) -> None:
    group.add_note("told you")
    fresh = redact_exception(caught(group))
    assert isinstance(fresh, ExceptionGroup)
    assert SECRET not in printed(fresh)
    assert GITHUB not in printed(fresh)
    assert fresh.__notes__ == ["told you"]
    assert fresh.__traceback__ is group.__traceback__


class Stopped(CancelledError):
    def __str__(self) -> str:
        return GITHUB


@pytest.mark.parametrize("error", [KeyboardInterrupt("x"), Stopped()])
def test_what_ends_a_program_is_never_replaced(error: BaseException) -> None:
    assert redact_exception(error) is error
