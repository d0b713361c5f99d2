"""A chat that is to be confidential."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from venice_ai.tee.types import TeeOptions


@dataclass(frozen=True, slots=True)
class ConfidentialChat:
    """A request before it is encrypted."""

    path: str
    """Below the base URL."""
    model: str
    body: bytes = field(repr=False)
    """JSON."""
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float | None
    options: TeeOptions
