"""Usage counts of characters."""

from collections.abc import Mapping
from typing import Protocol


class CharacterUses(Protocol):
    """Counts how often each character was used, without any data of the chats."""

    def add(self, uses: Mapping[str, int]) -> None:
        """Count more chats: slug -> how many; durable soon."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Return slug -> chats, with all that was added before; without those never used."""
        ...
