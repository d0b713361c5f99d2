"""A caller who goes away stops the real engine, whatever phase the call is in."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from program import FRONTS, Charged, Program, until

LONG = "Once upon a time there was a merchant in Venice. " * 40


@pytest.fixture(params=FRONTS)
def served(request: pytest.FixtureRequest) -> Program:
    """Each front in turn."""
    one = request.getfixturevalue(request.param)
    assert isinstance(one, Program)
    return one


@contextmanager
def asking(served: Program, **fields: object) -> Iterator[socket.socket]:
    """Send a call over a connection of its own, which is cut off at the end."""
    body = json.dumps(
        {
            "model": "default",
            "messages": [{"role": "user", "content": "Tell a long story."}],
            "max_tokens": 500,
            "temperature": 0,
            **fields,
        }
    ).encode()
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer %b\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (served.api_key.encode(), len(body), body)
        )
        yield connection


def metric(served: Program, name: str) -> float:
    lines = served.http.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def output_rows(served: Program) -> list[Charged]:
    return [entry for entry in served.charged() if "output" in entry.sku]


def idle(served: Program) -> bool:
    """Whether nothing runs but the question for it."""
    return metric(served, "fondaco_running") == 1


def test_a_hang_up_before_the_first_token_is_free(served: Program) -> None:
    before, hangups = len(served.charged()), metric(served, "fondaco_hangups_total")
    with asking(served, messages=[{"role": "user", "content": LONG}], stream=True):
        until(lambda: not idle(served), within_s=5)
    until(lambda: metric(served, "fondaco_hangups_total") == hangups + 1, within_s=3)
    until(lambda: idle(served), within_s=3)
    assert len(served.charged()) == before


def test_a_hang_up_in_mid_stream_is_charged_for_what_was_produced(served: Program) -> None:
    before = len(output_rows(served))
    with asking(served, stream=True) as connection:
        seen = b""
        while seen.count(b"data: {") < 20:
            seen += connection.recv(65536)
    until(lambda: len(output_rows(served)) == before + 1, within_s=3)
    row = output_rows(served)[-1]
    assert 20 <= row.units < 500
    assert "caller" in row.notes


def test_a_hang_up_during_a_whole_reply_is_charged_for_what_was_produced(served: Program) -> None:
    before = len(output_rows(served))
    with asking(served) as connection:
        connection.settimeout(1.5)
        with suppress(TimeoutError):
            assert connection.recv(1) == b"", "the reply should not be there yet"
    until(lambda: len(output_rows(served)) == before + 1, within_s=3)
    row = output_rows(served)[-1]
    assert 0 < row.units < 500
    assert "caller" in row.notes
