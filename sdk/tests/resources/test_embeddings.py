"""`client.embeddings`: texts become vectors, however these travel, in both clients."""

import base64
import json
from array import array

import anyio.to_thread
import pytest

from house import SECRET, TOY, house
from upstream.raw_server import RawServer
from venice_ai import InvalidRequestError, NotFoundError, SyncVeniceClient, VeniceClient
from word_embedder import CONTEXT_TOKENS, DIMENSIONS, TOY_VECTORS, WordEmbedder

VECTORS = [[0.5, -0.25], [1.0, 0.0]]


def replied(*vectors: object) -> bytes:
    body = json.dumps(
        {
            "object": "list",
            "model": "toy",
            "data": [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
    ).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def encoded(vector: list[float]) -> str:
    return base64.b64encode(array("f", vector).tobytes()).decode()


@pytest.mark.parametrize("vectors", [VECTORS, [encoded(vector) for vector in VECTORS]])
async def test_vectors_are_lists_of_floats_in_either_encoding(
    raw: RawServer, vectors: list[object]
) -> None:
    raw.answer(replied(*vectors))
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client:
        response = await client.embeddings.create(model="toy", input=["a", "b"])
    assert [item.embedding for item in response.data] == VECTORS
    assert [item.index for item in response.data] == [0, 1]
    assert response.usage.total_tokens == 3


async def test_only_what_is_given_is_sent(raw: RawServer) -> None:
    raw.answer(replied([1.0]))
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client:
        await client.embeddings.create(model="toy", input=[1, 2], dimensions=1)
    assert json.loads(raw.bodies[0]) == {
        "input": [1, 2],
        "model": "toy",
        "encoding_format": "base64",
        "dimensions": 1,
    }


async def test_a_paid_request_can_be_repeated_without_a_second_charge(raw: RawServer) -> None:
    raw.answer(replied([1.0]))
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        await client.embeddings.create(model="toy", input="a")
    assert "idempotency-key:" in raw.heads[0].lower()


async def test_the_server_embeds_for_both_clients_and_charges_each_request_once() -> None:
    engines = {"toy-embedder": WordEmbedder()}
    async with house(models=(TOY, TOY_VECTORS), embedding_engines=engines) as one:
        url = f"{one.url}/api/v1"
        async with VeniceClient(api_key=SECRET, base_url=url) as client:
            response = await client.embeddings.create(model=TOY_VECTORS.id, input=["a b", "c"])
            page = await client.billing.usage()

        def blocking() -> list[float]:
            with SyncVeniceClient(api_key=SECRET, base_url=url) as other:
                answer = other.embeddings.create(model=TOY_VECTORS.id, input="a b")
                return answer.data[0].embedding

        assert await anyio.to_thread.run_sync(blocking) == response.data[0].embedding
    assert [len(item.embedding) for item in response.data] == [DIMENSIONS] * 2
    assert [row.sku for row in page.data] == [f"{TOY_VECTORS.id}-embedding-mtoken"]
    assert page.data[0].units * 10**6 == response.usage.total_tokens


async def test_what_cannot_be_embedded_is_an_error_that_says_why() -> None:
    engines = {"toy-embedder": WordEmbedder()}
    async with (
        house(models=(TOY, TOY_VECTORS), embedding_engines=engines) as one,
        VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1") as client,
    ):
        with pytest.raises(InvalidRequestError, match=str(CONTEXT_TOKENS)):
            await client.embeddings.create(
                model=TOY_VECTORS.id, input=" ".join(["word"] * (CONTEXT_TOKENS + 1))
            )
        with pytest.raises(NotFoundError):
            await client.embeddings.create(model="no-such-vectors", input="a")
