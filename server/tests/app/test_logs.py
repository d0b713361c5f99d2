"""The log: events with fields of an allowlist, in two forms, and never what anybody said."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from fondaco.app.logs import ACCESS, FIELDS, MOST_ALIKE, Format, LogOutput, event_of, log_to_stderr
from fondaco.ports.incidents import Incident, report, report_error
from hand_clock import HandClock

CANARY = "canary-4711"


class Log:
    """A log that a test can read."""

    def __init__(self, output_format: Format = "json", level: int = logging.DEBUG) -> None:
        self.clock = HandClock()
        self.stream = io.StringIO()
        self.output = LogOutput(self.stream, output_format, level, self.clock.monotonic)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    @property
    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Log]:
    one = Log()
    yield from listened_to(one)


def listened_to(one: Log) -> Iterator[Log]:
    root = logging.getLogger()
    before = root.level
    root.addHandler(one.output)
    root.setLevel(logging.DEBUG)
    try:
        yield one
    finally:
        root.removeHandler(one.output)
        root.setLevel(before)


@pytest.fixture
def text_log() -> Iterator[Log]:
    yield from listened_to(Log("text"))


def raised() -> ValueError:
    """Return an error that speaks of content, with the frame where it was raised."""
    try:
        int(CANARY)
    except ValueError as error:
        return error
    raise AssertionError


def fail(level: int = logging.WARNING, **fields: str) -> None:
    report(Incident.ENGINE_FAILED, **{"reason": "timeout", **fields}, level=level)  # type: ignore[arg-type]


def test_an_incident_is_one_object_a_line(log: Log) -> None:
    fail(engine="first", model="toy", call_id="ab" * 16)
    [one] = log.objects
    time = one.pop("time")
    assert isinstance(time, str)
    assert time.endswith("Z")
    assert one == {
        "level": "warning",
        "logger": "fondaco.incidents",
        "event": "engine_failed",
        "fields": {"reason": "timeout", "engine": "first", "model": "toy", "call_id": "ab" * 16},
    }


def test_as_text_it_is_one_line_of_words(text_log: Log) -> None:
    fail(engine="first", model="a model")
    [line] = text_log.lines
    assert line.endswith(
        ' WARNING fondaco.incidents engine_failed reason=timeout engine=first model="a model"'
    )


@pytest.mark.parametrize("output_format", ["json", "text"])
def test_nothing_else_reaches_the_log(output_format: Format) -> None:
    for one in listened_to(Log(output_format)):
        ours, theirs = logging.getLogger("fondaco.http"), logging.getLogger("asyncio")
        error = raised()
        ours.error("something failed", exc_info=error)
        ours.warning("it failed with %s", error)
        ours.warning("it failed with %(what)s", {"what": error})
        theirs.error("failed on %s", CANARY, exc_info=error)
        ours.warning("fields", extra={"fields": {"prompt": CANARY, "engine": [CANARY]}})
        ours.warning("fields", extra={"prompt": CANARY})
        theirs.error(f"failed on {CANARY}")
        logging.getLogger("py.warnings").warning(CANARY)
        assert len(one.lines) == 8
        assert CANARY not in one.stream.getvalue()
        assert "ValueError" in one.lines[0]
        assert "test_logs:" in one.lines[0]


def test_a_text_that_does_not_fit_its_arguments_is_written_without_them() -> None:
    record = logging.LogRecord("fondaco", logging.ERROR, "", 0, "%d of %d", (CANARY,), None)
    assert event_of(record).event == "%d of %d"


def test_no_text_begins_a_line_of_its_own(text_log: Log) -> None:
    logging.getLogger("fondaco").warning("said %s", f"a\nERROR b\x1b[0m{'x' * 10_000}")
    [line] = text_log.lines
    assert "\\nERROR" in line
    assert "\x1b" not in line
    assert len(line) < 500


def test_libraries_are_logged_from_warnings_on(log: Log) -> None:
    for level in (logging.DEBUG, logging.INFO):
        logging.getLogger("httpx2").log(level, "GET /%s", CANARY)
    assert log.lines == []


def test_a_flood_is_five_lines_and_their_sum(log: Log) -> None:
    for _ in range(1_000):
        fail(engine="first")
        fail(engine="second")
    assert len(log.lines) == 2 * MOST_ALIKE
    log.clock.at += 1.0
    log.output.sum_up()
    sums = log.objects[2 * MOST_ALIKE :]
    assert [one["fields"] for one in sums] == [
        {"reason": "timeout", "engine": name, "repeated": 1_000 - MOST_ALIKE}
        for name in ("first", "second")
    ]
    log.output.sum_up()
    fail(engine="first")
    assert len(log.lines) == 2 * MOST_ALIKE + 3


def test_sentences_that_differ_are_no_flood(log: Log) -> None:
    for number in range(MOST_ALIKE + 5):
        logging.getLogger("fondaco").error("configuration: %s", f"fault {number}")
    assert len(log.lines) == MOST_ALIKE + 5


def test_suppressed_log_lines_are_summed_at_the_end(log: Log) -> None:
    for _ in range(MOST_ALIKE + 2):
        fail()
    log.output.close()
    assert log.objects[-1]["fields"] == {"reason": "timeout", "repeated": 2}


def test_kinds_by_the_thousand_take_no_memory(log: Log) -> None:
    for number in range(5_000):
        fail(model=f"m{number}")
    assert len(log.lines) == 5_000
    assert len(log.output._seconds) < 2_000


def test_the_level_is_the_operator_s_but_counts_and_the_access_log_go_on() -> None:
    for one in listened_to(Log(level=logging.ERROR)):
        logging.getLogger().setLevel(logging.ERROR)
        fail()
        fail(logging.ERROR)
        logging.getLogger(ACCESS).setLevel(logging.INFO)
        logging.getLogger(ACCESS).info("access", extra={"fields": {"status": 200}})
        assert [line["event"] for line in one.objects] == ["engine_failed", "access"]
        assert logging.getLogger("fondaco.incidents").isEnabledFor(logging.WARNING)


def test_each_error_of_a_group_is_reported_by_itself(log: Log) -> None:
    group = BaseExceptionGroup(CANARY, [raised(), BaseExceptionGroup("", [KeyError(CANARY)])])
    report_error(Incident.TASK_FAILED, group)
    fields = [one["fields"] for one in log.objects]
    assert isinstance(fields[0], dict)
    assert "test_logs:" in fields[0].pop("place")
    assert fields == [{"reason": "ValueError"}, {"reason": "KeyError"}]


def test_every_field_of_an_incident_may_be_written() -> None:
    for one in listened_to(Log()):
        report(
            Incident.DEFECT,
            reason="r",
            engine="e",
            model="m",
            call_id="c",
            account_id=1,
            place="p:1",
        )
        fields = one.objects[0]["fields"]
        assert isinstance(fields, dict)
        assert set(fields) <= set(FIELDS)
        assert len(fields) == 6


def test_uncaught_errors_are_events_without_their_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    log_to_stderr("warning", "text", access=False, monotonic=HandClock().monotonic)
    sys.excepthook(RuntimeError, RuntimeError(CANARY), None)
    logging.captureWarnings(capture=False)
    logging.getLogger(ACCESS).setLevel(logging.NOTSET)
    said = capsys.readouterr().err
    assert "task_failed reason=RuntimeError" in said
    assert CANARY not in said
