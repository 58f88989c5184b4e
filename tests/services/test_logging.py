"""Every record tells which run it belongs to, and none shows a secret."""

import io
import json
import logging
from collections.abc import Iterator
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Thread

import pytest

from services.logging import (
    JsonFormatter,
    RedactingFilter,
    RunContextFilter,
    TextFormatter,
    configure_logging,
    format_consoles,
    install_redaction,
    log_context,
)

GITHUB = "ghp_" + "a1B2" * 9


class Sink(logging.StreamHandler[io.StringIO]):
    """Writes to memory through both filters, and remembers the records."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(io.StringIO())
        self.setFormatter(formatter)
        self.addFilter(RunContextFilter())
        self.addFilter(RedactingFilter())
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        super().emit(record)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


def logger_to(*sinks: logging.Handler) -> logging.Logger:
    """A logger of its own, outside the tree that other tests share."""
    logger = logging.Logger("collectors.heartbeat")  # noqa: LOG001 - see above
    for sink in sinks:
        logger.addHandler(sink)
    return logger


@pytest.fixture
def sink() -> Sink:
    return Sink(TextFormatter())


@pytest.fixture
def logger(sink: Sink) -> logging.Logger:
    return logger_to(sink)


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    filters = {handler: handler.filters[:] for handler in handlers}
    yield
    root.handlers[:], root.level = handlers, level
    for handler, present in filters.items():
        handler.filters[:] = present


def test_fields_stand_in_the_line_as_a_grep_expects_them(
    sink: Sink, logger: logging.Logger
) -> None:
    with log_context(collector="heartbeat", source_key="two words"):
        logger.info("done")
    line = ' INFO collectors.heartbeat: done collector=heartbeat source_key="two words"\n'
    assert sink.text.endswith(line)


def test_inner_fields_are_added_and_gone_afterwards(sink: Sink, logger: logging.Logger) -> None:
    with log_context(collector="heartbeat", collector_phase="validate"):
        with log_context(collector_phase="collect"):
            logger.info("inner")
        logger.info("outer")
    logger.info("none")
    inner, outer, none = sink.text.splitlines()
    assert inner.endswith("inner collector=heartbeat collector_phase=collect")
    assert outer.endswith("outer collector=heartbeat collector_phase=validate")
    assert none.endswith("none")


def test_fields_end_with_an_error(sink: Sink, logger: logging.Logger) -> None:
    with pytest.raises(KeyError), log_context(collector="heartbeat"):
        raise KeyError
    logger.info("after")
    assert "heartbeat " not in sink.text


def test_fields_follow_a_copied_context_into_a_thread(sink: Sink, logger: logging.Logger) -> None:
    with log_context(run_id="7"):
        thread = Thread(target=copy_context().run, args=(logger.info, "there"))
    thread.start()
    thread.join()
    assert "there run_id=7" in sink.text


def test_extra_given_with_the_message_wins_over_the_context(
    sink: Sink, logger: logging.Logger
) -> None:
    with log_context(flow_run_id="ours"):
        logger.info("x", extra={"flow_run_id": "prefect's"})
    assert "flow_run_id=prefect's" in sink.text


def test_times_are_utc(sink: Sink) -> None:
    record = logging.makeLogRecord({"created": 0.0, "msg": "x"})
    assert sink.format(record).startswith("1970-01-01T00:00:00Z ")


@pytest.mark.parametrize(
    ("message", "arguments", "expected"),
    [
        (f"used {GITHUB}", (), "used ghp_***"),
        ("used %s", (GITHUB,), "used ghp_***"),
        ("used %(token)s", ({"token": GITHUB},), "used ghp_***"),
        ("used %s", ([GITHUB],), "used ['ghp_***']"),
        ("GET /?token=%s&n=%d", ("abc", 3), "GET /?token=***&n=3"),
        ("%d of %d", (1, 2), "1 of 2"),
    ],
)
def test_a_message_shows_no_secret(
    sink: Sink, logger: logging.Logger, message: str, arguments: tuple[object, ...], expected: str
) -> None:
    logger.info(message, *arguments)
    assert sink.text.rstrip().endswith(f": {expected}")


def test_arguments_keep_their_places_for_formatters_that_take_them_apart(
    sink: Sink, logger: logging.Logger
) -> None:
    logger.info("%s %d", f"/x?token={GITHUB}", 200)
    assert sink.records[0].args == ("/x?token=***", 200)


def test_a_message_whose_arguments_do_not_fit_is_not_lost_and_not_raw(
    sink: Sink, logger: logging.Logger
) -> None:
    logger.info("only %s", 1, [GITHUB])  # noqa: PLE1205 - the mistake is the subject
    assert sink.text.rstrip().endswith("only %s (1, ['ghp_***'])")


def test_a_record_that_was_cleaned_for_one_handler_is_fit_for_the_next() -> None:
    first, second = Sink(TextFormatter()), Sink(JsonFormatter())
    logger_to(first, second).info("100%% of /?token=%s", "abc")
    assert first.text.rstrip().endswith("100% of /?token=***")
    assert json.loads(second.text)["message"] == "100% of /?token=***"


def test_lone_surrogates_are_escaped_so_that_every_stream_takes_the_line(
    sink: Sink, logger: logging.Logger
) -> None:
    try:
        raise ValueError("half \ud800")
    except ValueError:
        logger.exception("a half %s", "\udfff")
    assert "a half \\udfff" in sink.text
    assert "half \\ud800" in sink.text
    assert sink.text.encode()


def test_a_traceback_that_is_not_there_is_not_printed(sink: Sink, logger: logging.Logger) -> None:
    logger.error("no error at hand", exc_info=True)  # noqa: LOG014 - as Prefect does it
    assert sink.text.count("\n") == 1


def test_fields_and_stack_show_no_secret(sink: Sink, logger: logging.Logger) -> None:
    logger.info("x", extra={"source_key": GITHUB}, stack_info=True)
    sink.records[0].stack_info = f"line {GITHUB}"
    assert RedactingFilter().filter(sink.records[0])
    assert "source_key=ghp_***" in sink.text
    assert sink.records[0].stack_info == "line ghp_***"


def log_failure(logger: logging.Logger, text: str) -> None:
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logger.exception("failed")


def test_a_traceback_with_a_secret_is_cleaned_for_every_formatter(
    sink: Sink, logger: logging.Logger
) -> None:
    log_failure(logger, f"used {GITHUB}")
    assert "RuntimeError: used ghp_***" in sink.text
    assert sink.records[0].exc_info is None


def test_a_traceback_without_a_secret_is_left_alone(sink: Sink, logger: logging.Logger) -> None:
    log_failure(logger, "plain")
    assert "RuntimeError: plain" in sink.text
    assert sink.records[0].exc_info is not None


def test_fields_stand_on_the_first_line_of_a_traceback(sink: Sink, logger: logging.Logger) -> None:
    with log_context(failure_category="network"):
        log_failure(logger, "plain")
    assert sink.text.splitlines()[0].endswith("failed failure_category=network")


def test_json_is_one_object_a_line() -> None:
    sink = Sink(JsonFormatter())
    with log_context(collector="heartbeat", run_id="7"):
        log_failure(logger_to(sink), "two\nlines")
    [line] = sink.text.splitlines()
    found = json.loads(line)
    assert datetime.fromisoformat(found.pop("timestamp")).utcoffset() == timedelta(0)
    assert "RuntimeError: two\nlines" in found.pop("exception")
    assert found == {
        "severity": "ERROR",
        "logger": "collectors.heartbeat",
        "message": "failed",
        "collector": "heartbeat",
        "run_id": "7",
    }


def test_json_without_an_error_has_no_exception() -> None:
    line = JsonFormatter().format(logging.makeLogRecord({"msg": "x"}))
    assert "exception" not in json.loads(line)


def test_json_shows_an_exception_that_no_filter_has_seen() -> None:
    error = ValueError("bad")
    record = logging.makeLogRecord({"msg": "x", "exc_info": (ValueError, error, None)})
    assert json.loads(JsonFormatter().format(record))["exception"] == "ValueError: bad"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_configured_process_logs_to_standard_error(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure_logging("INFO", "json" if log_format == "json" else "text")
    with log_context(collector="heartbeat"):
        logging.getLogger("some.child").info("used %s", GITHUB)
    [line] = capsys.readouterr().err.splitlines()
    assert "heartbeat" in line
    assert "used ghp_***" in line
    assert line.startswith("{") is (log_format == "json")


def test_configuring_again_changes_level_and_format_and_doubles_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("DEBUG", "text")
    configure_logging("WARNING", "json")
    logging.getLogger("some.child").info("quiet")
    logging.getLogger("some.child").warning("once")
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "once"


def test_handlers_of_named_loggers_are_made_safe_once() -> None:
    handler = logging.StreamHandler(io.StringIO())
    named = logging.getLogger("test_logging.named")
    named.addHandler(handler)
    install_redaction("test_logging.named")
    install_redaction("test_logging.named")
    logging.getLogger("test_logging.named.child").warning("used %s", GITHUB)
    named.removeHandler(handler)
    assert handler.stream.getvalue() == "used ghp_***\n"
    assert len(handler.filters) == 2


def test_a_console_that_somebody_else_gave_a_logger_speaks_our_format() -> None:
    console, other = logging.StreamHandler(io.StringIO()), logging.NullHandler()
    logger = logging.getLogger("somebody.else")
    logger.handlers = [other, console]
    format_consoles("WARNING", "json", logger.name)
    logger.info("not this")
    logger.warning("this")
    assert json.loads(console.stream.getvalue())["message"] == "this"
    assert other.formatter is None
