"""Money under kill -9: the real program and store over a toy engine, killed again and again."""

import json
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from fake_upstream import FakeUpstream, in_thread
from program import Program, program

CALLERS = 6

CONFIGURATION = """
[embedded]
enabled = false

[engines.toy]
base_url = "{base_url}"

[models.toy]
name = "Toy"
context_tokens = 4096
engines = ["toy"]
traits = ["default"]

[models.toy.price]
input = 0.20
output = 0.90

[tiers.paid.limits.small]
requests_per_minute = 1_000_000
requests_per_day = 1_000_000
tokens_per_minute = 1_000_000_000
"""


@dataclass
class Received:
    """What callers got before their server was killed."""

    whole: dict[str, int] = field(default_factory=dict)
    """Request id -> output tokens, of every reply that came whole."""
    words: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)
    """Idempotency-Key -> request id and body, of those that were sent with one."""
    sent: int = 0


def call_on(one: Program, number: int, received: Received) -> None:
    """Call, every third time as a stream, until the server is gone."""
    with (
        httpx2.Client(
            base_url=one.url, headers={"Authorization": f"Bearer {one.api_key}"}, timeout=20
        ) as client,
        suppress(httpx2.TransportError),
    ):
        while True:
            received.sent += 1
            word = f"{number}-{received.sent}-{time.monotonic_ns()}"
            body: dict[str, object] = {
                "model": "toy",
                "messages": [{"role": "user", "content": f"Count! {word}"}],
                "max_tokens": 1 + received.sent % 7,
                "stream": received.sent % 3 == 0,
                "stream_options": {"include_usage": True},
            }
            reply = client.post(
                "/api/v1/chat/completions", json=body, headers={"Idempotency-Key": word}
            )
            assert reply.status_code == 200, reply.text
            if (output := output_of(reply)) is not None:
                received.whole[reply.headers["cf-ray"]] = output
                received.words[word] = reply.headers["cf-ray"], body


def output_of(reply: httpx2.Response) -> int | None:
    """Return the output tokens of a reply; None for a stream that did not come to its end."""
    if not reply.headers["content-type"].startswith("text/event-stream"):
        return int(reply.json()["usage"]["completion_tokens"])
    events = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    if events[-1:] != ["[DONE]"]:
        return None
    return int(json.loads(events[-2])["usage"]["completion_tokens"])


def repeats_are_refused(one: Program, received: Received) -> None:
    """Send what was answered before the kill once more: it is not run again."""
    for word, (request, body) in list(received.words.items())[-3:]:
        reply = one.http.post(
            "/api/v1/chat/completions", json=body, headers={"Idempotency-Key": word}
        )
        assert reply.status_code == 409
        assert reply.json()["chargeId"] == f"chatcmpl-{request}"


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.long)])
def test_kills_lose_no_charge_and_double_none(tmp_path: Path, kills: int) -> None:
    home, chance, key = tmp_path / "home", random.Random(20), ""  # noqa: S311 - moments to kill at
    home.mkdir(mode=0o700)
    received = Received()
    with in_thread(FakeUpstream(token_s=0.001)) as fake:
        (home / "fondaco.toml").write_text(CONFIGURATION.format(base_url=fake.base_url))
        for _ in range(kills):
            with program(home, key) as one:
                key = one.api_key
                repeats_are_refused(one, received)
                before = len(received.whole)
                callers = [
                    threading.Thread(target=call_on, args=(one, number, received))
                    for number in range(CALLERS)
                ]
                for caller in callers:
                    caller.start()
                while len(received.whole) < before + 10:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.2))
                one.kill()
                for caller in callers:
                    caller.join(30)
        with program(home, key) as one:
            charged = [entry for entry in one.charged() if "output" in entry.sku]
    units = {entry.call_id: entry.units for entry in charged}
    assert len(units) == len(charged)
    assert {call: units.get(call) for call in received.whole} == received.whole
    assert len(received.whole) >= kills * 10
    assert Fondaco(home)("ledger", "verify").code == 0
