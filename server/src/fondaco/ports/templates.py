"""The port that renders callers' chat templates."""

from collections.abc import Mapping
from typing import Protocol


class Templates(Protocol):
    """Renders untrusted templates, isolated from the process that serves calls."""

    async def render(self, template: str, variables: Mapping[str, object]) -> str:
        """Render a template with variables, which are JSON values.

        Raises:
            InvalidRequestError: it fails, or exceeds a resource limit; the fault stands at
                `chat_template`.
            EngineBusyError: too many are being rendered.
        """
        ...
