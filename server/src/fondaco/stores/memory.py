"""The reference stores: what the ports promise, in a few lines, for tests and as documentation."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import anyio.lowlevel

from fondaco.domain.account import Account, Key
from fondaco.domain.errors import AlreadyEnteredError
from fondaco.domain.ledger import Entry, OpenCall, Standing, refilled_epoch
from fondaco.domain.money import Currency, Funds


class MemoryJournal:
    """A Journal that forgets everything with the process."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._standings: dict[int, Standing] = {}
        self._seen: set[tuple[str, str, Currency]] = set()
        self._open: dict[str, OpenCall] = {}
        self._listeners: list[Callable[[Sequence[Entry]], None]] = []

    def add_account(self, account_id: int, *, diem_allocation: int = 0) -> None:
        """Open an account without money, or change what it gets at each epoch."""
        before = self._standings.get(account_id, Standing(Funds()))
        self._standings[account_id] = replace(before, diem_allocation=diem_allocation)
        self._tell(())

    def enter_elsewhere(self, *entries: Entry) -> None:
        """Append entries as another process would."""
        self._append(entries)
        self._tell(entries)

    def balances(self) -> dict[int, Funds]:
        """Return the sum of each account's entries, the ledger's own accounts included."""
        sums: dict[int, Funds] = defaultdict(Funds)
        for entry in self.entries:
            funds = _funds(entry)
            sums[entry.account_id] += funds
            sums[entry.counterpart_id] -= funds
        return dict(sums)

    async def standing(self, account_id: int) -> Standing | None:
        """Return what an account has and is due."""
        await anyio.lowlevel.checkpoint()
        return self._standings.get(account_id)

    def write(self, entries: Sequence[Entry], closes: str | None = None) -> Awaitable[None]:
        """Append entries, all or none."""
        try:
            self._append(entries)
        except AlreadyEnteredError as error:
            return _ended(error)
        if closes is not None:
            self._open.pop(closes, None)
        return _ended()

    def note(self, calls: Sequence[OpenCall]) -> None:
        """Keep the calls' latest progress."""
        self._open.update((call.call_id, call) for call in calls)

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that were noted and not closed."""
        await anyio.lowlevel.checkpoint()
        return tuple(self._open.values())

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of `enter_elsewhere` and `add_account`."""
        self._listeners.append(changed)

    def _append(self, entries: Sequence[Entry]) -> None:
        names = {(e.call_id, e.sku, e.currency) for e in entries if e.call_id is not None}
        if names & self._seen:
            raise AlreadyEnteredError
        self._seen |= names
        for entry in entries:
            standing = self._standings[entry.account_id]
            epoch = refilled_epoch(entry)
            self._standings[entry.account_id] = replace(
                standing,
                balance=standing.balance + _funds(entry),
                diem_epoch=standing.diem_epoch if epoch is None else epoch,
            )
            self.entries.append(entry)

    def _tell(self, entries: Sequence[Entry]) -> None:
        for changed in self._listeners:
            changed(entries)


class MemoryKeys:
    """Keys in a dictionary."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[Key, Account]] = {}

    def add(self, digest: bytes, key: Key, account: Account) -> None:
        """Keep a key under its secret's hash, or replace it."""
        self._found[digest] = key, account

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key that was added under `digest`."""
        await anyio.lowlevel.checkpoint()
        return self._found.get(digest)


async def _ended(error: AlreadyEnteredError | None = None) -> None:
    await anyio.lowlevel.checkpoint()
    if error is not None:
        raise error


def _funds(entry: Entry) -> Funds:
    if entry.currency is Currency.DIEM:
        return Funds(diem=entry.amount)
    return Funds(usd=entry.amount)
