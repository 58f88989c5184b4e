"""Logging of our processes: every record says which run it belongs to and shows no secret."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TypedDict, Unpack

from services.redaction import redact

LogFormat = Literal["text", "json"]
# They tell every request and every migration step at INFO.
CHATTY_LOGGERS = ("httpx", "alembic")
_HANDLER_NAME = "bdc"


class RunFields(TypedDict, total=False):
    """What a record may say about the run it belongs to."""

    collector: str
    source_key: str
    run_id: str
    flow_run_id: str
    collector_phase: str
    failure_category: str


_FIELD_NAMES = tuple(RunFields.__annotations__)
_NOTHING: Mapping[str, object] = MappingProxyType({})
_fields: ContextVar[Mapping[str, object]] = ContextVar("bdc_log_fields", default=_NOTHING)


@contextmanager
def log_context(**fields: Unpack[RunFields]) -> Iterator[None]:
    """Put the fields on every record logged inside, on top of those of an enclosing context.

    A new thread starts without them unless it runs in a copy of the context.
    """
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


class RunContextFilter(logging.Filter):
    """Adds the fields of `log_context` to a record; what the record has from `extra` wins.

    A filter, since a record factory would make `extra={"flow_run_id": ...}`, which Prefect's
    loggers pass, a KeyError. It must sit on a handler: the filters of a logger do not see the
    records of its children.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        for name, value in _fields.get().items():
            record.__dict__.setdefault(name, value)
        return True


class RedactingFilter(logging.Filter):
    """Hides secrets in message, arguments, fields, traceback and stack of a record.

    Changes the record for every later handler too. When a traceback shows a secret, the cleaned
    text is all that is left of it: `exc_info` is dropped, so that no formatter prints it again.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.args = _clean_arguments(record)
        _clean_message(record)
        _clean_traceback(record)
        for name in ("stack_info", *_FIELD_NAMES):
            _clean_attribute(record, name)
        return True


class TextFormatter(logging.Formatter):
    """`time level logger: message key=value …`, the fields on the line that a grep finds."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        """The line without the traceback, which follows on lines of its own."""
        pairs = [f"{name}={_quoted(value)}" for name, value in _fields_of(record).items()]
        return " ".join([super().formatMessage(record), *pairs])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp (UTC), severity, logger, message, the fields, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
            **_exception_of(record),
        }
        return json.dumps(line, default=str)


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Log to standard error, in this process, from `level` up; calling it again changes both.

    Handlers that others put on the root logger stay and are made safe.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.name == _HANDLER_NAME]:
        root.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.name = _HANDLER_NAME
    handler.setFormatter(_formatter(log_format))
    root.addHandler(handler)
    root.setLevel(level)
    for chatty in CHATTY_LOGGERS:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    install_redaction()


def install_redaction(*logger_names: str) -> None:
    """Put both filters on the handlers of the root logger and of the loggers named.

    Name every logger that has handlers of its own. To be called again after somebody has
    configured logging anew; handlers that have the filters already are left alone.
    """
    for logger in (logging.getLogger(), *map(logging.getLogger, logger_names)):
        for handler in logger.handlers:
            _equip(handler)


def format_consoles(level: str, log_format: LogFormat, *logger_names: str) -> None:
    """Let these loggers speak from `level` up, and somebody else's consoles in our format.

    Those of the root logger too: there stand Prefect's own lines about a run.
    """
    named = [logging.getLogger(name) for name in logger_names]
    for logger in named:
        logger.setLevel(level)
    for logger in (logging.getLogger(), *named):
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(_formatter(log_format))


def _formatter(log_format: LogFormat) -> logging.Formatter:
    return JsonFormatter() if log_format == "json" else TextFormatter()


def _equip(handler: logging.Handler) -> None:
    for kind in (RunContextFilter, RedactingFilter):
        if not any(isinstance(present, kind) for present in handler.filters):
            handler.addFilter(kind())


def _clean_arguments(record: logging.LogRecord) -> tuple[object, ...] | Mapping[str, object] | None:
    """Each argument by itself, because some formatters (uvicorn's) take them apart."""
    if isinstance(record.args, tuple):
        return tuple(_clean(argument) for argument in record.args)
    if isinstance(record.args, Mapping):
        return {name: _clean(argument) for name, argument in record.args.items()}
    return record.args


def _clean_message(record: logging.LogRecord) -> None:
    """A secret that shows only once message and arguments are put together is hidden as well."""
    message = _message(record)
    cleaned = printable(redact(message))
    if cleaned != message or record.args is None:
        record.msg, record.args = cleaned, None


def _message(record: logging.LogRecord) -> str:
    """If the arguments do not fit, all the parts, which logging itself would print raw."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        arguments, record.args = record.args, None
        return f"{record.msg} {arguments}"


def _clean_traceback(record: logging.LogRecord) -> None:
    if record.exc_info and record.exc_info[0] is None:
        record.exc_info = None  # asked for a traceback where there is none: "NoneType: None"
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    cleaned = printable(redact(record.exc_text or ""))
    if record.exc_text and cleaned != record.exc_text:
        record.exc_text, record.exc_info = cleaned, None


def printable(text: str) -> str:
    """Lone surrogates, which no stream takes, and NUL, which PostgreSQL does not, as escapes.

    Prefect's API would answer 500 to either, and its client would try for minutes.
    """
    plain = text.replace("\0", "\\x00")
    return plain if plain.isascii() else plain.encode("utf-8", "backslashreplace").decode("utf-8")


def _clean_attribute(record: logging.LogRecord, name: str) -> None:
    if name in record.__dict__:
        record.__dict__[name] = _clean(record.__dict__[name])


def _clean(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


def _fields_of(record: logging.LogRecord) -> dict[str, object]:
    return {name: record.__dict__[name] for name in _FIELD_NAMES if name in record.__dict__}


def _exception_of(record: logging.LogRecord) -> dict[str, str]:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return {"exception": record.exc_text} if record.exc_text else {}


def _quoted(value: object) -> str:
    """A value with white space in quotes, so that the line can be taken apart again."""
    text = str(value)
    return json.dumps(text) if any(map(str.isspace, text)) else text
