"""Management of accounts by the server's operator: list, open, change, grant."""

from collections.abc import Collection, Generator
from contextlib import contextmanager

from fondaco.domain.errors import ConflictError, InvalidRequestError, NotFoundError
from fondaco.domain.money.account import Account
from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.limits import known_tier
from fondaco.ports import AccountChange, AccountPage, AccountReport, Clock, ManagedAccounts


class AccountManagement:
    """Manages all accounts; each change takes effect at once, for calls and for keys."""

    def __init__(self, accounts: ManagedAccounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    async def page(self, page: int, limit: int) -> AccountPage:
        """Return a page of accounts, ordered by name.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        return await self._accounts.page(page, limit, self._clock.now())

    async def find(self, name: str) -> AccountReport:
        """Return one account.

        Raises:
            NotFoundError: there is no account of this name.
            StorageFailedError: the store cannot be read.
        """
        with _named():
            return await self._accounts.find(name, self._clock.now())

    async def open(
        self, name: str, *, usd: int, diem_allocation: int, tier: str, tiers: Collection[str]
    ) -> AccountReport:
        """Open an account.

        Args:
            name: a plain text that no other account has.
            usd: its initial balance in nano-USD.
            diem_allocation: nano-DIEM at each epoch.
            tier: one of `tiers`.
            tiers: those of the configuration.

        Raises:
            InvalidRequestError: the tier does not exist.
            ConflictError: an account of this name exists.
            StorageFailedError: the store cannot be written.
        """
        _expect_tier(tier, tiers)
        return await self._accounts.open(
            name, usd=usd, diem_allocation=diem_allocation, tier=tier, at=self._clock.now()
        )

    async def change(
        self, name: str, change: AccountChange, *, caller: Account, tiers: Collection[str]
    ) -> AccountReport:
        """Change an account.

        Args:
            name: the account's.
            change: what becomes different.
            caller: the account of the caller.
            tiers: those of the configuration.

        Raises:
            InvalidRequestError: the tier does not exist, or the caller would disable its own account.
            NotFoundError: there is no account of this name.
            StorageFailedError: the store cannot be written.
        """
        if change.tier is not None:
            _expect_tier(change.tier, tiers)
        if change.disabled and name == caller.name:
            message = (
                f"The API key of this request belongs to the account {name!r}: if it were "
                "disabled, its keys could not enable it again. Use a key of another operator's "
                "account, or on the server: fondaco accounts disable"
            )
            raise InvalidRequestError(message, faults={"disabled": (message,)})
        with _named():
            return await self._accounts.change(name, change, self._clock.now())

    async def grant(
        self, name: str, usd: int, notes: str, key: IdempotencyKey | None = None
    ) -> AccountReport:
        """Credit an account with nano-USD; with an idempotency key only once.

        The ledger itself keeps the key, in the entry of the grant: neither a crash nor time forgets it.

        Raises:
            NotFoundError: there is no account of this name.
            IdempotencyKeyReusedError: the key was sent with another grant before.
            InvalidRequestError: the ledger cannot hold so much.
            StorageFailedError: the store cannot be written.
        """
        grant_id = None if key is None else _grant_id(key)
        with _named():
            return await self._accounts.grant(
                name, usd, notes, self._clock.now(), grant_id=grant_id
            )


def expect_enabled(account: Account, consequence: str) -> None:
    """Return if an account is enabled, before a way into it is made; `consequence` says what it would be worth.

    Raises:
        ConflictError: it is disabled.
    """
    if account.disabled:
        raise ConflictError(
            f"The account {account.name!r} is disabled, so {consequence}. Enable it first."
        )


@contextmanager
def _named() -> Generator[None]:
    """Say of an account that is not found where those are that can be."""
    try:
        yield
    except NotFoundError as error:
        raise NotFoundError(
            "There is no such account. GET /api/v1/operator/accounts lists all."
        ) from error


def _expect_tier(tier: str, tiers: Collection[str]) -> None:
    try:
        known_tier(tier, tiers)
    except ValueError as error:
        raise InvalidRequestError(faults={"tier": (str(error),)}) from error


def _grant_id(key: IdempotencyKey) -> str:
    """Return the id of a key's grant; its first bit is set, as in no id of a refill."""
    first, *rest = key.key_digest[:16]
    return bytes([first | 0x80, *rest]).hex()
