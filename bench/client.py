"""The SDK's own cost beside the `openai` client's: CPU per call and per streamed chunk."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

import programs
from openai import AsyncOpenAI
from programs import AT_ONCE, Tools
from table import Budget, Figure

from venice_ai import VeniceClient

ROUNDS = 5
CALLS = 100
"""Of each client in each round."""
STREAMS = 20
"""Likewise; each of 64 chunks."""
_CHUNKS = 64
_MESSAGES: Any = [{"role": "user", "content": "How many ships passed last night?"}]
_NOTE = "beside `openai`, not nginx"

Work = Callable[[], Awaitable[None]]


def figures(tools: Tools) -> Iterator[Figure]:
    """Measure both clients in turns, before the same upstream."""
    with programs.upstream(tools) as port:
        whole, streamed = asyncio.run(_measured(f"http://127.0.0.1:{port}"))
    less = Budget(1.0)
    yield Figure("a call by the SDK", "us", *whole, less, by_ratio=True, note=_NOTE)
    yield Figure("a streamed chunk by the SDK", "us", *streamed, less, by_ratio=True, note=_NOTE)


async def _measured(address: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return ours and theirs of a call, and of a chunk."""
    at_once, many = f"{address}/{AT_ONCE}/v1", f"{address}/{_CHUNKS}x0/v1"
    async with AsyncExitStack() as held:
        ours, theirs = (
            [
                await held.enter_async_context(VeniceClient(api_key="k", base_url=url))
                for url in (at_once, many)
            ],
            [
                await held.enter_async_context(AsyncOpenAI(api_key="k", base_url=url))
                for url in (at_once, many)
            ],
        )
        whole = await _cpu_us([_calls(ours[0]), _calls(theirs[0])], CALLS)
        streamed = await _cpu_us([_streams(ours[1]), _streams(theirs[1])], STREAMS)
    return whole, (streamed[0] / _CHUNKS, streamed[1] / _CHUNKS)


def _calls(client: Any) -> Work:
    async def call() -> None:
        reply = await client.chat.completions.create(model="bench", messages=_MESSAGES)
        assert reply.choices[0].message.content

    return call


def _streams(client: Any) -> Work:
    async def stream() -> None:
        said = 0
        create = client.chat.completions.create
        async for chunk in await create(model="bench", messages=_MESSAGES, stream=True):
            said += bool(chunk.choices and chunk.choices[0].delta.content)
        assert said == _CHUNKS

    return stream


async def _cpu_us(works: list[Work], times: int) -> tuple[float, float]:
    """Return the CPU of one piece of either work in microseconds: medians of rounds in turns."""
    found: list[list[float]] = [[], []]
    for work in works:
        await work()
    for _ in range(ROUNDS):
        for costs, work in zip(found, works, strict=True):
            before = time.process_time()
            for _ in range(times):
                await work()
            costs.append((time.process_time() - before) / times * 1e6)
    return median(found[0]), median(found[1])
