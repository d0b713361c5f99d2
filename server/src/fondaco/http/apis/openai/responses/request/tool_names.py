"""Names of tools: an engine knows functions by one name, where the API groups them in namespaces.

Source: POST /responses of OpenAI's API, tools of the type `namespace`, and `namespace` of a call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from fondaco.domain.fast_init import fast_init

_LONGEST = 64
"""Characters that engines take of a name."""
_HASH_BYTES = 4


@fast_init
@dataclass(frozen=True, slots=True)
class ToolName:
    """Name of a tool on the caller's side."""

    name: str
    namespace: str | None = None
    custom: bool = False
    """Whether it is a custom tool, whose input is a text."""

    @property
    def of_engine(self) -> str:
        """The name that an engine knows it by.

        >>> ToolName("close", "agents").of_engine, ToolName("close").of_engine
        ('agents__close', 'close')
        """
        if self.namespace is None:
            return self.name
        joined = f"{self.namespace}__{self.name}"
        if len(joined) <= _LONGEST:
            return joined
        mark = blake2b(joined.encode(), digest_size=_HASH_BYTES).hexdigest()
        return f"{joined[: _LONGEST - len(mark) - 1]}_{mark}"


ToolNames = Mapping[str, ToolName]
"""The name that an engine knows -> how the caller knows it; others are the same to both."""
