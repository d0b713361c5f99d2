"""A toy embedding model: characters are its tokens, a text's vector follows from its bytes."""

import base64
import random
import struct
from collections.abc import Mapping
from math import hypot
from typing import Any

CONTEXT_TOKENS = 4096
DIMENSIONS = 12


def vector(text: str) -> list[float]:
    """Return a text's unit vector, as an engine with float32 has it."""
    drawn = random.Random(text)  # noqa: S311 - a toy
    numbers = [drawn.gauss() for _ in range(DIMENSIONS)]
    norm = hypot(*numbers)
    return list(struct.unpack(f"<{DIMENSIONS}f", packed([n / norm for n in numbers])))


def packed(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def reply(asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status and body of a reply to a request of OpenAI's embeddings API."""
    texts = [one if isinstance(one, str) else "".join(map(chr, one)) for one in asked["input"]]
    longest = max(map(len, texts))
    if longest > CONTEXT_TOKENS:
        told = (
            f"This model's maximum context length is {CONTEXT_TOKENS} tokens. However, you requested "
            f"{longest} tokens in the input for embedding generation. Please reduce the length."
        )
        return 400, {"error": {"message": told, "type": "BadRequestError", "code": 400}}
    count = sum(map(len, texts))
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector(text), asked)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    # Backwards: an engine may send them in any order.
    return 200, {"object": "list", "data": data[::-1], "model": asked["model"], "usage": usage}


def _encoded(numbers: list[float], asked: Mapping[str, Any]) -> object:
    if asked.get("encoding_format") == "base64":
        return base64.b64encode(packed(numbers)).decode()
    return numbers
