"""Tensors, as the headers of model files list them."""

from dataclasses import dataclass
from math import prod

MOST_TENSORS = 2**16
"""The largest models have some thousands."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file."""

    kind: str
    """Its type as the file names it, such as `F16` or `Q4_K`."""
    shape: tuple[int, ...]
    """In PyTorch's order: the last dimension is contiguous."""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)
