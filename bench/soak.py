"""The soak: whether a gateway's memory and descriptors stay as they are while it streams thousands of calls."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gateway
import machine
import programs
from gateway import CHAT, Aim
from programs import Tools
from table import Budget, Figure

_SLICE_S = 1.0
_SETTLE_S = 1.0
"""For the load's connections to be closed on both sides."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a process holds."""

    rss_mb: float
    descriptors: int


def figures(folder: Path, tools: Tools, calls: int) -> Iterator[Figure]:
    """Stream so many calls after a quarter as many to warm up, and yield what was gained meanwhile."""
    shape = programs.AT_ONCE
    with programs.upstream(tools) as upstream:
        settings, core = programs.configuration(upstream), machine.cores()[0]
        with programs.fondaco(folder / "soaked", settings, core=core) as ours:
            body = {"model": "whole", "stream": True, **CHAT.question}
            request = programs.request(folder, CHAT.path, body, ours.key)
            chunks = int(shape.partition("x")[0])
            load = Aim(ours, request, chunks, CHAT.end)
            _streamed(tools, load, calls // 4)
            before = _state(ours.pid)
            made = _streamed(tools, load, calls)
            after = _state(ours.pid)
    gained = (after.rss_mb - before.rss_mb) * 10_000 / made
    note = f"{before.rss_mb:.1f} to {after.rss_mb:.1f} MB over {made:,} calls"
    yield Figure(
        "memory gained per 10,000 streamed calls", "MB", gained, budget=Budget(1), note=note
    )
    more = after.descriptors - before.descriptors
    yield Figure("descriptors gained meanwhile", "", more, budget=Budget(0))


def _streamed(tools: Tools, load: Aim, calls: int) -> int:
    """Stream at least so many calls; return how many it were."""
    made = 0
    while made < calls:
        made += gateway.load_on(tools, load, _SLICE_S).calls
    time.sleep(_SETTLE_S)
    return made


def _state(pid: int) -> _State:
    return _State(machine.rss_mb(pid), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))
