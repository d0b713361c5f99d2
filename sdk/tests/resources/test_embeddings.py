"""`client.embeddings`: texts become vectors, however these travel."""

import base64
import json
from array import array

import pytest

from upstream.raw_server import RawServer
from venice_ai import VeniceClient

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
