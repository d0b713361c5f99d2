"""A deadline for the whole response, set by the caller.

Source: POST /v4/beta/chat/completions, `inference_timeout`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fondaco.domain.errors import EngineTimeoutError
from fondaco.serving.chat.call.events import CallEvent


async def within(steps: AsyncGenerator[CallEvent], timeout_s: float) -> AsyncGenerator[CallEvent]:
    """Yield the steps of a call that ends in time; one that does not is stopped.

    Waiting for its reader counts, too. The call is cancelled once, as a client disconnect does it, so that it
    settles what was produced.

    Raises:
        EngineTimeoutError: the time is over.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    async with aclosing(steps):
        while True:
            # A time-out scope must not stay open across a yield.
            try:
                async with asyncio.timeout_at(deadline):
                    step = await anext(steps)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise EngineTimeoutError(
                    "The response was not complete within the inference_timeout of "
                    f"{timeout_s:g} s. Output produced until then is charged. Raise the "
                    "time-out, or lower max_tokens."
                ) from None
            yield step
