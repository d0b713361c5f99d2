"""The ledger: admits a call only against money, and keeps DIEM, USD and the journal in step."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import anyio

from fondaco.domain.errors import (
    AlreadyEnteredError,
    NotFoundError,
    StorageFailedError,
    WriteQuarantinedError,
)
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import AccountSnapshot, Entry, OpenCall
from fondaco.domain.money.money import Funds, checked
from fondaco.domain.money.price import Charge
from fondaco.domain.money.usage import Usage
from fondaco.ports import Clock, Journal
from fondaco.ports.incidents import Incident, report
from fondaco.serving.billing.balance import REFILL_SKU, Balance
from fondaco.serving.billing.budget import Budget
from fondaco.serving.billing.hold import NOTE_AFTER_S, Hold, SharedState
from fondaco.serving.billing.ledger_clock import LedgerClock
from fondaco.serving.billing.meter import UsageSource
from fondaco.serving.billing.pending_writes import LedgerWrite, PendingWrites
from fondaco.serving.billing.recovery import open_calls, set_aside, settled

__all__ = ["Hold", "Ledger"]

_REFILLED_AGAIN = tuple(f"{REFILL_SKU}-{time}" for time in range(2, 10))


class Ledger:
    """Holds in memory over a journal on disk.

    It runs on one event loop and is the only one to charge the accounts of its journal. Between
    looking at a balance and reserving from it nothing is awaited, so no lock is needed.
    """

    def __init__(self, journal: Journal, clock: Clock, *, idle_accounts: int = 10_000) -> None:
        """Keep the balances of up to `idle_accounts` accounts without open calls in memory."""
        self.clock = LedgerClock(clock)
        """The time that money goes by."""
        self._shared = SharedState(journal, self.clock, PendingWrites(journal))
        self._idle_accounts = idle_accounts
        self._balances: OrderedDict[int, Balance] = OrderedDict()
        self._changes = 0
        self._epoch = -1
        """The epoch that the balances were last asked for."""
        self.stopping = False
        """Whether the server cuts its calls off, which their entries then tell."""
        journal.on_change(self._changed)
        journal.on_refusal(self._refused)

    async def hold(self, call: Call, model: str, amount: int, meter: UsageSource) -> Hold:
        """Reserve the most that `call` can cost, in nano-dollars of compute.

        While the call is open, `meter` is asked from time to time what it has consumed: that much at
        least is charged if the server dies.

        Raises:
            InsufficientBalanceError: what the account has, less what is held, does not cover it.
            KeyLimitReachedError: the account has it, but the key may not spend it in this epoch.
            StorageFailedError: the journal cannot be read, or an earlier charge not be written.
            AmountError: `amount` is none.
        """
        checked(amount)
        if self._shared.writes.failed:
            raise StorageFailedError
        balance = self._ready_for(call) or await self._balance_for(call)
        epoch = self._epoch_for(balance)
        funds = balance.reserve(call, amount, epoch)
        return self._admit(balance, call, model, meter, funds=funds, epoch=epoch)

    def covers(self, account_id: int, amount: int) -> bool:
        """Whether `hold_now` can hold `amount` for a call whose key has no limit.

        To be asked where `balance_now` has just returned the account's funds.
        """
        balance = self._balances[account_id]
        return not self._shared.writes.failed and 0 <= amount <= balance.whole

    def hold_now(self, call: Call, model: str, amount: int, meter: UsageSource) -> Hold:
        """Do as `hold` does, with no wait; only where `covers` has just said that it can."""
        balance = self._balances[call.account_id]
        epoch = self._epoch_for(balance)
        funds = balance.reserve(call, amount, epoch)
        return self._admit(balance, call, model, meter, funds=funds, epoch=epoch)

    def balance_now(self, account_id: int) -> Funds | None:
        """Return what `balance` does; None where that takes waiting."""
        self._follow_clock()
        balance = self._ready(account_id)
        return None if balance is None else balance.current

    async def balance(self, account_id: int) -> Funds:
        """Return the account's funds in the current epoch, holds included."""
        self._follow_clock()
        balance = self._ready(account_id) or await self._balance(account_id)
        return balance.current

    async def recover(self, charge_of: Callable[[str, Usage], Charge]) -> int:
        """Settle the calls that a crash left open, for what was last noted; return how many.

        To be awaited before the first hold. A call that cannot be settled goes to the quarantine:
        nothing is charged for it, and what it held is free.

        Raises:
            StorageFailedError: the journal cannot be read.
        """
        await self.clock.begin(self._shared.journal)
        self._follow_clock()
        journal, count = self._shared.journal, 0
        left = [(call, await self._readopted(call)) for call in await open_calls(journal)]
        for call, hold in left:
            if hold is not None:
                count += await settled(journal, call, hold, charge_of)
        return count

    async def readopt(self, recorded: OpenCall) -> Hold | None:
        """Hold again what a job held before the process ended; None if its account is gone.

        To be awaited before the first hold, after `recover`.

        Raises:
            StorageFailedError: the journal cannot be read.
        """
        hold = await self._readopted(recorded)
        if hold is not None:
            hold.entrust()
        return hold

    async def check(self) -> int:
        """Return how many writes wait in the quarantine for the operator.

        Raises:
            StorageFailedError: the journal cannot be written, or charges are not written yet.
        """
        if count := len(self._shared.writes.failed):
            raise StorageFailedError(
                f"The ledger could not be written: {count} writes are kept and tried again. Nothing is "
                "sold meanwhile."
            )
        return await self._shared.journal.check()

    @property
    def open_holds(self) -> Sequence[Hold]:
        """The holds of calls that have not been settled."""
        return tuple(self._shared.open.values())

    async def run(self) -> None:
        """Note the progress of open calls and retry what could not be written, until cancelled."""
        while True:
            await anyio.sleep(NOTE_AFTER_S)
            self.note_progress()
            try:
                await self._shared.writes.retry()
            except Exception as error:  # noqa: BLE001 - the last resort: what is kept is tried again
                report(
                    Incident.LEDGER_WRITE_FAILED,
                    reason=type(error).__name__,
                    level=logging.ERROR,
                )

    def note_progress(self) -> None:
        """Note every open call whose progress is due."""
        self._note(self._shared.open.values(), due=True)

    async def has_written(self) -> bool:
        """Try to write what could not be written; return whether all is."""
        await self._shared.writes.retry()
        return not self._shared.writes.failed

    async def retry(self) -> None:
        """Try to write what could not be written; once all is, calls are admitted again."""
        await self._shared.writes.retry()

    async def close(self) -> None:
        """Return once everything entered so far is durable.

        Raises:
            StorageFailedError: something could not be written.
        """
        self.note_progress()
        await self._shared.writes.retry()
        await self._shared.journal.write(())
        if count := len(self._shared.writes.failed):
            raise StorageFailedError(
                f"The ledger could not be written. Writes that end with this process: {count}. Calls whose "
                "progress was recorded are settled at the next start. Make room on the disk of the home "
                "folder, then start again."
            )

    def _ready_for(self, call: Call) -> Balance | None:
        """Return what `_balance_for` would, where nothing has to be awaited for it: nearly always."""
        if self._epoch != self.clock.epoch or not self.clock.holds(call.opened_at):
            self._follow_clock()
        balance = self._ready(call.account_id)
        if balance is None or not call.limit.binds:
            return balance
        return balance if self._has_budget(balance, call.key_id) else None

    async def _balance_for(self, call: Call) -> Balance:
        """Return the balance that pays for a call, with the budget of its key where that has a limit.

        Nothing is awaited between its return and what is done with it.
        """
        balance = await self._balance(call.account_id)
        if call.limit.binds and not self._has_budget(balance, call.key_id):
            balance.calls += 1  # so that it is not forgotten meanwhile
            try:
                async with balance.lock:
                    with anyio.CancelScope(shield=True):
                        await self._load_budget(balance, call.key_id)
            finally:
                balance.calls -= 1
        return balance

    def _epoch_for(self, balance: Balance) -> int:
        """Return the epoch in which a call that is admitted now counts."""
        return max(self._epoch, balance.epoch)

    def _has_budget(self, balance: Balance, key_id: str) -> bool:
        budget = balance.budgets.get(key_id)
        if budget is None or not budget.loaded:
            return False
        return budget.epoch == self._epoch_for(balance)

    async def _load_budget(self, balance: Balance, key_id: str) -> None:
        """Begin a key's budget with the funds that its calls of this epoch hold and have spent.

        The journal's sum contains exactly the charges begun before the query; every later one finds
        the budget and counts itself. A charge whose write was cancelled is in either or neither, so it
        is made first, and the sum is read again if one was cancelled meanwhile.
        """
        writes = self._shared.writes
        while not self._has_budget(balance, key_id):  # else another call was quicker
            await writes.confirm(balance)
            epoch = self._epoch_for(balance)
            budget = balance.budgets[key_id] = Budget(epoch)
            for hold in self._shared.open.values():
                if hold.call.key_id == key_id and hold.epoch == epoch:
                    hold.budget = budget
                    budget.take(hold.funds)
            try:
                spent = await self._shared.journal.spent(key_id, epoch)
            except BaseException:
                del balance.budgets[key_id]
                raise
            if not writes.has(balance):
                budget.load(spent)

    def _follow_clock(self) -> None:
        """Go on to the epoch that the clock is in.

        It goes back only where the clock was wrong before: then each account is looked at again.
        """
        self.clock.now()
        if self.clock.epoch < self._epoch:
            for balance in self._balances.values():
                balance.checked = -1
        self._epoch = self.clock.epoch

    def _ready(self, account_id: int) -> Balance | None:
        """Return a balance that is loaded and refilled for the epoch, if there is one."""
        balance = self._balances.get(account_id)
        if balance is None or balance.checked < self._epoch:
            return None
        self._balances.move_to_end(account_id)
        return balance

    async def _balance(self, account_id: int) -> Balance:
        if not self.clock.started:
            await self.clock.begin(self._shared.journal)
            self._follow_clock()
        balance = self._balances.get(account_id)
        if balance is None:
            balance = self._balances[account_id] = Balance(account_id)
            self._forget_idle(balance)
        async with balance.lock:
            # A caller that goes away must not leave the account half loaded or refilled.
            with anyio.CancelScope(shield=True):
                if balance.checked < self._epoch:
                    await self._bring_up(balance, self._epoch)
        return balance

    async def _bring_up(self, balance: Balance, epoch: int) -> None:
        """Load the account where it is not, and refill its DIEM where that is due.

        An account's epoch never goes back, unless it lies ahead of the ledger's: then the clock was
        wrong when the account was refilled for it.
        """
        snapshot = await self._load(balance, epoch)
        changes = self._changes
        if balance.epoch > epoch:
            self._turn_back(balance, snapshot)
        if balance.epoch < epoch and (snapshot.diem_allocation or balance.diem):
            await self._refill(balance, epoch, snapshot.diem_allocation)
        balance.forget_budgets(epoch)
        if changes == self._changes and epoch >= self._epoch:
            balance.checked = epoch

    def _turn_back(self, balance: Balance, snapshot: AccountSnapshot) -> None:
        balance.epoch = snapshot.diem_epoch
        older = [hold for hold in self._shared.open.values() if hold.epoch < balance.epoch]
        own = [hold.funds.diem for hold in older if hold.account_id == balance.account_id]
        balance.outside = sum(own)

    async def _load(self, balance: Balance, epoch: int) -> AccountSnapshot:
        """Return what the journal has, where refills for epochs after `epoch` do not count."""
        while True:
            changes, before = self._changes, (balance.usd, balance.diem)
            snapshot = await self._shared.journal.snapshot(balance.account_id, epoch)
            if changes == self._changes:
                break  # else the standing may lack a change that was told meanwhile
        if snapshot is None:
            raise NotFoundError(f"There is no account {balance.account_id!r}.")
        if not balance.loaded:
            balance.load(snapshot)
        elif balance.doubted and before == (balance.usd, balance.diem):
            self._shared.writes.settle_doubts(balance, snapshot)
        return snapshot

    async def _refill(self, balance: Balance, epoch: int, allocation: int) -> None:
        clock = self._shared.clock
        # Before the refill, so that a restart knows which DIEM lies outside of it.
        self._note(h for h in self._shared.open.values() if h.account_id == balance.account_id)
        # A wrong clock may have refilled this epoch before: then it is made under another name.
        for sku in (REFILL_SKU, *_REFILLED_AGAIN):
            entry = balance.refill(epoch, allocation, clock.now(), sku)
            balance.calls += 1
            write = LedgerWrite(balance, (entry,), undo=partial(balance.give_back, entry))
            try:
                await self._shared.writes.enter(write)
            except AlreadyEnteredError:
                continue
            except WriteQuarantinedError:
                pass  # the account goes on with what it has
            return
        raise AlreadyEnteredError

    def _note(self, holds: Iterable[Hold], *, due: bool = False) -> None:
        """Note the progress of calls: of all of them, or of those where it is `due`."""
        now = self._shared.clock.monotonic()
        noted: list[OpenCall] = []
        for hold in holds:
            if hold.durable:
                continue
            try:
                if not due or hold.due(now):
                    noted.append(hold.note(now))
            except Exception as error:  # noqa: BLE001 - a meter's fault is its own call's alone
                report(
                    Incident.CHARGE_REPAIRED,
                    reason=type(error).__name__,
                    model=hold.model,
                    call_id=hold.call.id,
                    account_id=hold.account_id,
                )
        if noted:
            self._shared.journal.record_progress(noted)

    async def _readopted(self, call: OpenCall) -> Hold | None:
        """Hold again, in memory, what a call held before the crash, as far as its account has it."""
        balance = self._balances.setdefault(call.account_id, Balance(call.account_id))
        try:
            await self._load(balance, self._epoch)
        except NotFoundError:
            await set_aside(self._shared.journal, call)
            return None
        funds = Funds(
            min(call.held.usd, max(0, balance.usd - balance.held_usd)),
            min(call.held.diem, max(0, balance.diem - balance.held_diem)),
        )
        balance.take(funds)
        balance.calls += 1
        if call.epoch < balance.epoch:
            balance.outside += funds.diem
        opened = Call(call.call_id, call.account_id, call.key_id, call.opened_at)
        hold = self._admit(balance, opened, call.model, call, funds=funds, epoch=call.epoch)
        hold.recovered = True
        hold.note(hold.opened)  # it is in the journal already, so its settlement has to close it
        return hold

    def _admit(
        self,
        balance: Balance,
        call: Call,
        model: str,
        meter: UsageSource,
        *,
        funds: Funds,
        epoch: int,
    ) -> Hold:
        hold = Hold(self._shared, balance, call, model, meter, funds, epoch)
        self._shared.open[call.id] = hold
        return hold

    def _forget_idle(self, newcomer: Balance) -> None:
        """Forget the account that was idle longest, where there are too many."""
        if len(self._balances) <= self._idle_accounts:
            return
        others = (b for b in self._balances.values() if b is not newcomer)
        idle = next((b for b in others if b.idle), None)
        if idle is not None:
            del self._balances[idle.account_id]

    def _refused(self, entries: Sequence[Entry]) -> None:
        """Take back in memory what the journal could not enter after it had confirmed it.

        A write that is kept, as its waiter was cancelled, is tried again and then refused by itself.
        """
        for entry in entries:
            balance = self._balances.get(entry.account_id)
            is_kept = self._shared.writes.has_call(entry.call_id)
            if balance is not None and balance.loaded and not is_kept:
                balance.disown(entry)

    def _changed(self, entries: Sequence[Entry]) -> None:
        self._changes += 1
        for entry in entries:
            balance = self._balances.get(entry.account_id)
            if balance is not None and balance.loaded:
                balance.add(entry)
        for balance in self._balances.values():
            balance.checked = -1  # an allocation may have changed: look before the next hold
