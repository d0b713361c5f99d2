"""Calls that are cancelled wherever they wait: nothing stays held or taken, and what was produced is charged."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

import house as houses
import toy_embedder
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.models.model import EmbeddingModel
from fondaco.domain.money.price import EmbeddingPrice
from fondaco.engines.openai.embeddings import OpenAIEmbeddings, UpstreamModel
from fondaco.http.asgi.asgi_exchange import AsgiExchange
from fondaco.http.asgi.messages import Message
from house import ACCOUNT, SECRET, TOY, House, chat_body, house
from money_world import CancellableJournal

CHAT, EMBEDDINGS = "/api/v1/chat/completions", "/api/v1/embeddings"
VECTORS = EmbeddingModel(
    id="vectors",
    name="Vectors",
    price=EmbeddingPrice(1_000_000_000),
    context_tokens=toy_embedder.CONTEXT_TOKENS,
    dimensions=toy_embedder.DIMENSIONS,
    engines=("embedder",),
)
CASES: dict[str, tuple[str, dict[str, object]]] = {
    "whole": (CHAT, chat_body(max_tokens=3)),
    "stream": (CHAT, chat_body(max_tokens=3, stream=True)),
    "several choices": (CHAT, chat_body(max_tokens=2, n=2, stream=True)),
    "embeddings": (EMBEDDINGS, {"model": "vectors", "input": ["a", "bb"]}),
}
MOST_WAITS = 60


class Stepped:
    """A coroutine that is cancelled at its `at`-th wait, as a disconnect does it: once."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int, exchange: AsgiExchange) -> None:
        self._work = work
        self._at = at
        self._exchange = exchange
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        resume, value = self._work.send, None
        while True:
            try:
                awaited = resume(value)  # as a task does
            except StopIteration:
                return
            self.waits += 1
            if self.waits == self._at:
                self._exchange.abandon()
            try:
                value, resume = (yield awaited), self._work.send
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's
                value, resume = error, self._work.throw


@asynccontextmanager
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    """Run a house whose journal waits at each write, and whose accounts have one call at a time."""
    monkeypatch.setattr(houses, "MemoryJournal", CancellableJournal)
    async with FakeUpstream() as fake:
        client = connect(fake.base_url)
        embedder = OpenAIEmbeddings("embedder", client, {"vectors": UpstreamModel("toy", 12)})
        async with house(
            models=(TOY, VECTORS),
            embedding_engines={"embedder": embedder},
            dialects=("vllm", "vllm"),
            concurrent_calls=1,
        ) as one:
            yield one
        await client.aclose()


async def cancelled(
    one: House, path: str, body: dict[str, object], key: str, at: int
) -> tuple[int, bytes]:
    """Return how often a request waited that was cancelled at a wait, and what was sent of its response."""
    content = json.dumps(body).encode()
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {SECRET}".encode()),
        (b"content-type", b"application/json"),
        (b"idempotency-key", key.encode()),
    ]
    exchange = AsgiExchange({"method": "POST", "path": path, "headers": headers})
    exchange.take(content)
    exchange.end_body()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    stepped = Stepped(one.edge.answer(exchange), at, exchange)

    async def answer() -> None:
        await stepped

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        exchange.task = tasks.create_task(answer())
        tasks.create_task(exchange.send_all(send))
    return stepped.waits, b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize("case", CASES)
async def test_a_call_that_is_cancelled_at_any_of_its_waits_is_settled(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    path, body = CASES[case]
    async with world(monkeypatch) as one:
        for at in range(1, MOST_WAITS):
            before = len(one.charges())
            waits, sent = await cancelled(one, path, body, f"key-{at}", at)
            await one.platform.ledger.retry()
            charges = one.charges()[before:]
            assert not one.platform.ledger.open_holds
            assert not await one.journal.open_calls()
            assert one.journal.balances()[ACCOUNT] == await one.balance()
            produced = max(
                (entry.usage.output_tokens for entry in charges if entry.usage), default=0
            )
            assert sent.count(b'"content":"') <= produced, "what was delivered is charged"
            again = await repeated(one, path, body, f"key-{at}")
            assert again.status_code == (409 if charges else 200), "the place is free, the key kept"
            if waits < at:
                break
    assert 5 < at < MOST_WAITS


async def repeated(one: House, path: str, body: dict[str, object], key: str) -> httpx2.Response:
    return await one.client.post(path, json=body, headers={"Idempotency-Key": key})
