"""What survives: kill -9 of the server, and of its engine."""

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from program import Program, program, until

# At temperature 0 the story fills its limit; drawn at random, it may end before anything is cut off.
ASK = {
    "model": "default",
    "messages": [{"role": "user", "content": "Tell me a long story about the sea."}],
    "max_tokens": 600,
    "temperature": 0,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def streamed(one: Program, **fields: object) -> Iterator[str]:
    """Yield what each event of a stream adds, to its end or to an error event."""
    body = {**ASK, "stream": True, **fields}
    with one.http.stream("POST", "/api/v1/chat/completions", json=body) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line.removeprefix("data: ")).get("choices", ()):
                    if text := choice["delta"].get("content"):
                        yield text


def test_a_reply_that_came_whole_is_charged_although_the_server_is_killed_at_once(
    home: Path,
) -> None:
    received: list[str] = []
    key = ""
    for _ in range(3):
        with program(home, key) as one:
            key = one.api_key
            reply = one.http.post("/api/v1/chat/completions", json={**ASK, "max_tokens": 2})
            one.kill()
        assert reply.status_code == 200
        received.append(reply.headers["cf-ray"])
    with program(home, key) as one:
        charged = [entry.call_id for entry in one.charged() if "output" in entry.sku]
    assert charged == received


def test_a_stream_that_a_kill_cut_is_settled_at_the_next_start(home: Path) -> None:
    with program(home) as one:
        key = one.api_key
        pieces = streamed(one)
        next(piece for piece in pieces if _noted(one))
        one.kill()
        with pytest.raises(httpx2.TransportError):
            list(pieces)
        assert one.charged() == []
    with program(home, key) as again:
        [output] = [entry for entry in again.charged() if "output" in entry.sku]
        assert 0 < output.units <= 600
        assert "restart" in output.notes
    assert Fondaco(home)("ledger", "verify").code == 0


def _noted(one: Program) -> bool:
    """Whether output of the call under way is noted in the database."""
    with closing(sqlite3.connect(one.home / "fondaco.sqlite3", timeout=10)) as database:
        rows: list[tuple[int]] = database.execute("SELECT output_tokens FROM open_call").fetchall()
        return any(tokens for (tokens,) in rows)


def test_the_next_call_works_soon_after_the_engine_is_killed(home: Path) -> None:
    with program(home) as one:
        until(lambda: one.http.get("/readyz").status_code == 200, within_s=60)
        [engine] = one.children()
        os.kill(engine, signal.SIGKILL)
        reply = one.http.get("/healthz")
        assert reply.status_code == 200

        def answered() -> bool:
            reply = one.http.post("/api/v1/chat/completions", json={**ASK, "max_tokens": 1})
            assert reply.status_code in {200, 503}
            assert reply.status_code == 200 or int(reply.headers["retry-after"]) >= 1
            return reply.status_code == 200

        until(answered, within_s=10)
        assert one.children() != [engine]


def test_a_stream_whose_engine_is_killed_ends_with_an_error_event_and_is_charged(
    home: Path,
) -> None:
    with program(home) as one:
        body = {**ASK, "stream": True}
        events: list[str] = []
        with one.http.stream("POST", "/api/v1/chat/completions", json=body) as reply:
            for line in reply.iter_lines():
                if not line:
                    continue
                events.append(line)
                if len(events) == 10:
                    os.kill(one.children()[0], signal.SIGKILL)
        assert '"error"' in events[-1]
        assert "data: [DONE]" not in events
        [output] = [entry for entry in one.charged() if "output" in entry.sku]
        assert output.units >= 9
        assert "delivered" in output.notes


def test_the_engine_dies_with_a_killed_server(home: Path) -> None:
    with program(home) as one:
        until(lambda: one.http.get("/readyz").status_code == 200, within_s=60)
        [engine] = one.children()
        one.kill()
        until(lambda: not Path(f"/proc/{engine}").exists(), within_s=5)


def test_sigterm_drains_running_streams_and_exits_with_0(home: Path) -> None:
    with program(home) as one:
        pieces = streamed(one, max_tokens=60)
        next(pieces)
        one.process.send_signal(signal.SIGTERM)
        seen = 1 + len(list(pieces))
        assert one.process.wait(30) == 0
        [output] = [entry for entry in one.charged() if "output" in entry.sku]
        assert 1 < seen <= output.units <= 60
        assert output.notes == ""


def test_a_second_sigterm_stops_at_once(home: Path) -> None:
    with program(home) as one:
        pieces = streamed(one)
        next(pieces)
        one.process.send_signal(signal.SIGTERM)
        until(lambda: one.process.poll() is None and _draining(one), within_s=5)
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(10) == 0
        with contextlib.suppress(httpx2.TransportError):
            assert len(list(pieces)) < 599
        [output] = [entry for entry in one.charged() if "output" in entry.sku]
        assert "the server was stopped" in output.notes


def test_a_call_that_outlasts_the_drain_gets_an_error_and_is_settled(home: Path) -> None:
    with program(home, environ={"FONDACO_SERVER__DRAIN_TIMEOUT_S": "1"}) as one:
        with one.http.stream(
            "POST", "/api/v1/chat/completions", json={**ASK, "stream": True, "n": 8}
        ) as reply:
            events = (line for line in reply.iter_lines() if line)
            next(events)
            one.process.send_signal(signal.SIGTERM)
            *_, last = events
        assert one.process.wait(10) == 0
        assert json.loads(last.removeprefix("data: "))["code"] == "SHUTTING_DOWN"
        [output] = [entry for entry in one.charged() if "output" in entry.sku]
        assert "the server was stopped" in output.notes


def _draining(one: Program) -> bool:
    try:
        return httpx2.get(f"{one.url}/healthz", timeout=2).status_code != 200
    except httpx2.TransportError:
        return True  # no new connections are taken
