"""Embeddings on the wire: vectors as lists of numbers or as base64."""

from base64 import b64encode
from collections.abc import Sequence

import orjson
from anyio.lowlevel import checkpoint

from fondaco.domain.embedding import Vector, floats

_NUMBERS_A_TURN = 32_768
"""So many are written before other requests have their turn: about a millisecond."""


async def response_body(
    vectors: Sequence[Vector], *, base64: bool, model: str, input_tokens: int
) -> bytes:
    """Return the JSON of a response with a vector for each input, in their order."""
    data: list[bytes] = []
    written = 0
    for index, vector in enumerate(vectors):
        value = b'"%b"' % b64encode(vector) if base64 else orjson.dumps(floats(vector).tolist())
        data.append(b'{"object":"embedding","index":%d,"embedding":%b}' % (index, value))
        written += len(vector) // 4
        if written >= _NUMBERS_A_TURN:
            written = 0
            await checkpoint()
    usage = orjson.dumps({"prompt_tokens": input_tokens, "total_tokens": input_tokens})
    return b'{"object":"list","data":[%b],"model":%b,"usage":%b}' % (
        b",".join(data),
        orjson.dumps(model),
        usage,
    )
