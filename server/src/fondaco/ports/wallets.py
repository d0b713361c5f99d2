"""Ports for wallets: challenges, signatures and stakes."""

from typing import Protocol

from fondaco.domain.money.wallet import Challenge, Proof


class Challenges(Protocol):
    """Issues and verifies the challenges that wallets sign."""

    async def write(self, challenge: Challenge) -> str:
        """Return a challenge as a text."""
        ...

    async def read(self, text: str) -> Challenge:
        """Return the challenge in a text that this server wrote, expired or not.

        Raises:
            ProofRefusedError: it did not.
        """
        ...


class Signatures(Protocol):
    """Verifies signatures."""

    async def signer(self, proof: Proof) -> str:
        """Return the address of the wallet that signed: the claimed one, in lower case.

        Raises:
            ProofRefusedError: another wallet signed, or another text.
            InvalidRequestError: the address is invalid.
        """
        ...


class Stakes(Protocol):
    """Allocations of wallets by their stakes."""

    async def allocation(self, wallet: str) -> int | None:
        """Return the nano-DIEM that a wallet (its address in lower case) gets each epoch, or None.

        Raises:
            ChainUnavailableError: it cannot be read now.
        """
        ...
