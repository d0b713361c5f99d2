"""What a running server says of itself beside its lock, and what commands make of it."""

import fcntl
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fondaco.cli.configuring.reloading import Answer, told_to_reload
from fondaco.stores.home import Home
from fondaco.stores.server_lock import Reloads, ServerLock, running_server


@pytest.fixture
def signals() -> Iterator[list[int]]:
    """Count the SIGHUPs that this process gets, in place of a server."""
    got: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: got.append(number))
    yield got
    signal.signal(signal.SIGHUP, before)


def test_nobody_is_signalled_where_no_server_holds_the_lock(
    tmp_path: Path, signals: list[int]
) -> None:
    assert told_to_reload(tmp_path).answer is Answer.NO_SERVER
    with Home(tmp_path).lock(Reloads.YES):
        pass
    assert str(os.getpid()) in (tmp_path / "server.lock").read_text(), "of the server that ended"
    assert running_server(tmp_path) is None
    assert told_to_reload(tmp_path).answer is Answer.NO_SERVER
    assert signals == []


def test_a_server_that_the_signal_may_end_is_not_signalled(
    tmp_path: Path, signals: list[int]
) -> None:
    with Home(tmp_path).lock(Reloads.NEVER):
        assert told_to_reload(tmp_path).answer is Answer.NEVER
    assert signals == []


def test_a_server_of_another_container_is_not_signalled(tmp_path: Path, signals: list[int]) -> None:
    path = tmp_path / "server.lock"
    with Home(tmp_path).lock(Reloads.YES):
        values = json.loads(path.read_bytes())
        path.write_text(json.dumps({**values, "pid_namespace": "pid:[1]"}))
        assert told_to_reload(tmp_path).answer is Answer.ELSEWHERE
    assert signals == []


@pytest.mark.parametrize("refused", [False, True])
def test_a_reload_that_begins_after_the_signal_counts_and_one_before_does_not(
    tmp_path: Path, *, refused: bool
) -> None:
    with Home(tmp_path).lock(Reloads.STARTING) as lock:
        lock.says_reloads()
        lock.says_begun()
        # The reload under way ends, refused or not; the one that the signal asks for follows.
        before = signal.signal(signal.SIGHUP, lambda *_: ends_and_reloads(lock, refused=refused))
        try:
            told = told_to_reload(tmp_path)
        finally:
            signal.signal(signal.SIGHUP, before)
    assert told.answer is (Answer.REFUSED if refused else Answer.LOADED)
    assert str(os.getpid()) in str(told)


def test_a_server_says_its_address_once_it_has_one_and_keeps_it(tmp_path: Path) -> None:
    with Home(tmp_path).lock(Reloads.STARTING) as lock:
        starting = running_server(tmp_path)
        lock.says_url("http://127.0.0.1:4321")
        lock.says_begun()
        running = running_server(tmp_path)
    assert starting is not None
    assert running is not None
    assert (starting.url, running.url) == ("", "http://127.0.0.1:4321")


def ends_and_reloads(lock: ServerLock, *, refused: bool) -> None:
    lock.says_ended(refused=not refused)
    lock.says_begun()
    lock.says_ended(refused=refused)


def test_a_look_keeps_no_server_from_starting(tmp_path: Path) -> None:
    """A command holds the lock for a moment to see whether anybody does."""
    with Home(tmp_path).lock():
        pass
    looking = os.open(tmp_path / "server.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    ends = threading.Timer(0.01, os.close, [looking])
    ends.start()
    with Home(tmp_path).lock():
        ends.join()
