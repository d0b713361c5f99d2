"""The embedded engine: tokens a second through Fondaco against the same engine called bare."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import machine
import programs
from gateway import Effort
from programs import BenchError, Target, Tools
from table import Budget, Figure

from fondaco.configuration import catalogue_of, load
from fondaco.engines.llamacpp.supervisor import Launch, launch_options

STREAMS = (1, 8)
_SLOTS = 8
_CONTEXT_TOKENS = 1024
_SETTINGS = f"""
[embedded]
slots = {_SLOTS}
compact_cache = false
context_tokens = {_CONTEXT_TOKENS}
[ledger]
first_account_usd = 1000000
"""
_THINGS = ("lighthouses", "bread", "chess", "rivers", "clocks", "whales", "paper", "bridges")
_CALLS_A_STREAM = 2


@dataclass(frozen=True, slots=True)
class Way:
    """One of the two ways to the model."""

    target: Target
    path: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one round took."""

    tokens: int
    seconds: float
    cpu_s: float
    """Of the server and the engine together."""


def figures(folder: Path, tools: Tools, effort: Effort, output_tokens: int) -> Iterator[Figure]:
    """Measure both in turns: same model, threads, slots and prompts, and no prompt twice."""
    home = folder / "embedded"
    model, file = _default_model(home)
    with ExitStack() as held:
        bare = held.enter_context(_bare(file))
        ours = held.enter_context(programs.fondaco(home, _SETTINGS, ready="/readyz"))
        ways = (Way(ours, "/api/v1/chat/completions"), Way(bare, "/v1/chat/completions"))
        for streams in STREAMS:
            calls = streams * _CALLS_A_STREAM
            rounds: list[list[Spoken]] = []
            for number in range(effort.rounds):
                bodies = [
                    _body(model, f"{streams}.{number}.{call}", call, output_tokens)
                    for call in range(calls)
                ]
                rounds.append([_load(folder, tools, way, bodies, streams) for way in ways])
            yield from _figures(streams, rounds)


def _figures(streams: int, rounds: Sequence[Sequence[Spoken]]) -> Iterator[Figure]:
    ours, bare = ([one[way] for one in rounds] for way in (0, 1))
    same = [one.tokens for one in ours] == [one.tokens for one in bare]
    note = "" if same else "answers differ"
    title = f"embedded chat, streams: {streams}, through Fondaco / its engine bare"
    rates = [median(one.tokens / one.seconds for one in way) for way in (ours, bare)]
    shown = f"{rates[0]:.0f} / {rates[1]:.0f} tokens/s"
    budget = Budget(0.95, 0.98, at_least=True)
    yield Figure(f"{title}: {shown}", "", rates[0] / rates[1], budget=budget, note=note)
    costs = [median(one.cpu_s / one.tokens for one in way) * 1000 for way in (ours, bare)]
    shown = f"{costs[0]:.1f} / {costs[1]:.1f} CPU ms/token"
    yield Figure(f"{title}: {shown}", "", costs[0] / costs[1], note=note)


def _load(folder: Path, tools: Tools, way: Way, bodies: Sequence[object], streams: int) -> Spoken:
    requests = [programs.request(folder, way.path, body, way.target.key) for body in bodies]
    before = machine.cpu_s(way.target.pid)
    loaded = programs.load(
        tools,
        way.target,
        requests,
        connections=streams,
        calls=len(bodies),
        must_have="data: [DONE]",
    )
    return Spoken(loaded.tokens, loaded.seconds, machine.cpu_s(way.target.pid) - before)


def _body(model: str, title: str, call: int, output_tokens: int) -> dict[str, object]:
    """Return a request whose prompt begins with what no other prompt begins with."""
    thing = _THINGS[call % len(_THINGS)]
    prompt = f"{title}: Tell me a long story about {thing}, with many people in it."
    return {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": output_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _default_model(home: Path) -> tuple[str, Path]:
    """Return the default model's id and file.

    Raises:
        BenchError: the file is not here.
    """
    settings = load({"home": home}).settings
    model = catalogue_of(settings, ()).route("default").model.id
    file = settings.models_folder / (settings.models[model].file or "")
    if not file.is_file():
        raise BenchError(f"The model is missing. Fetch it with: fondaco models pull {model}")
    return model, file


@contextmanager
def _bare(model_file: Path) -> Iterator[Target]:
    """Run the engine as Fondaco's supervisor does, and yield its own HTTP port."""
    key = secrets.token_urlsafe(32)
    threads = max(1, (os.cpu_count() or 2) - 1)
    launch = Launch(model_file, threads=threads, slots=_SLOTS, context_tokens=_CONTEXT_TOKENS)
    argv = [sys.executable, "-P", "-m", "fondaco.engines.llamacpp.child"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if child.stdin is None or child.stdout is None:
            raise AssertionError
        child.stdin.write(
            json.dumps({**launch_options(launch), "key": key, "parent": os.getpid()}) + "\n"
        )
        child.stdin.flush()
        report = json.loads(child.stdout.readline() or "{}")
        address = report.get("address")
        if address is None:
            raise BenchError(f"The engine did not start: {report.get('error')}")
        try:
            yield Target(child.pid, urlsplit(address).port or 0, key)
        finally:
            child.stdin.close()
