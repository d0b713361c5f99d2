"""Stores of accounts and API keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.money import Funds

REPORTED_EPOCHS = 7
"""Number of epochs that a key's report adds up, the current one included."""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """A key with its charges of the last `REPORTED_EPOCHS`."""

    key: Key
    spent: Funds


class Keys(Protocol):
    """Store of API keys. An account sees only its own keys; any other key is not found.

    Every method raises `StorageFailedError` where the store cannot be read or written.
    """

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key whose secret has this keyed hash (32 bytes), with its account."""
        ...

    async def active(self, account_id: int, now: float) -> Sequence[KeyReport]:
        """Return an account's keys that are valid at `now` (Unix seconds), oldest first."""
        ...

    async def report(self, account_id: int, key_id: str, now: float) -> KeyReport | None:
        """Return one key of an account, expired or not; None if it is revoked or absent."""
        ...

    async def add(self, key: Key, digest: bytes, most_active: int) -> None:
        """Add a key under its secret's keyed hash.

        Raises:
            TooManyKeysError: its account has `most_active` valid keys already.
        """
        ...

    async def change(self, account_id: int, key_id: str, changed: Callable[[Key], Key]) -> bool:
        """Set the description, expiry and limit of a key to those of `changed(key)`, atomically.

        An exception of `changed` propagates, and nothing is changed. Returns whether the account has
        such a key that is not revoked.
        """
        ...

    async def revoke(self, account_id: int, key_id: str, at: float) -> bool:
        """Revoke a key; return whether the account had such a key that was not revoked."""
        ...


class KeyUses(Protocol):
    """Records when API keys were last used."""

    def record_uses(self, used: Mapping[str, float]) -> None:
        """Record uses, as key id -> Unix seconds; durable soon, without waiting.

        A key's latest use wins, in whatever order uses arrive. Values that cannot be stored are dropped.
        """
        ...


class Accounts(Protocol):
    """Store of the accounts that belong to wallets.

    A raised allocation counts at once, a lowered one from the next epoch. What was allocated in an
    epoch stays allocated until its end, so lowering and raising it again gives nothing twice. Every
    method raises `StorageFailedError` where the store cannot be read or written.
    """

    async def of_wallet(self, wallet: str, diem_allocation: int, at: float) -> Account:
        """Return a wallet's account with this allocation (nano-DIEM), opening it if it has none."""
        ...

    async def with_wallets(self) -> Sequence[Account]:
        """Return all accounts of wallets, oldest first."""
        ...

    async def allocate(self, account_id: int, diem_allocation: int, at: float) -> None:
        """Set the nano-DIEM that an account is allocated in each epoch.

        Raises:
            StorageFailedError: the account does not exist.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountReport:
    """An account with its balance and its keys."""

    account: Account
    balance: Funds
    """In the current epoch."""
    created_at: float
    """Unix seconds, as all times here."""
    keys: int
    """Keys that can be used."""
    used_at: float | None
    """The last use of one of its keys, some seconds behind; None: none was ever used."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of accounts, and the number of accounts on all pages in the same snapshot."""

    accounts: Sequence[AccountReport]
    total: int


@dataclass(frozen=True, slots=True)
class AccountChange:
    """A change of an account; None keeps the value."""

    tier: str | None = None
    disabled: bool | None = None
    diem_allocation: int | None = None
    """Nano-DIEM at each epoch."""


class ManagedAccounts(Protocol):
    """Store of all accounts but the ledger's own.

    Every method raises `StorageFailedError` where the store cannot be read or written. A change has reached
    the listeners of `Journal.on_change` when its method returns.
    """

    async def page(self, page: int, limit: int, at: float) -> AccountPage:
        """Return a page of accounts, ordered by name; pages count from 1."""
        ...

    async def find(self, name: str, at: float) -> AccountReport:
        """Return one account.

        Raises:
            NotFoundError: there is no account of this name.
        """
        ...

    async def open(
        self, name: str, *, usd: int, diem_allocation: int, tier: str, at: float
    ) -> AccountReport:
        """Open an account with initial nano-USD, and nano-DIEM at each epoch.

        Raises:
            ConflictError: an account of this name exists.
        """
        ...

    async def change(self, name: str, change: AccountChange, at: float) -> AccountReport:
        """Change an account, all at once.

        An increase of the allocation takes effect at once, a decrease at the next epoch.

        Raises:
            NotFoundError: there is no account of this name.
        """
        ...

    async def grant(
        self, name: str, usd: int, notes: str, at: float, *, grant_id: str | None = None
    ) -> AccountReport:
        """Credit an account with nano-USD.

        Args:
            name: the account's.
            usd: more than 0.
            notes: the reason, which the ledger keeps.
            at: Unix seconds.
            grant_id: 32 hex digits, the first of which is `8` or more. The ledger has one grant of an id: where
                it is there already, nothing is changed.

        Raises:
            NotFoundError: there is no account of this name.
            IdempotencyKeyReusedError: the grant of this id is another one.
            InvalidRequestError: the ledger cannot hold so much.
        """
        ...
