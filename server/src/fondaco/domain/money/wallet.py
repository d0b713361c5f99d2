"""Wallets: key pairs on a chain that sign in with a signature.

Source: overview/guides/generating-api-key-agent.md; api_keys/generate_web3_key/post.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge for a wallet to sign: valid for one key, and for a limited time."""

    nonce: str
    issued_at: int
    """Unix seconds."""
    expires_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A signed challenge, which proves that the caller owns a wallet."""

    address: str
    """`0x` and 40 hex digits, in lower or upper case, or mixed as EIP-55 has it."""
    text: str
    """The challenge as it was written."""
    signature: str
    """`0x` and 130 hex digits: r, s and v of EIP-191's personal message with this text."""


def account_name(wallet: str) -> str:
    """Return the name of the account that belongs to a wallet.

    >>> account_name("0x45b73055f3adcc4577bb709db10b19d11b5c94ee")
    'wallet:0x45b73055f3adcc4577bb709db10b19d11b5c94ee'
    """
    return f"wallet:{wallet}"
