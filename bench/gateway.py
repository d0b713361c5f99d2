"""The gateway's own cost: CPU per call and per chunk, added latency, memory."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import machine
import programs
from programs import Loaded, Target, Tools
from table import Budget, Figure

WARM_UP_S = 0.5
RATE = 200.0
_MESSAGES = (
    {"role": "system", "content": "You are a keeper of lighthouses. Answer in one paragraph."},
    {"role": "user", "content": "How many ships passed last night, and did all of them answer?"},
)
SLICES = 5
"""Of each round, where dialects are compared: what the machine does besides changes within seconds."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one and the same question is asked in an API, and how its good replies end."""

    path: str
    question: Mapping[str, object]
    whole: str
    """What a whole reply must have."""
    end: str
    """What a stream must have."""


CHAT = Dialect(
    "/api/v1/chat/completions",
    {"messages": _MESSAGES, "max_tokens": 64},
    '"total_tokens":',
    "data: [DONE]",
)
_BESIDE_CHAT = {
    "/v1/responses": Dialect(
        "/v1/responses",
        {
            "instructions": _MESSAGES[0]["content"],
            "input": _MESSAGES[1:],
            "max_output_tokens": 64,
        },
        '"total_tokens":',
        "event: response.completed",
    ),
    "/v1/messages": Dialect(
        "/v1/messages",
        {"system": _MESSAGES[0]["content"], "messages": _MESSAGES[1:], "max_tokens": 64},
        '"output_tokens":',
        "event: message_stop",
    ),
}


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a run measures."""

    rounds: int
    seconds: float
    """Of each target in each round."""


@dataclass(frozen=True, slots=True)
class Aim:
    """One kind of load on one target."""

    target: Target
    request: Path
    chunks: int = 0
    """Paced ones that each reply streams; 0: whole replies, which count by the call."""
    must_have: str = CHAT.whole
    """What tells a good reply."""
    connections: int = 64
    """Each has one call under way at a time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an aim costs: medians of all rounds."""

    cpu_us: float
    """Of the whole process tree, per call, or per chunk where replies are streamed."""
    calls_a_second: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs at once: the upstream, and the two that stand before it."""

    folder: Path
    tools: Tools
    effort: Effort
    direct: Target
    nginx: Target
    ours: Target


def figures(folder: Path, tools: Tools, effort: Effort) -> Iterator[Figure]:
    """Measure nginx and Fondaco in turns, before the same upstream."""
    with ExitStack() as held:
        port = held.enter_context(programs.upstream(tools))
        nginx = held.enter_context(programs.nginx(folder, port))
        settings, core = programs.configuration(port), machine.cores()[0]
        ours = held.enter_context(programs.fondaco(folder / "gateway", settings, core=core))
        stage = Stage(folder, tools, effort, Target(0, port), nginx, ours)
        yield from _whole(stage)
        yield from _streamed(stage)
        yield from _dialects(stage)
        yield from _latency(stage)
        memory = machine.rss_mb(ours.pid), machine.rss_mb(nginx.pid)
        yield Figure(
            "memory of the gateway's process after all that", "MB", *memory, Budget(90, 75)
        )


def costs(tools: Tools, effort: Effort, aims: Mapping[str, Aim]) -> dict[str, Cost]:
    """Return what each aim costs: the medians of all rounds."""
    return {
        name: Cost(
            median(cost.cpu_us for cost in rounds), median(cost.calls_a_second for cost in rounds)
        )
        for name, rounds in costs_by_round(tools, effort, aims).items()
    }


def costs_by_round(
    tools: Tools, effort: Effort, aims: Mapping[str, Aim]
) -> Mapping[str, Sequence[Cost]]:
    """Return what each aim costs in each round; in every round they take turns, to and fro."""
    found: defaultdict[str, list[Cost]] = defaultdict(list)
    turns = list(aims.items())
    for one in aims.values():
        load_on(tools, one, WARM_UP_S)
    for _ in range(effort.rounds):
        for name, one in turns:
            before = machine.cpu_s(one.target.pid)
            loaded = load_on(tools, one, effort.seconds)
            used_us = (machine.cpu_s(one.target.pid) - before) * 1e6
            units = loaded.calls * max(1, one.chunks)
            found[name].append(Cost(used_us / units, loaded.calls / loaded.seconds))
        turns.reverse()
    return found


def aim(folder: Path, target: Target, model: str, dialect: Dialect = CHAT) -> Aim:
    """Return the load on Fondaco that asks for one of the models of `programs.configuration`."""
    streamed = model == "paced"
    body = {"model": model, "stream": streamed, **dialect.question}
    request = programs.request(folder, dialect.path, body, target.key)
    if streamed:
        return Aim(target, request, _chunks(programs.PACED), dialect.end)
    return Aim(target, request, must_have=dialect.whole)


def _whole(stage: Stage) -> Iterator[Figure]:
    nginx = _plain_aim(stage, stage.nginx)
    whole = aim(stage.folder, stage.ours, "whole")
    folded = aim(stage.folder, stage.ours, "folded")
    rows = {
        "64 connections": (whole, Budget(8, 6.5)),
        "1 connection": (replace(whole, connections=1), Budget(4.5, 3.5)),
        "64 connections, requested as a stream": (folded, None),
    }
    aims = {"nginx 64": nginx, "nginx 1": replace(nginx, connections=1)}
    found = costs(
        stage.tools, stage.effort, {**aims, **{how: one for how, (one, _) in rows.items()}}
    )
    for how, (one, budget) in rows.items():
        cost, limit, title = found[how], found[f"nginx {one.connections}"], f"whole call, {how}"
        yield Figure(title, "CPU us/call", cost.cpu_us, limit.cpu_us, budget, by_ratio=True)
        yield Figure(title, "calls/s", cost.calls_a_second, limit.calls_a_second)


def _streamed(stage: Stage) -> Iterator[Figure]:
    body = _body("bench", stream=True)
    plain = programs.request(stage.folder, f"/{programs.PACED}/v1/chat/completions", body)
    aims = {
        "nginx": Aim(stage.nginx, plain, _chunks(programs.PACED), CHAT.end),
        "fondaco": aim(stage.folder, stage.ours, "paced"),
    }
    found = costs(stage.tools, stage.effort, aims)
    title = "streamed call, 64 streams of 64 chunks, 10 ms apart"
    cost, limit = found["fondaco"].cpu_us, found["nginx"].cpu_us
    yield Figure(title, "CPU us/chunk", cost, limit, Budget(2.3, 1.8), by_ratio=True)


def _dialects(stage: Stage) -> Iterator[Figure]:
    """Yield what other dialects cost beside chat completions: medians of the ratios within a round."""
    effort = Effort(stage.effort.rounds * SLICES, stage.effort.seconds / SLICES)
    for model, how in {"whole": "whole", "paced": "streamed"}.items():
        aims = {
            name: aim(stage.folder, stage.ours, model, dialect)
            for name, dialect in {"chat": CHAT, **_BESIDE_CHAT}.items()
        }
        found = costs_by_round(stage.tools, effort, aims)
        chat = [cost.cpu_us for cost in found["chat"]]
        for name in _BESIDE_CHAT:
            us = [cost.cpu_us for cost in found[name]]
            ratio = median(mine / its for mine, its in zip(us, chat, strict=True))
            note = f"{median(us):.1f} against {median(chat):.1f} us"
            title = f"CPU of a {how} call by {name}, beside chat completions"
            yield Figure(title, "share", ratio, budget=Budget(1.2), note=note)


def _latency(stage: Stage) -> Iterator[Figure]:
    """Yield what a gateway adds to the upstream's own latency, in an open loop."""
    aims = {
        "direct": _plain_aim(stage, stage.direct),
        "nginx": _plain_aim(stage, stage.nginx),
        "fondaco": aim(stage.folder, stage.ours, "whole"),
    }
    found: defaultdict[str, list[Loaded]] = defaultdict(list)
    for _ in range(stage.effort.rounds):
        for name, one in aims.items():
            found[name].append(load_on(stage.tools, one, stage.effort.seconds, RATE))
    budgets = {"p50": Budget(0.35, 0.25), "p99": Budget(3, 2)}
    for share, budget in budgets.items():
        ms = {
            name: median(one.p50_us if share == "p50" else one.p99_us for one in rounds) / 1000
            for name, rounds in found.items()
        }
        added, least = ms["fondaco"] - ms["direct"], ms["nginx"] - ms["direct"]
        yield Figure(f"added {share} at {RATE:g} whole calls a second", "ms", added, least, budget)


def _plain_aim(stage: Stage, target: Target) -> Aim:
    """Return the load of whole calls on what understands nothing of them."""
    path = f"/{programs.AT_ONCE}/v1/chat/completions"
    return Aim(target, programs.request(stage.folder, path, _body("bench")))


def load_on(tools: Tools, one: Aim, seconds: float, rate: float | None = None) -> Loaded:
    """Put a load on its target, in a closed loop unless a `rate` is given."""
    return programs.load(
        tools,
        one.target,
        [one.request],
        seconds=seconds,
        rate=rate,
        connections=one.connections,
        events=one.chunks,
        must_have=one.must_have,
    )


def _body(model: str, *, stream: bool = False) -> dict[str, object]:
    return {"model": model, "stream": stream, **CHAT.question}


def _chunks(shape: str) -> int:
    return int(shape.partition("x")[0])
