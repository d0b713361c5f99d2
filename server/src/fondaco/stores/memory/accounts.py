"""The in-memory reference store of wallets' accounts."""

from collections.abc import Sequence
from dataclasses import replace

import anyio.lowlevel

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import Account
from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.wallet import account_name
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys

_FIRST = 1000
"""Ids below are for the accounts that tests add themselves."""


class MemoryAccounts:
    """Accounts of wallets beside a journal and keys in memory."""

    def __init__(self, journal: MemoryJournal, keys: MemoryKeys) -> None:
        self._journal = journal
        self._keys = keys
        self._accounts: dict[str, Account] = {}

    async def of_wallet(self, wallet: str, diem_allocation: int, at: float) -> Account:
        """Return the account of a wallet with this allocation."""
        await anyio.lowlevel.checkpoint()
        if wallet not in self._accounts:
            account = Account(_FIRST + len(self._accounts), account_name(wallet), wallet=wallet)
            self._accounts[wallet] = account
            self._journal.add_account(account.id)
        await self.allocate(self._accounts[wallet].id, diem_allocation, at)
        return self._accounts[wallet]

    async def with_wallets(self) -> Sequence[Account]:
        """Return all accounts of wallets, oldest first."""
        await anyio.lowlevel.checkpoint()
        return list(self._accounts.values())

    async def allocate(self, account_id: int, diem_allocation: int, at: float) -> None:
        """Set an account's allocation for each epoch, and credit an increase at once."""
        await allocate(self._journal, account_id, diem_allocation, at)
        for wallet, account in self._accounts.items():
            if account.id == account_id:
                self._accounts[wallet] = replace(account, diem_allocation=diem_allocation)
                self._keys.put(self._accounts[wallet])


async def allocate(
    journal: MemoryJournal, account_id: int, diem_allocation: int, at: float
) -> None:
    """Set an account's allocation for each epoch in its journal, and credit an increase at once."""
    epoch = epoch_of(at)
    snapshot = await journal.snapshot(account_id, epoch)
    if snapshot is None:
        raise StorageFailedError
    raised = snapshot.raised(diem_allocation, _charged(journal, account_id, epoch), epoch)
    journal.add_account(account_id, diem_allocation=diem_allocation)
    if raised:
        kind, diem = EntryKind.ADJUSTMENT, Currency.DIEM
        journal.enter_elsewhere(Entry(account_id, kind, diem, raised, at))


def _charged(journal: MemoryJournal, account_id: int, epoch: int) -> int:
    return -sum(
        entry.amount
        for entry in journal.entries
        if entry.account_id == account_id
        and entry.kind is EntryKind.CHARGE
        and entry.currency is Currency.DIEM
        and begins(epoch) <= entry.at < begins(epoch + 2)
    )
