"""Accounts and API keys."""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.money import Funds

SYSTEM_ACCOUNTS = {"revenue": 1, "grants": 2, "epochs": 3}
"""The ledger's own accounts: the other side of every entry. Accounts of people come after."""

FIRST_ACCOUNT = "default"
"""The name of the account that is created when the first one is needed."""

LONGEST_ACCOUNT_NAME = 100
"""Characters of an account's name: a plain text, and never empty."""

LONGEST_GRANT_NOTES = 500
"""Characters of the reason of a grant: a plain text."""

MOST_KEYS = 500
"""The most active keys of an account. Source: POST /api_keys."""


class KeyType(StrEnum):
    """Permissions of a key. Source: POST /api_keys, `apiKeyType`."""

    ADMIN = "ADMIN"
    INFERENCE = "INFERENCE"


@fast_init
@dataclass(frozen=True, slots=True)
class ConsumptionLimit:
    """Spending limits of a key for one epoch, in nano-units; None: unlimited.

    Source: POST /api_keys, `consumptionLimit`.
    """

    usd: int | None = None
    diem: int | None = None
    vcu: int | None = None
    """Stored and shown only: VCU is the old name of DIEM, and nothing is charged in it."""

    @property
    def binds(self) -> bool:
        """Whether it limits anything that is charged."""
        return self.usd is not None or self.diem is not None

    def left(self, spent: Funds, free: Funds) -> Funds:
        """Return the part of `free` that the key may still take, having spent `spent` in the epoch.

        >>> ConsumptionLimit(usd=5).left(spent=Funds(usd=4, diem=9), free=Funds(usd=3, diem=2))
        Funds(usd=1, diem=2)
        """
        usd, diem = free.usd, free.diem
        if self.usd is not None:
            usd = min(usd, max(0, self.usd - spent.usd))
        if self.diem is not None:
            diem = min(diem, max(0, self.diem - spent.diem))
        return Funds(usd, diem)


UNLIMITED = ConsumptionLimit()
"""No limit but the account's balance."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account, which pays for its calls."""

    id: int
    name: str
    diem_allocation: int = 0
    """Nano-DIEM to which the DIEM balance is refilled at each epoch."""
    tier: str = "paid"
    """The tier, which sets its rate limits."""
    disabled: bool = False
    """A disabled account's keys are rejected."""
    wallet: str | None = None
    """The address of the wallet that the account belongs to, `0x` and 40 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is stored, without its secret."""

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
    """Unix seconds; None: never."""
    revoked: bool = False
    limit: ConsumptionLimit = UNLIMITED
    used_at: float | None = None
    """Unix seconds of its last use, some seconds behind; None: never used."""

    def live(self, now: float) -> bool:
        """Whether the key is active at `now` (Unix seconds)."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key with its secret, which is shown only once."""

    key: Key
    secret: str


_KEY_ID = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.ASCII | re.IGNORECASE,
)
"""An id in hex, or with the hyphens of a UUID."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = 43
"""Base-62 digits that hold 256 bits."""


def base62(bits: int) -> str:
    """Return 256 random bits as 43 letters and digits.

    >>> base62(61)
    'z000000000000000000000000000000000000000000'
    """
    digits = []
    for _ in range(_DIGITS):
        bits, digit = divmod(bits, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def secret_of(type_: KeyType, bits: int) -> str:
    """Return the secret for 256 random bits; its letter is the key's type.

    >>> secret_of(KeyType.ADMIN, 61)
    'fondaco_a_z000000000000000000000000000000000000000000'
    """
    return f"fondaco_{type_.value[0].lower()}_{base62(bits)}"


def new_key(
    type_: KeyType,
    *,
    key_id: str,
    secret_bits: int,
    account_id: int,
    description: str,
    created_at: float,
    expires_at: float | None = None,
    limit: ConsumptionLimit = UNLIMITED,
) -> NewKey:
    """Return a new key and its secret, encoded from 256 random bits."""
    secret = secret_of(type_, secret_bits)
    key = Key(
        id=key_id,
        account_id=account_id,
        type=type_,
        description=description,
        last6=secret[-6:],
        created_at=created_at,
        expires_at=expires_at,
        limit=limit,
    )
    return NewKey(key, secret)


def key_id_of(text: str) -> str | None:
    """Normalize an id; None if the text is not one.

    >>> key_id_of("E28E82DC-9df2-4b47-b726-d0a222ef2ab5")
    'e28e82dc9df24b47b726d0a222ef2ab5'
    >>> key_id_of("e28e82dc") is None
    True
    """
    return text.replace("-", "").lower() if _KEY_ID.fullmatch(text) else None


def digest(pepper: bytes, secret: str) -> bytes:
    """Return the keyed hash by which a secret is stored and looked up (HMAC-SHA256, 32 bytes).

    Secrets are 256 random bits, so a fast hash is enough; the pepper makes a stolen table useless.
    """
    return hmac.digest(pepper, secret.encode(), "sha256")
