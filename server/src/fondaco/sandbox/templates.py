"""The `Templates` port over sandboxed children."""

from collections.abc import Mapping
from datetime import UTC, datetime

import anyio
import orjson

from fondaco.domain.errors import InvalidRequestError
from fondaco.ports import Clock
from fondaco.sandbox.children import CPU_S, QUEUE_S, WAIT_S, Children, EndedError

MOST_BYTES = 64 * 2**10
"""Of a template."""
MOST_CHILDREN = 2
_FIELD = "chat_template"
_TOO_COMPLEX = "takes too long, or too much memory, to render"


class SandboxedTemplates:
    """`Templates` that run in sandboxed children."""

    def __init__(
        self,
        clock: Clock,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
    ) -> None:
        self._clock = clock
        self._children = Children("templates", cpu_s=cpu_s, wait_s=wait_s, queue_s=queue_s)
        self._limiter = anyio.CapacityLimiter(MOST_CHILDREN)

    async def render(self, template: str, variables: Mapping[str, object]) -> str:
        """Return the rendered prompt; see `Templates.render`."""
        if (size := len(template.encode())) > MOST_BYTES:
            raise _unusable(f"is {size} bytes long; the maximum is {MOST_BYTES}")
        now = datetime.fromtimestamp(self._clock.now(), UTC).isoformat()
        variables_json = orjson.dumps(variables).decode()
        try:
            result = await self._children.ask(
                self._limiter, "render", template, variables_json, now
            )
        except EndedError:
            raise _unusable(_TOO_COMPLEX) from None
        text = result.get("text")
        if text is None:
            raise _unusable(result.get("reason") or _TOO_COMPLEX)
        return text

    async def aclose(self) -> None:
        """End the children."""
        await self._children.aclose()


def _unusable(reason: str) -> InvalidRequestError:
    return InvalidRequestError(f"The chat_template {reason}.", faults={_FIELD: (reason,)})
