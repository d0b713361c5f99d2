"""Calls that are cancelled wherever they wait: nothing stays held or taken, and what was produced is charged."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

import house as houses
import toy_embedder
from cancelled_calls import cancelled, settled
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.models.model import EmbeddingModel
from fondaco.domain.money.price import EmbeddingPrice
from fondaco.engines.openai.embeddings import OpenAIEmbeddings, UpstreamModel
from house import TOY, House, chat_body, house
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


@pytest.mark.parametrize("case", CASES)
async def test_a_call_that_is_cancelled_at_any_of_its_waits_is_settled(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    path, body = CASES[case]
    async with world(monkeypatch) as one:
        for at in range(1, MOST_WAITS):
            before = len(one.charges())
            waits, sent = await cancelled(one, path, body, f"key-{at}", at)
            charges = await settled(one, body, path, f"key-{at}", before)
            produced = max(
                (entry.usage.output_tokens for entry in charges if entry.usage), default=0
            )
            assert sent.count(b'"content":"') <= produced, "what was delivered is charged"
            if waits < at:
                break
    assert 5 < at < MOST_WAITS
