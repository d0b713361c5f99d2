"""One server twice: with the fast path and without, to be played the same scenes.

Clients and engines are transports in the test's hands, the loop's clock stands still but for `Pause`, and
identifiers count up, so that two servers that behave alike do so to the last byte.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from time import perf_counter
from typing import Any

import pytest

import house as houses
from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.protocol import ServerConnection
from fondaco.ports import TextRelay
from hand_clock import HandClock
from house import ACCOUNT, TIERS, TOY, House, house
from scenes import (
    PLAIN,
    AwaitThreads,
    ClientTransport,
    Engines,
    HangUp,
    HeldJournal,
    Hold,
    Pause,
    Reply,
    Stage,
    StandingLoop,
    Step,
)

_ROUNDS = 40
"""More rounds of the loop than anything takes that waits for nothing outside."""
_TICK_S, _FEW_ROUNDS = 0.9, 10


class CountingIds:
    """Identifiers that count up."""

    def __init__(self) -> None:
        self.drawn = 0

    def call(self) -> str:
        self.drawn += 1
        return f"{self.drawn:032x}"

    key = call

    def secret_bits(self) -> int:
        return 1


class PatientEngine(OpenAICompatible):
    """An engine that is asked and read by tasks alone."""

    def bound(self, request: ChatRequest) -> None:
        del request

    def relayed(self, request: ChatRequest, relay: TextRelay) -> AsyncGenerator[EventBatch]:
        del relay
        return self.chat(request, None)


class Road:
    """One server, with the fast path or without."""

    def __init__(self, house: House, engines: Engines, loop: StandingLoop, *, fast: bool) -> None:
        assert isinstance(house.journal, HeldJournal)
        self.house, self.engines, self.journal, self.loop = house, engines, house.journal, loop
        self.ids = house.platform.ids = CountingIds()
        self.taken = 0
        """Requests that the fast path took on."""
        self._fast = fast
        self._limits = ConnectionLimits(
            DefaultHeaders(house.platform.clock),
            self.ids,
            header_limit_bytes=16_384,
            header_timeout_s=1e6,
            body_timeout_s=1e6,
            idle_timeout_s=1e6,
            refusal=house.edge.refusal,
        )

    def _take(self, exchange: Exchange) -> bool:
        taken = self._fast and self.house.edge.answer_fast(exchange)
        self.taken += taken
        return taken

    async def play(self, scene: Sequence[Step]) -> dict[str, object]:
        """Play a scene, with an idle connection to the first engine, and return all that came of it."""
        if all(transport.closed for transport in self.engines.connections):
            await self._play((PLAIN, Reply(self.engines.second_reply)))
        return await self._play(scene)

    async def _play(self, scene: Sequence[Step]) -> dict[str, object]:
        before, entries = self._state(), len(self.journal.entries)
        self.engines.requests.clear()
        self.engines.asked.clear()
        client = ClientTransport()
        line = ServerConnection(
            self.house.edge.answer, self._limits, ConnectionRegistry(), self._take
        )
        line.connection_made(client)
        stage = Stage(line, client, self.engines, self.journal, self.loop)
        sent: list[bytes] = []
        for step in scene:
            earlier = len(client.written)
            step.happen(stage)
            await self._settle()
            self.loop.offset_s += 1.0  # so that no two timers ring at once
            if isinstance(step, AwaitThreads):
                await self._await_threads(client)
            elif isinstance(step, Pause):
                await self._pass(step.seconds)
            sent.append(client.written[earlier:])
        await self._end(stage)
        return {
            "sent": sent,
            "ends": client.ends,
            "asked": list(self.engines.requests),
            "rows": [asdict(entry) for entry in self.journal.entries[entries:]],
            "changes": _changes(before, self._state()),
        }

    async def _await_threads(self, client: ClientTransport) -> None:
        """Turn the loop, whose clock stands, until something is sent."""
        limit, earlier = perf_counter() + 10.0, len(client.written)
        while len(client.written) == earlier and perf_counter() < limit:
            await self._settle()

    async def _end(self, stage: Stage) -> None:
        """Let everything end: the ledger goes on, the client leaves, and so do the engines."""
        for step in (Hold("on"), HangUp()):
            step.happen(stage)
            await self._settle()
        for _ in range(2):  # an idle connection that closes under a request is replaced once
            for transport in tuple(self.engines.asked):
                transport.end()
            await self._settle()
        await self.house.platform.ledger.retry()
        await self._settle()
        assert self.house.platform.metrics.running == 0

    async def _pass(self, seconds: float) -> None:
        """Let time pass in steps that are shorter than what any two timers are apart."""
        end = self.loop.offset_s + seconds
        while self.loop.offset_s < end:
            self.loop.offset_s = min(end, self.loop.offset_s + _TICK_S)
            await self._settle(_FEW_ROUNDS)
        await self._settle()

    async def _settle(self, rounds: int = _ROUNDS) -> None:
        for _ in range(rounds):
            await asyncio.sleep(0)

    def _state(self) -> dict[str, object]:
        platform = self.house.platform
        metrics = platform.metrics
        platform.key_ring.flush_uses()
        return {
            "ids": self.ids.drawn,
            "replies": Counter(metrics.replies),
            "durations": {path: list(one.buckets) for path, one in metrics.durations.items()},
            "tokens": Counter(metrics.tokens),
            "incidents": Counter(metrics.incidents),
            "calls": metrics.calls,
            "hangups": metrics.hangups,
            "running": metrics.running,
            "holds": len(platform.ledger.open_holds),
            "concurrent": platform.concurrent_calls.total,
            "limits": [one.used for one in platform.limits.usage(ACCOUNT, "paid", TOY)],
            "used": dict(self.journal.used),
        }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, object]:
    """Return by how much what is counted has grown, and the rest as it is."""
    changes: dict[str, object] = {}
    for name, now in after.items():
        was = before[name]
        if isinstance(now, Counter | int):
            changes[name] = now - was
        elif name == "limits":
            changes[name] = [one - other for one, other in zip(now, was, strict=True)]
        elif name == "durations":
            changes[name] = {
                path: [n - o for n, o in zip(counts, was.get(path, [0] * len(counts)), strict=True)]
                for path, counts in now.items()
            }
        else:
            changes[name] = now
    return changes


@asynccontextmanager
async def two_roads(
    monkeypatch: pytest.MonkeyPatch, second_reply: bytes, **settings: Any
) -> AsyncGenerator[tuple[Road, Road]]:
    """Open the same server twice, with the fast path and without."""
    loop = asyncio.get_running_loop()
    standing = StandingLoop(loop.time())
    monkeypatch.setattr(houses, "MemoryJournal", HeldJournal)
    async with (
        _road(standing, second_reply, settings, fast=True) as fast,
        _road(standing, second_reply, settings, fast=False) as ordinary,
    ):
        engines = {}
        for road in (fast, ordinary):
            engines[road.engines.first] = engines[road.engines.second] = road.engines

        dial = loop.create_connection

        async def connect(factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
            if port in engines:
                return engines[port].connect(factory, port)
            return await dial(factory, host, port, **options)

        with monkeypatch.context() as patched:
            patched.setattr(loop, "create_connection", connect)
            patched.setattr(loop, "time", standing.time)
            yield fast, ordinary


@asynccontextmanager
async def _road(
    standing: StandingLoop, second_reply: bytes, settings: dict[str, Any], *, fast: bool
) -> AsyncGenerator[Road]:
    async with AsyncExitStack() as opened:
        with pytest.MonkeyPatch.context() as patched:
            if not fast:
                patched.setattr(houses, "OpenAICompatible", PatientEngine)
            server = house(clock=HandClock(), tiers=TIERS, **settings)
            one = await opened.enter_async_context(server)
        engines = Engines(_port(one.fake.base_url), _port(one.second.base_url), second_reply)
        yield Road(one, engines, standing, fast=fast)


def _port(url: str) -> int:
    return int(url.partition("//")[2].partition("/")[0].rpartition(":")[2])
