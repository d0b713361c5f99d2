"""A scripted upstream that says known words, one after another, as slowly as a test wants."""

from collections.abc import Sequence

import anyio

from fake_upstream import Asked, Script, Wire


def saying_slowly(words: Sequence[str], *, word_s: float = 0.02, gate: int | None = None) -> Script:
    """Stream each word as a chunk.

    Args:
        words: with their blanks.
        word_s: seconds between two of them.
        gate: how many of them are said before the client has to go; None: all, and a good end.
    """

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        for word in words[:gate]:
            await wire.event({"model": "toy", "choices": [{"delta": {"content": word}}]})
            await anyio.sleep(word_s)
        if gate is not None:
            await anyio.sleep_forever()
        usage = {"prompt_tokens": 7, "completion_tokens": len(words)}
        await wire.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        await wire.event({"choices": [], "usage": usage})
        await wire.event("[DONE]")
        await wire.end()
        return True

    return script
