"""Options of a remote image engine, from its table of the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """Image options of a table of `[engines]`; names are the engine's own."""

    sampler: str = ""
    """Empty: the engine's default."""
    scheduler: str = ""
    """Likewise."""
    cfg_scale: float | None = None
    """Of tasks without one; None: the engine's default."""
    edit_steps: int = 20
    edit_strength: float = 0.75
    """Freedom of an edit to depart from its picture, 0 to 1."""
    loras: Mapping[str, str] = field(default_factory=dict)
    """Our model id -> the LoRA that its `lora_strength` is of."""
    strip_commands: bool = False
    """Whether commands within prompts are made plain words, instead of refusing the request."""
    at_once: int = 1
    """Pictures that it is given at a time."""
    queue: int = 16
    """Further ones that may wait for their turn."""
    first_byte_timeout_s: float = 120.0
    silence_timeout_s: float = 300.0
    """Without any progress, if the engine reports progress."""
    total_timeout_s: float = 1800.0
    poll_s: float = 1.0
    """Between looks at how far the engine got."""


def unsigned(seed: int) -> int:
    """Return a non-negative seed, as engines treat negative ones as random.

    It stays below 2^31: sd-server reads larger ones as negative. No two seeds of the API become one.

    >>> unsigned(7), unsigned(-1)
    (7, 2147483647)
    """
    return seed % 2**31


def rounded_up(side: int, multiple: int = 8) -> int:
    """Return a side in whole latent pixels: engines round down what is not, and the codec crops.

    >>> rounded_up(512), rounded_up(500)
    (512, 504)
    """
    return -(-side // multiple) * multiple
