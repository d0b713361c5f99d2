"""Accounts and their keys: who pays, and with which secret they call."""

import hmac
from dataclasses import dataclass
from enum import StrEnum

SYSTEM_ACCOUNTS = {"revenue": 1, "grants": 2, "epochs": 3}
"""The ledger's own accounts: the other side of every entry. Accounts of people come after."""

FIRST_ACCOUNT = "default"
"""The name of the account that is made where somebody needs one and there is none."""


class KeyType(StrEnum):
    """What a key may do. Source: POST /api_keys, `apiKeyType`."""

    ADMIN = "ADMIN"
    INFERENCE = "INFERENCE"


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays."""

    id: int
    name: str
    diem_allocation: int = 0
    """Nano-DIEM to which the DIEM balance is refilled at each epoch."""
    tier: str = "paid"
    """The class of account that sets its limits."""
    disabled: bool = False
    """A disabled account's keys authenticate nobody."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept: never the secret itself."""

    id: str
    """128 random bits in hex."""
    account_id: int
    type: KeyType
    description: str
    last6: str
    """The secret's last six characters, to tell keys apart."""
    created_at: float
    """Unix seconds."""
    expires_at: float | None = None
    revoked: bool = False

    def live(self, now: float) -> bool:
        """Whether the key may be used at `now` (Unix seconds)."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)


def digest(pepper: bytes, secret: str) -> bytes:
    """Return the keyed hash under which a secret is kept and found (HMAC-SHA256, 32 bytes).

    Secrets are 256 random bits, so a fast hash is enough; the pepper makes a stolen table useless.
    """
    return hmac.digest(pepper, secret.encode(), "sha256")
