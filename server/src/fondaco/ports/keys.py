"""Where accounts and keys are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.money import Funds

REPORTED_EPOCHS = 7
"""How many epochs a key's report sums up, the present one included."""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """A key, and what it was charged in the last `REPORTED_EPOCHS`."""

    key: Key
    spent: Funds


class Keys(Protocol):
    """Where accounts and keys are kept. A key of another account is as good as none."""

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key whose secret has this keyed hash, with its account."""
        ...

    async def active(self, account_id: int, now: float) -> Sequence[KeyReport]:
        """Return an account's keys that may be used at `now` (Unix seconds), oldest first."""
        ...

    async def report(self, account_id: int, key_id: str, now: float) -> KeyReport | None:
        """Return one key of an account, an expired one too, but no revoked one."""
        ...

    async def add(self, key: Key, digest: bytes, most_active: int) -> None:
        """Keep a new key under its secret's keyed hash.

        Raises:
            TooManyKeysError: its account has `most_active` keys that may be used.
        """
        ...

    async def change(self, account_id: int, key_id: str, changed: Callable[[Key], Key]) -> bool:
        """Give a key the description, end and limit that it has in `changed(key)`.

        Nothing else changes the key between the two. Returns whether there was such a key that was
        not revoked; what `changed` raises comes through, and nothing is changed then.
        """
        ...

    async def revoke(self, account_id: int, key_id: str, at: float) -> bool:
        """End a key for good; return whether there was such a key that was not revoked."""
        ...


class Accounts(Protocol):
    """Accounts of wallets.

    Of a new allocation, more counts at once, less from the next epoch on. What was allocated in an
    epoch stays so until its end, so going down and up again gives nothing twice.
    """

    async def of_wallet(self, wallet: str, diem_allocation: int, at: float) -> Account:
        """Return the account of a wallet with this allocation, opened where there is none."""
        ...

    async def with_wallets(self) -> Sequence[Account]:
        """Return all accounts of wallets."""
        ...

    async def allocate(self, account_id: int, diem_allocation: int, at: float) -> None:
        """Set the nano-DIEM that an account gets at each epoch."""
        ...
