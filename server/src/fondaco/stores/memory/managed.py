"""The in-memory reference store of all accounts, for the operator."""

from dataclasses import replace

import anyio.lowlevel

from fondaco.domain.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    NotFoundError,
)
from fondaco.domain.money.account import Account
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import MOST, Currency
from fondaco.ports import AccountChange, AccountPage, AccountReport
from fondaco.stores.memory.accounts import allocate
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys

_FIRST = 2000
"""Ids below are for the accounts that tests add themselves, and for those of wallets."""


class MemoryManagedAccounts:
    """The accounts beside a journal that their keys know."""

    def __init__(self, journal: MemoryJournal, keys: MemoryKeys) -> None:
        self._journal = journal
        self._keys = keys
        self._created: dict[int, float] = {}

    async def page(self, page: int, limit: int, at: float) -> AccountPage:
        """Return a page of accounts."""
        accounts = sorted(self._keys.accounts, key=lambda account: account.name)
        first = (page - 1) * limit
        shown = accounts[first : first + limit]
        return AccountPage([await self._report(one, at) for one in shown], len(accounts))

    async def find(self, name: str, at: float) -> AccountReport:
        """Return one account."""
        await anyio.lowlevel.checkpoint()
        return await self._report(self._named(name), at)

    async def open(
        self, name: str, *, usd: int, diem_allocation: int, tier: str, at: float
    ) -> AccountReport:
        """Open an account."""
        await anyio.lowlevel.checkpoint()
        if any(account.name == name for account in self._keys.accounts):
            raise ConflictError(f"The account {name!r} already exists. Choose another name.")
        account = Account(_FIRST + len(self._created), name, diem_allocation, tier)
        self._created[account.id] = at
        self._keys.put(account)
        self._journal.add_account(account.id, diem_allocation=diem_allocation)
        if usd:
            return await self.grant(name, usd, "opening grant", at)
        return await self._report(account, at)

    async def change(self, name: str, change: AccountChange, at: float) -> AccountReport:
        """Change an account."""
        account = self._named(name)
        if change.diem_allocation is not None:
            await allocate(self._journal, account.id, change.diem_allocation, at)
            account = replace(account, diem_allocation=change.diem_allocation)
        if change.tier is not None:
            account = replace(account, tier=change.tier)
        if change.disabled is not None:
            account = replace(account, disabled=change.disabled)
        self._keys.put(account)
        self._journal.add_account(account.id, diem_allocation=account.diem_allocation)
        return await self._report(account, at)

    async def grant(
        self, name: str, usd: int, notes: str, at: float, *, grant_id: str | None = None
    ) -> AccountReport:
        """Credit an account."""
        account = self._named(name)
        kind = EntryKind.GRANT
        entry = Entry(account.id, kind, Currency.USD, usd, at, grant_id, notes=notes)
        made = [one for one in self._journal.entries if grant_id and one.call_id == grant_id]
        if made and replace(made[0], at=at) == entry:
            return await self._report(account, at)
        if made:
            raise IdempotencyKeyReusedError
        report = await self._report(account, at)
        if report.balance.usd + usd > MOST:
            raise InvalidRequestError(faults={"usd": ("The amount exceeds the ledger's limit.",)})
        self._journal.enter_elsewhere(entry)
        return await self._report(account, at)

    def _named(self, name: str) -> Account:
        for account in self._keys.accounts:
            if account.name == name:
                return account
        raise NotFoundError

    async def _report(self, account: Account, at: float) -> AccountReport:
        snapshot = await self._journal.snapshot(account.id)
        if snapshot is None:
            raise NotFoundError
        keys = self._keys.of_account(account.id)
        uses = [key.used_at for key in keys if key.used_at is not None]
        return AccountReport(
            account,
            snapshot.at(epoch_of(at)),
            self._created.get(account.id, 0.0),
            sum(key.live(at) for key in keys),
            max(uses, default=None),
        )
