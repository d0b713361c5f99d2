"""Chat templates of callers, rendered."""

from collections.abc import Mapping
from typing import Protocol


class Templates(Protocol):
    """Renders templates of callers, where a hostile one costs nobody anything."""

    async def render(self, template: str, variables: Mapping[str, object]) -> str:
        """Return the prompt that a template makes of variables, which are as in JSON.

        Raises:
            InvalidRequestError: it makes none, or takes too much of the machine; the fault stands at
                `chat_template`.
            EngineBusyError: too many are being rendered.
        """
        ...
