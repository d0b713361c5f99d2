"""`fondaco ps` and `fondaco status` over scripted replies: every state, odd shapes, a server without these endpoints."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli_program import Fondaco
from fondaco.cli.exits import Exit

ENGINE = {
    "id": "embedded",
    "kind": "llamacpp",
    "address": None,
    "models": ["smollm2-135m"],
    "state": "loaded",
    "reason": None,
    "running": 1,
    "waiting": 0,
    "slots": 4,
    "memoryBytes": 312_000_000,
    "lastFaultAt": None,
    "isLocal": True,
}
STOPPED = {**ENGINE, "id": "gpu\x1b[2J", "state": "unreachable", "slots": None, "reason": "refused"}
STATUS = {
    "version": "0.1.0",
    "startedAt": "2026-11-27T00:00:00Z",
    "url": "http://127.0.0.1:8000",
    "pid": 7,
    "callsRunning": 1,
    "callsPerMinute": 12.5,
    "tokensPerSecond": 45,
    "memoryBytes": 200_000_000,
    "ready": False,
    "reason": "the default model loads",
    "charges": {"today": {"usd": 0.0123, "diem": 0.0205, "calls": 42}},
}
BALANCES = {"data": {"balances": {"USD": 9.5, "DIEM": 4}}}


class _Scripted(ThreadingHTTPServer):
    replies: dict[str, object]


class _Replies(BaseHTTPRequestHandler):
    server: _Scripted

    def do_GET(self) -> None:
        reply = self.server.replies.get(self.path.removeprefix("/api/v1"))
        body = json.dumps({"error": "Not found"} if reply is None else reply).encode()
        self.send_response(404 if reply is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def scripted() -> Iterator[_Scripted]:
    with _Scripted(("127.0.0.1", 0), _Replies) as one:
        one.replies = {
            "/operator/engines": {"data": [ENGINE, STOPPED]},
            "/operator/status": STATUS,
            "/api_keys/rate_limits": BALANCES,
        }
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def at(server: _Scripted) -> tuple[str, str]:
    return "--url", f"http://127.0.0.1:{server.server_port}"


def test_engines_that_have_loaded_something_are_rows(fondaco: Fondaco, scripted: _Scripted) -> None:
    shown = fondaco.on_terminal(120, "ps", *at(scripted))
    head, row = shown.out.splitlines()
    assert head.split() == [
        *("models", "engine", "state", "running", "waiting", "memory", "address", "reason"),
    ]
    assert row.split()[:7] == ["smollm2-135m", "embedded", "loaded", "1/4", "0", "312", "MB"]
    every = fondaco.on_terminal(120, "ps", "--all", *at(scripted)).out
    assert "unreachable" in every
    assert "\x1b" not in every
    assert fondaco("ps", "--json", *at(scripted)).json == [ENGINE, STOPPED]
    scripted.replies["/operator/engines"] = {"data": []}
    assert "No models are loaded." in fondaco("ps", *at(scripted)).out


def test_an_engine_of_this_machine_has_a_row_for_each_process(
    fondaco: Fondaco, scripted: _Scripted
) -> None:
    idle = {"model": "other", "state": "stopped", "slots": None, "running": 0, "waiting": 0}
    busy = {"model": "toy", "state": "loaded", "slots": 2, "running": 2, "waiting": 3}
    scripted.replies["/operator/engines"] = {"data": [{**ENGINE, "processes": [idle, busy]}]}
    _, row = fondaco.on_terminal(120, "ps", *at(scripted)).out.splitlines()
    assert row.split()[:5] == ["toy", "embedded", "loaded", "2/2", "3"]
    every = fondaco.on_terminal(120, "ps", "-a", *at(scripted)).out
    assert [line.split()[0] for line in every.splitlines()[1:]] == ["other", "toy"]


def test_the_first_call_of_a_day_is_told_in_the_singular(
    fondaco: Fondaco, scripted: _Scripted
) -> None:
    today = {"usd": 0, "diem": 0, "calls": 1}
    scripted.replies["/operator/status"] = {**STATUS, "charges": {"today": today}}
    assert "0 DIEM for 1 call\n" in fondaco.on_terminal(80, "status", *at(scripted)).out


def test_the_state_of_a_server_is_one_screen(fondaco: Fondaco, scripted: _Scripted) -> None:
    shown = fondaco.on_terminal(80, "status", *at(scripted)).out
    for said in (
        *("Fondaco 0.1.0 at http://127.0.0.1:8000, process 7", "no: the default model loads"),
        *("1 running, 12.5 a minute, 45 tokens/s", "200 MB", "$9.5000 and 4 DIEM", "1/4"),
        "$0.0123 and 0.0205 DIEM for 42 calls",
    ):
        assert said in shown
    told = fondaco("status", "--json", *at(scripted)).json
    assert told == {**STATUS, "balances": {"USD": 9.5, "DIEM": 4}, "engines": [ENGINE, STOPPED]}


def test_a_watched_state_stays_until_the_next_one_is_here(
    fondaco: Fondaco, scripted: _Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Twice(dict[str, object]):
        asked = 0

        def get(self, path: str, default: object = None) -> object:
            self.asked += path == "/operator/status"
            return super().get(path, default) if self.asked <= 2 else None

    monkeypatch.setattr("fondaco.cli.looking.status._INTERVAL_S", 0.0)
    scripted.replies = Twice(scripted.replies)
    watched = ("status", "--watch", *at(scripted))
    ended = fondaco.on_terminal(80, *watched, TERM="xterm", NO_COLOR="")
    assert ended.code == Exit.UNKNOWN
    shown = ended.out.split("\x1b[H\x1b[J")
    assert ["process 7" in one for one in shown] == [True, True]
    assert "\x1b" not in "".join(shown), "the lines above the screen stay"


@pytest.mark.parametrize("odd", [{}, {"data": None}, {"data": [7]}, {"data": {}}])
def test_odd_shapes_are_survived(fondaco: Fondaco, scripted: _Scripted, odd: object) -> None:
    scripted.replies = dict.fromkeys(scripted.replies, odd)
    assert fondaco("status", *at(scripted)).code == 0
    assert "No models are loaded." in fondaco("ps", *at(scripted)).out
    scripted.replies["/operator/engines"] = [7]
    assert "Check that this is a Fondaco server." in fondaco("ps", *at(scripted)).err


@pytest.mark.parametrize("command", ["ps", "status"])
def test_another_server_is_told_from_fondaco(
    fondaco: Fondaco, scripted: _Scripted, command: str
) -> None:
    scripted.replies = {}
    ended = fondaco(command, *at(scripted))
    assert ended.code == Exit.UNKNOWN
    assert "Not found" in ended.err
