"""Encrypted chat: CPU of an encrypted stream beside the same one in plain, at the same rate of tokens.

Both go through one server before the same static engine, which sends a token every 10 ms. CPU is that of
the server and of its enclave together.
"""

import json
import secrets
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import machine
import programs
from gateway import Effort
from programs import Target, Tools
from table import Budget, Figure

from fondaco.enclave.opening import CiphertextContext
from fondaco.enclave.primitives.suites import ORIGINAL_SUITE, SECP256K1_SUITE, X25519_SUITE, Suite

STREAMS = 16
_PATH = "/api/v1/chat/completions"
_MODEL = "long"
_QUESTION = "How many ships passed last night, and did all of them answer?"
_END = "data: [DONE]"
_TOKENS, _PAUSE_MS = map(int, programs.LONG.split("x"))
_SECONDS = _TOKENS * _PAUSE_MS / 1_000
"""Of a stream."""
_SUITES: Mapping[str, Suite[Any, Any]] = {
    "X25519": X25519_SUITE,
    "secp256k1": SECP256K1_SUITE,
    "secp256k1, Venice's format": ORIGINAL_SUITE,
}
_ENGINE = """
[enclave.engines.own]
base_url = "http://127.0.0.1:{upstream}/{shape}/v1"
models = {{ {model} = "{model}" }}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to say the question."""

    title: str
    suite: Suite[Any, Any] | None
    """None: in plain."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that runs at once."""

    folder: Path
    tools: Tools
    target: Target
    keys: Mapping[str, str]
    """The enclave's public keys by their algorithms."""


def figures(folder: Path, tools: Tools, effort: Effort) -> Iterator[Figure]:
    """Measure plain and encrypted streams in turns."""
    with programs.upstream(tools) as port:
        own = _ENGINE.format(upstream=port, shape=programs.LONG, model=_MODEL)
        settings, core = programs.configuration(port) + own, machine.cores()[0]
        with programs.fondaco(folder / "sealed", settings, core=core) as target:
            used = _used_us(Scene(folder, tools, target, _attested(target)), effort)
    plain = median(used["plain"])
    for name in _SUITES:
        title = f"encrypted chat by {name}, {STREAMS} streams of {_TOKENS} tokens, 10 ms apart"
        cost = median(used[name])
        note = f"{cost:.0f} us/token, in plain {plain:.0f}"
        yield Figure(title, "share", cost / plain, budget=Budget(2), note=note)


def _used_us(scene: Scene, effort: Effort) -> Mapping[str, Sequence[float]]:
    """Return the CPU of a token in each round, by the title of each way."""
    ways = [Way("plain", None), *(Way(name, suite) for name, suite in _SUITES.items())]
    used: dict[str, list[float]] = {way.title: [] for way in ways}
    for way in ways:
        _cost_us(scene, way, STREAMS)
    for _ in range(effort.rounds):
        for way in ways:
            calls = STREAMS * max(1, round(effort.seconds / _SECONDS))
            used[way.title].append(_cost_us(scene, way, calls))
        ways.reverse()
    return used


def _cost_us(scene: Scene, way: Way, calls: int) -> float:
    """Return the CPU of a token, of calls that are each sealed anew."""
    requests = [_request(scene, way) for _ in range(calls)]
    pid = scene.target.pid
    before = machine.cpu_s(pid)
    programs.load(
        scene.tools, scene.target, requests, connections=STREAMS, calls=calls, must_have=_END
    )
    return (machine.cpu_s(pid) - before) * 1e6 / (calls * _TOKENS)


def _request(scene: Scene, way: Way) -> Path:
    """Write a request to a file."""
    key, headers, content = scene.target.key, dict[str, str](), _QUESTION
    body: dict[str, object] = {"model": _MODEL, "stream": True, "max_tokens": _TOKENS}
    if way.suite is not None:
        body["model"] = model = f"e2ee-{_MODEL}"
        headers, content = _sealed(way.suite, scene.keys[way.suite.algo], model)
    body["messages"] = [{"role": "user", "content": content}]
    return programs.request(scene.folder, _PATH, body, key, headers)


def _sealed(suite: Suite[Any, Any], model_key: str, model: str) -> tuple[dict[str, str], str]:
    """Return the headers of a call, and its only content as it is sealed."""
    curve = suite.curve
    client = curve.public(curve.generate()).hex()
    enclave = curve.parse(bytes.fromhex(model_key))
    if suite is ORIGINAL_SUITE:
        return {
            "X-Venice-TEE-Client-Pub-Key": client,
            "X-Venice-TEE-Model-Pub-Key": model_key,
            "X-Venice-TEE-Signing-Algo": "ecdsa",
        }, suite.seal(enclave, _QUESTION.encode(), None).hex()
    context = CiphertextContext(suite.algo, model, secrets.token_hex(16), int(time.time()))
    associated = context.of_request("messages.0.content")
    return {
        "X-E2EE-Version": "2",
        "X-Client-Pub-Key": client,
        "X-Model-Pub-Key": model_key,
        "X-E2EE-Nonce": context.nonce,
        "X-E2EE-Timestamp": str(context.ts),
    }, suite.seal(enclave, _QUESTION.encode(), associated).hex()


def _attested(target: Target) -> Mapping[str, str]:
    """Return the enclave's public keys by their algorithms."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{target.port}/v1/aci/attestation?nonce={secrets.token_hex(16)}",
        headers={"Authorization": f"Bearer {target.key}"},
    )
    with urllib.request.urlopen(asked, timeout=programs.START_TIMEOUT_S) as reply:
        keyset = json.load(reply)["attestation"]["workload_keyset"]
    listed: Sequence[Mapping[str, str]] = keyset["e2ee_public_keys"]
    return {one["algo"]: one["public_key"] for one in listed}
