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

import programs
from gateway import Effort
from programs import BenchError, Loaded, Target, Tools
from table import Budget, Figure

from fondaco.configuration import catalogue_of, load

STREAMS = (1, 8)
_SLOTS = 8
_CONTEXT_TOKENS = 1024
_SETTINGS = f"""
[embedded]
slots = {_SLOTS}
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
            rounds: list[list[Loaded]] = []
            for number in range(effort.rounds):
                bodies = [
                    _body(model, f"{streams}.{number}.{call}", call, output_tokens)
                    for call in range(calls)
                ]
                rounds.append([_load(folder, tools, way, bodies, streams) for way in ways])
            yield _figure(streams, rounds)


def _figure(streams: int, rounds: Sequence[Sequence[Loaded]]) -> Figure:
    through, bare = (median(one[way].tokens / one[way].seconds for one in rounds) for way in (0, 1))
    same = all(ours.tokens == theirs.tokens for ours, theirs in rounds)
    note = f"{through:.0f} against {bare:.0f} tokens/s" + ("" if same else ", answers differ")
    title = f"embedded chat against its engine bare, streams: {streams}"
    budget = Budget(0.95, 0.98, at_least=True)
    return Figure(title, "share", through / bare, budget=budget, note=note)


def _load(folder: Path, tools: Tools, way: Way, bodies: Sequence[object], streams: int) -> Loaded:
    requests = [programs.request(folder, way.path, body, way.target.key) for body in bodies]
    return programs.load(
        tools,
        way.target,
        requests,
        connections=streams,
        calls=len(bodies),
        must_have="data: [DONE]",
    )


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
    order = {
        "parent": os.getpid(),
        "key": key,
        "model": str(model_file),
        "threads": max(1, (os.cpu_count() or 2) - 1),
        "slots": _SLOTS,
        "context_tokens": _CONTEXT_TOKENS,
        "compact_cache": False,
    }
    argv = [sys.executable, "-P", "-m", "fondaco.engines.llamacpp.child"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if child.stdin is None or child.stdout is None:
            raise AssertionError
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        report = json.loads(child.stdout.readline() or "{}")
        address = report.get("address")
        if address is None:
            raise BenchError(f"The engine did not start: {report.get('error')}")
        try:
            yield Target(child.pid, urlsplit(address).port or 0, key)
        finally:
            child.stdin.close()
