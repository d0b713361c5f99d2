"""Balances in memory: the sum of an account's entries, and how much of it open calls hold."""

import anyio

from fondaco.domain.errors import InsufficientBalanceError, KeyLimitReachedError
from fondaco.domain.money.call import Call
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import (
    AccountSnapshot,
    Entry,
    EntryKind,
    epoch_reference,
    refilled_epoch,
)
from fondaco.domain.money.money import Currency, Funds
from fondaco.serving.billing.budget import Budget

REFILL_SKU = "diem-refill"
EXPIRY_SKU = "diem-expiry"


class Balance:
    """One account's balance and holds, in nano-units.

    DIEM held by calls from before the last refill is `outside`: the sum of the entries includes it, the
    balance of this epoch does not.
    """

    __slots__ = (
        "account_id",
        "budgets",
        "calls",
        "checked",
        "diem",
        "doubted",
        "epoch",
        "held_diem",
        "held_usd",
        "loaded",
        "lock",
        "outside",
        "usd",
    )

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.lock = anyio.Lock()
        """Held while the account is loaded or refilled."""
        self.loaded = False
        self.usd = self.diem = 0
        self.held_usd = self.held_diem = self.outside = 0
        self.epoch = -1
        """The epoch of the last refill."""
        self.checked = -1
        """The epoch up to which no refill is due."""
        self.doubted = False
        """Whether the journal refused an entry for good, so the sum must be read again."""
        self.budgets: dict[str, Budget] = {}
        """Key id -> budget, for keys with a limit."""
        self.calls = 0
        """The number of open calls and of writes that are not durable yet."""

    @property
    def idle(self) -> bool:
        """Whether the balance may be evicted from memory."""
        return not self.calls and not self.lock.locked()

    @property
    def current(self) -> Funds:
        """The balance of this epoch, holds included."""
        return Funds(self.usd, self.diem - self.outside)

    @property
    def whole(self) -> int:
        """All that is free, regardless of any key's limit."""
        return self.usd - self.held_usd + self.diem - self.held_diem

    def load(self, snapshot: AccountSnapshot) -> None:
        """Start from the journal's snapshot."""
        self.usd, self.diem = snapshot.balance.usd, snapshot.balance.diem
        self.epoch = snapshot.diem_epoch
        self.loaded = True

    def add(self, entry: Entry) -> None:
        """Apply an entry that another process wrote."""
        if entry.currency is Currency.DIEM:
            self.diem += entry.amount
            if (epoch := refilled_epoch(entry)) is not None:
                self.epoch = max(self.epoch, epoch)
        else:
            self.usd += entry.amount
        if entry.kind is EntryKind.CHARGE and entry.key_id is not None:
            budget = self.budget(entry.key_id, epoch_of(entry.at))
            if budget is not None and budget.loaded:
                in_diem = entry.currency is Currency.DIEM
                paid = Funds(diem=-entry.amount) if in_diem else Funds(usd=-entry.amount)
                budget.settle(Funds(), paid)

    def doubt(self) -> None:
        """Have the balance compared with the journal before the next hold."""
        self.doubted = True
        self.checked = -1

    def disown(self, entry: Entry) -> None:
        """Give back a charge that the journal had confirmed and then refused.

        A budget that is still being loaded keeps it where it counted it: then the key may spend less for
        the rest of the epoch.
        """
        self.doubt()
        if entry.currency is Currency.DIEM:
            self.diem -= entry.amount
        else:
            self.usd -= entry.amount
        if entry.key_id is None or entry.epoch is None:
            return
        budget = self.budget(entry.key_id, entry.epoch)
        if budget is not None and budget.loaded:
            in_diem = entry.currency is Currency.DIEM
            budget.settle(Funds(), Funds(diem=entry.amount) if in_diem else Funds(usd=entry.amount))

    def budget(self, key_id: str, epoch: int) -> Budget | None:
        """Return the budget of a key in `epoch`, if it is in memory."""
        budget = self.budgets.get(key_id)
        return None if budget is None or budget.epoch != epoch else budget

    def free(self, call: Call) -> Funds:
        """Return the funds that the call could hold: the free balance within its key's limit."""
        free = Funds(self.usd - self.held_usd, self.diem - self.held_diem)
        if not call.limit.binds:
            return free
        return self.budgets[call.key_id].left(call.limit, free)

    def expect(self, call: Call, amount: int) -> tuple[int, int]:
        """Return the USD and DIEM that the call could hold, if they cover `amount`.

        Raises:
            InsufficientBalanceError: the free balance is smaller.
            KeyLimitReachedError: the balance covers it, but the key's limit does not.
        """
        usd, diem = self.usd - self.held_usd, self.diem - self.held_diem
        whole = usd + diem
        if call.limit.binds:
            free = self.free(call)
            usd, diem = free.usd, free.diem
        if amount > usd + diem:
            raise KeyLimitReachedError if amount <= whole else InsufficientBalanceError
        return usd, diem

    def reserve(self, call: Call, amount: int, epoch: int) -> Funds:
        """Hold `amount` of the free balance, DIEM first, for a call that counts in `epoch`.

        Raises:
            InsufficientBalanceError: the free balance is smaller.
            KeyLimitReachedError: the balance covers it, but the key's limit does not.
        """
        _, diem = self.expect(call, amount)
        from_diem = min(amount, diem)
        funds = Funds(amount - from_diem, from_diem)
        self.take(funds)
        self.calls += 1
        if self.budgets and (budget := self.budget(call.key_id, epoch)) is not None:
            budget.take(funds)
        return funds

    def free_in(self, epoch: int) -> Funds:
        """Return the funds that an open call of `epoch` could still hold, regardless of its key's limit.

        DIEM of a later epoch than the call's own cannot pay for it, only USD can.
        """
        diem = self.diem - self.held_diem if epoch >= self.epoch else 0
        return Funds(self.usd - self.held_usd, diem)

    def take(self, funds: Funds) -> None:
        """Hold funds that are known to be free."""
        self.held_usd += funds.usd
        self.held_diem += funds.diem

    def settle(self, budget: Budget | None, held: Funds, paid: Funds, epoch: int) -> int:
        """Turn a hold of `epoch` into a payment; return the DIEM that expires with it."""
        if budget is not None:
            budget.settle(held, paid)
        self.held_usd -= held.usd
        self.held_diem -= held.diem
        self.usd -= paid.usd
        self.diem -= paid.diem
        if epoch >= self.epoch:
            return 0
        expired = held.diem - paid.diem
        self.outside -= held.diem
        self.diem -= expired
        return expired

    def forget_budgets(self, epoch: int) -> None:
        """Drop the budgets of earlier epochs; the next call of a key creates a new one."""
        for key_id in [k for k, b in self.budgets.items() if b.loaded and b.epoch < epoch]:
            del self.budgets[key_id]

    def restore(self, budget: Budget | None, paid: Funds, expired: int) -> None:
        """Undo a settlement that the journal refused for good."""
        self.usd += paid.usd
        self.diem += paid.diem + expired
        if budget is not None:
            budget.settle(Funds(), Funds() - paid)

    def reduce(self, budget: Budget | None, back: Funds, epoch: int) -> int:
        """Undo a part of a settlement of `epoch`; return the DIEM that expires with it."""
        if budget is not None:
            budget.settle(Funds(), Funds() - back)
        self.usd += back.usd
        if epoch < self.epoch:
            return back.diem
        self.diem += back.diem
        return 0

    def give_back(self, refill: Entry) -> None:
        """Undo a refill that the journal refused for good; its epoch has begun all the same."""
        self.diem -= refill.amount

    def refill(self, epoch: int, allocation: int, at: float, sku: str = REFILL_SKU) -> Entry:
        """Begin `epoch` with `allocation`, and return the entry that says so.

        What open calls hold stays with them, beyond the allocation.
        """
        amount = allocation + self.held_diem - self.diem
        self.diem += amount
        self.outside = self.held_diem
        self.epoch = epoch
        return Entry(
            account_id=self.account_id,
            kind=EntryKind.REFILL if amount >= 0 else EntryKind.EXPIRY,
            currency=Currency.DIEM,
            amount=amount,
            at=at,
            call_id=epoch_reference(self.account_id, epoch),
            sku=sku,
        )
