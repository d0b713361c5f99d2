"""The log: which records are written, in which form, and never with content.

A record of ours becomes an event with fields of an allowlist. Of a record of a library only its
level and logger are written, since its text may quote what a caller sent. Of an exception its class
and its frames are, never its arguments. Whatever happens over and over is summed up.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TextIO

import anyio

from fondaco.ports.incidents import Incident, place_of, report, report_error

if TYPE_CHECKING:
    from threading import ExceptHookArgs

Format = Literal["text", "json"]
Value = str | int | float

ACCESS = "fondaco.access"
FIELDS = (
    *("reason", "engine", "model", "call_id", "account_id", "place"),
    *("method", "route", "status", "ms", "bytes", "request_id", "key_id", "repeated"),
)
"""Names of everything that may be written beside time, level, logger and event."""
MOST_ALIKE = 5
"""Lines alike that are written in one second; more are counted, and summed up in one line."""
_SECOND = 1.0
_MOST_KINDS = 1_024
_LONGEST = 300
_LIBRARY = "library"
_OURS = "fondaco"


@dataclass(frozen=True, slots=True)
class Event:
    """Fields of a log record that are written."""

    time: str
    """In UTC, as RFC 3339 has it."""
    level: str
    logger: str
    event: str
    fields: Mapping[str, Value]


def event_of(record: logging.LogRecord) -> Event:
    """Return the fields of a record that may be written."""
    fields = _fields(record)
    if record.exc_info and (error := record.exc_info[1]) is not None:
        fields |= {"reason": type(error).__name__, "place": place_of(error)}
    at = datetime.fromtimestamp(record.created, UTC)
    return Event(
        time=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        level=record.levelname.lower(),
        logger=record.name,
        event=_event(record),
        fields=fields,
    )


def as_text(event: Event) -> str:
    """Return a line for people: time, level, logger, event, and fields as `name=value`."""
    words = [f"{name}={_quoted(value)}" for name, value in event.fields.items()]
    return " ".join((event.time, event.level.upper(), event.logger, event.event, *words))


def as_json(event: Event) -> str:
    """Return a line for programs: one object."""
    return json.dumps(
        {
            "time": event.time,
            "level": event.level,
            "logger": event.logger,
            "event": event.event,
            "fields": dict(event.fields),
        },
        separators=(",", ":"),
    )


_FORMS: Mapping[Format, Callable[[Event], str]] = {"text": as_text, "json": as_json}


@dataclass(slots=True)
class _Second:
    """Count of identical records within one second."""

    began: float
    lines: int = 0
    held: int = 0
    latest: logging.LogRecord | None = None
    """Of those that were held back."""


class LogOutput(logging.Handler):
    """Writes events to a stream, a line each; of a flood of equal ones the first few and their sum."""

    def __init__(
        self, stream: TextIO, output_format: Format, level: int, monotonic: Callable[[], float]
    ) -> None:
        """Write what has at least `level`, and every line of the access log."""
        super().__init__()
        self.addFilter(self._wants)
        self._stream = stream
        self._output_format = _FORMS[output_format]
        self._least = level
        self._monotonic = monotonic
        self._seconds: dict[object, _Second] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or hold it back."""
        now = self._monotonic()
        self._sum_up(now)
        if record.name == ACCESS:
            self._write(record)
            return
        kind = self._seconds.setdefault(_kind(record), _Second(now))
        if kind.lines < MOST_ALIKE:
            kind.lines += 1
            self._write(record)
        else:
            kind.held += 1
            kind.latest = record

    def sum_up(self) -> None:
        """Write of all that was held back how much it was, once its second is over."""
        self.acquire()
        try:
            self._sum_up(self._monotonic())
        finally:
            self.release()

    def close(self) -> None:
        """Write the records that were held back, whatever the time."""
        self.acquire()
        try:
            self._sum_up(inf)
        finally:
            self.release()
        super().close()

    def _wants(self, record: logging.LogRecord) -> bool:
        """Whether a record is written: those of libraries are only if they warn."""
        if record.name == ACCESS:
            return True
        least = self._least if _is_ours(record) else max(self._least, logging.WARNING)
        return record.levelno >= least

    def _sum_up(self, now: float) -> None:
        # In the order of their beginning, so that the first one that is not over ends the look.
        while self._seconds:
            key, second = next(iter(self._seconds.items()))
            if now - second.began < _SECOND and len(self._seconds) <= _MOST_KINDS:
                return
            del self._seconds[key]
            if second.latest is not None:
                self._write(second.latest, second.held)

    def _write(self, record: logging.LogRecord, repeated: int = 0) -> None:
        event = event_of(record)
        if repeated:
            event = Event(
                event.time,
                event.level,
                event.logger,
                event.event,
                {**event.fields, "repeated": repeated},
            )
        try:
            self._stream.write(self._output_format(event) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads, or it was closed; a log that cannot be written stops no call


def log_to_stderr(
    level: str, output_format: Format, *, access: bool, monotonic: Callable[[], float]
) -> LogOutput:
    """Have the log written to standard error, and uncaught exceptions as events of it."""
    least = logging.getLevelNamesMapping()[level.upper()]
    output = LogOutput(sys.stderr, output_format, least, monotonic)
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(least)
    logging.getLogger(ACCESS).setLevel(logging.INFO if access else logging.CRITICAL)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # it would print a record's arguments
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda args: _fatal(args.exc_value, args.exc_type)
    threading.excepthook = _uncaught_in_thread
    return output


async def sum_up_floods() -> None:
    """Have the log sum up every second what it held back, until cancelled."""
    outputs = [one for one in logging.getLogger().handlers if isinstance(one, LogOutput)]
    while True:
        await anyio.sleep(_SECOND)
        for output in outputs:
            output.sum_up()


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name == _OURS or record.name.startswith(f"{_OURS}.")


def _kind(record: logging.LogRecord) -> object:
    """Return what records of a flood have in common."""
    fields = _fields(record)
    details = tuple(fields.get(name) for name in ("reason", "engine", "model"))
    return (record.name, record.levelno, _event(record), *details)


def _fields(record: logging.LogRecord) -> dict[str, Value]:
    fields = record.__dict__.get("fields")
    if not isinstance(fields, Mapping):
        return {}
    return {name: _value(fields[name]) for name in FIELDS if name in fields}


def _event(record: logging.LogRecord) -> str:
    if not _is_ours(record):
        return _LIBRARY
    if (incident := record.__dict__.get("incident")) is not None:
        return str(incident)
    args: object = record.args or ()
    if isinstance(args, Mapping):
        args = {name: _value(value) for name, value in args.items()}
    elif isinstance(args, tuple):
        args = tuple(map(_value, args))
    try:
        return _plain(str(record.msg) % args)
    except (TypeError, ValueError, KeyError):  # it does not fit to its arguments
        return _plain(str(record.msg))


def _value(value: object) -> Value:
    """Return a value as it may be written: a number, a short text, or else only its class."""
    if isinstance(value, str):
        return _plain(value)
    return value if isinstance(value, int | float) else type(value).__name__


def _plain(text: str) -> str:
    """Return a text on one line of ASCII, not longer than a name or a sentence needs to be."""
    return json.dumps(text[:_LONGEST])[1:-1].replace('\\"', '"')


def _quoted(value: Value) -> str:
    text = str(value)
    return text if text and " " not in text and '"' not in text else json.dumps(text)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, _: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _fatal(error, kind)


def _uncaught_in_thread(args: "ExceptHookArgs") -> None:
    if args.exc_type is not SystemExit:
        _fatal(args.exc_value, args.exc_type)


def _fatal(error: BaseException | None, kind: type[BaseException]) -> None:
    if error is None:
        report(Incident.TASK_FAILED, reason=kind.__name__, level=logging.ERROR)
    else:
        report_error(Incident.TASK_FAILED, error)
