"""Holds: funds for the most that a call can cost, reserved until its settlement."""

import logging
from asyncio import Future
from dataclasses import dataclass, field

from fondaco.domain.errors import (
    InsufficientBalanceError,
    KeyLimitReachedError,
    StorageFailedError,
)
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall
from fondaco.domain.money.money import Currency, Funds, checked
from fondaco.domain.money.price import Charge
from fondaco.domain.money.usage import Usage
from fondaco.ports import Clock, Journal
from fondaco.ports.incidents import Incident, report
from fondaco.serving.billing.balance import EXPIRY_SKU, Balance
from fondaco.serving.billing.budget import Budget
from fondaco.serving.billing.meter import UsageSource
from fondaco.serving.billing.pending_writes import LedgerWrite, PendingWrites
from fondaco.serving.billing.repair import REPAIRED, repaired_charge, repaired_usage, sound, whole

NOTE_AFTER_S = 0.5
"""A call that ends within this time is never recorded as open."""
NOTE_EVERY_S = 2.0
NOTE_EVERY_TOKENS = 256

CLAMPED = "limited to the amount held"


@dataclass(frozen=True, slots=True)
class SharedState:
    """The state that all holds of a ledger share."""

    journal: Journal
    clock: Clock
    writes: PendingWrites
    open: dict[str, "Hold"] = field(default_factory=dict)
    """Holds by call id, until they are settled."""


class Hold:
    """The funds reserved for one call, to be settled once."""

    __slots__ = (
        "_balance",
        "_begun",
        "_expired",
        "_meter",
        "_noted",
        "_noted_at",
        "_noted_funds",
        "_paid",
        "_shared",
        "budget",
        "call",
        "durable",
        "epoch",
        "funds",
        "model",
        "opened",
        "recovered",
    )

    def __init__(  # noqa: PLR0917 - names would cost a dict for each call
        self,
        shared: SharedState,
        balance: Balance,
        call: Call,
        model: str,
        meter: UsageSource,
        funds: Funds,
        epoch: int,
    ) -> None:
        self._shared = shared
        self._balance = balance
        self.call = call
        self.model = model
        self.durable = False
        """Whether a job records it, so that it outlives the process: nothing else is noted of it."""
        self.recovered = False
        """Whether an earlier process admitted the call, and perhaps charged it."""
        self.funds = funds
        """The held funds."""
        self.epoch = epoch
        self.budget: Budget | None = balance.budget(call.key_id, epoch) if balance.budgets else None
        """The budget of its key in its epoch, where the key has one."""
        self.opened = shared.clock.monotonic()
        self._meter = meter
        self._noted: Usage | None = None
        self._noted_at = 0.0
        self._noted_funds = funds
        self._paid: Funds | None = None
        self._expired = 0
        self._begun: tuple[LedgerWrite, Future[None]] | None = None
        """The settlement's write, while `settle_now` has begun it and nobody has seen its end."""

    @property
    def account_id(self) -> int:
        """The account that pays."""
        return self._balance.account_id

    @property
    def free(self) -> Funds:
        """The funds by which the hold could be extended now, within the key's limit."""
        free = self._balance.free_in(self.epoch)
        if self.budget is None or not self.call.limit.binds:
            return free
        return self.budget.left(self.call.limit, free)

    @property
    def noted(self) -> str | None:
        """The id under which it is recorded as an open call, if it is."""
        return None if self._noted is None else self.call.id

    def entrust(self) -> None:
        """Leave its record to a job, which was inserted as the open call was deleted."""
        self.durable, self._noted = True, None

    def due(self, now: float) -> bool:
        """Whether the call's progress should be recorded at `now` (monotonic seconds)."""
        if self._noted is None:
            return now - self.opened >= NOTE_AFTER_S
        if self._noted_funds is not self.funds:
            return True
        usage = self._meter.usage
        if usage.output_tokens >= self._noted.output_tokens + NOTE_EVERY_TOKENS:
            return True
        return now - self._noted_at >= NOTE_EVERY_S and usage != self._noted

    def note(self, now: float) -> OpenCall:
        """Return the call's progress, which the caller records in the journal."""
        self._noted = repaired_usage(self._meter.usage)
        self._noted_at = now
        self._noted_funds = self.funds
        return OpenCall(
            call_id=self.call.id,
            account_id=self.account_id,
            key_id=self.call.key_id,
            model=self.model,
            opened_at=self.call.opened_at,
            held=self.funds,
            epoch=self.epoch,
            usage=self._noted,
        )

    async def extend(self, amount: int) -> None:
        """Hold `amount` nano-dollars more, before work that the hold does not cover.

        Holds all of it or nothing, by the rules of `Ledger.hold`, within the epoch of the call: after
        midnight only USD can be added. After a crash, recovery settles within the new amount once the
        call's progress was recorded again.

        Raises:
            InsufficientBalanceError: the free balance does not cover it.
            KeyLimitReachedError: the free balance covers it, but the key's limit does not.
            StorageFailedError: an earlier write waits for a retry.
            AmountError: `amount` is out of range; the hold is unchanged.
            RuntimeError: the call is already settled.
        """
        checked(amount)
        if self._paid is not None:
            raise RuntimeError("The call is settled: its hold cannot be extended.")
        if self._shared.writes.failed:
            raise StorageFailedError
        free = self.free
        if amount > free.total:
            whole = self._balance.free_in(self.epoch).total
            raise KeyLimitReachedError if amount <= whole else InsufficientBalanceError
        more = free.pay(amount)
        self._balance.take(more)
        if self.budget is not None:
            self.budget.take(more)
        self.funds += more

    async def settle(
        self,
        charge: Charge,
        usage: Usage,
        execution_ms: int,
        notes: str = "",
        ends: JobEnd | None = None,
    ) -> Funds:
        """Charge the call, at most what is held; return once the charge is durable.

        A second settlement changes nothing. Numbers out of range are clamped, and the entries say so. A job
        ends in the same transaction.

        Returns:
            What was paid, by currency.

        Raises:
            StorageFailedError: the charge could not be written; it is kept, and written as soon as
                the storage works again.
            AlreadyEnteredError: the journal has a charge under this call's id; nothing was taken.
            WriteQuarantinedError: the charge can never be written; nothing was taken, and the
                operator was told.
        """
        if self._begun is not None:
            (write, begun), self._begun = self._begun, None
            await self._shared.writes.enter(write, begun)
        elif self._paid is None:
            due = self._apply(charge, usage, execution_ms, notes, ends)
            if due is not None:
                await self._shared.writes.enter(due)
        return self._paid or Funds()

    def settle_now(self, charge: Charge, usage: Usage, execution_ms: int) -> Future[None] | None:
        """Begin to settle as `settle` does; None where an earlier write has to be awaited before.

        Once the result is done, call `settled_now`, or `settle` where it failed.
        """
        writes = self._shared.writes
        if not writes.none or not charge.rows:
            return None
        write = self._apply(charge, usage, execution_ms, "", None)
        if write is None:
            return None
        begun = writes.begin(write)
        self._begun = write, begun
        return begun

    def settled_now(self) -> None:
        """Take note that the write of `settle_now` is durable."""
        if self._begun is not None:
            (write, _), self._begun = self._begun, None
            self._shared.writes.entered(write)

    def _apply(
        self, charge: Charge, usage: Usage, execution_ms: int, notes: str, ends: JobEnd | None
    ) -> LedgerWrite | None:
        """Turn the hold into a payment; return the write that records it, where there is anything to record."""
        if not sound(charge, usage, execution_ms):
            charge, usage = repaired_charge(charge), repaired_usage(usage)
            execution_ms = whole(execution_ms)
            notes = f"{notes}; {REPAIRED}" if notes else REPAIRED
            report(
                Incident.CHARGE_REPAIRED,
                reason="out_of_range",
                model=self.model,
                call_id=self.call.id,
                account_id=self.account_id,
            )
        amount, most = charge.amount, self.funds.total
        within = charge
        if amount > most:
            within, amount = charge.within(most), most
            notes = f"{notes}; {CLAMPED}" if notes else CLAMPED
        paid = self._paid = self.funds.pay(amount)
        entries = self._entries(within, usage, execution_ms, notes)
        expired = self._balance.settle(self.budget, self.funds, paid, self.epoch)
        if expired:
            self._expired = expired
            entries.append(self._expiry(expired))
        self._shared.open.pop(self.call.id, None)
        closes = self.noted
        if not entries and closes is None and ends is None:
            self._balance.calls -= 1
            return None
        first = not self.recovered
        return LedgerWrite(self._balance, entries, closes, ends, held=first, undo=self._undo)

    def reduce(self, charge: Charge, usage: Usage, execution_ms: int, notes: str) -> None:
        """Reduce a charge that could not be written and waits for a retry.

        Call it as soon as `settle` has failed; await nothing in between.

        Args:
            charge: at most the earlier one; rows with an amount of 0 still stop new calls until the
                storage works again.
            usage: the charged usage.
            execution_ms: how long the call took.
            notes: why it is less.
        """
        failed = self._shared.writes.failed
        kept = next((write for write in failed if write.undo == self._undo), None)
        if kept is None:
            return
        before, self._paid = self._paid or Funds(), self.funds.pay(charge.amount)
        self._expired += self._balance.reduce(self.budget, before - self._paid, self.epoch)
        entries = self._entries(charge, usage, execution_ms, notes)
        if self._expired:
            entries.append(self._expiry(self._expired))
        less = LedgerWrite(self._balance, entries, kept.closes, kept.ends, undo=self._undo)
        self._shared.writes.replace(kept, less)

    def release(self) -> None:
        """Free the hold of a call that could not be settled; does nothing after a settlement.

        Always call it last. Nothing is charged, and the incident `hold_leaked` is reported.
        """
        if self._paid is not None:
            return
        report(
            Incident.HOLD_LEAKED,
            reason="not_settled",
            model=self.model,
            call_id=self.call.id,
            account_id=self.account_id,
            level=logging.ERROR,
        )
        self.drop()

    def drop(self) -> None:
        """Free the held funds without a charge."""
        self._paid = Funds()
        self._expired = self._balance.settle(self.budget, self.funds, self._paid, self.epoch)
        entries = [self._expiry(self._expired)] if self._expired else []
        self._shared.open.pop(self.call.id, None)
        write = LedgerWrite(self._balance, entries, self.noted, undo=self._undo)
        self._shared.writes.keep(write)

    def _undo(self) -> None:
        self._balance.restore(self.budget, self._paid or Funds(), self._expired)

    def _entries(self, charge: Charge, usage: Usage, execution_ms: int, notes: str) -> list[Entry]:
        at, kind = self._shared.clock.now(), EntryKind.CHARGE
        call_id, key_id, account_id = self.call.id, self.call.key_id, self.account_id
        # By position: named, they cost half as much again, and each call makes two.
        return [
            Entry(
                account_id, kind, currency, -row.amount, at, call_id, key_id,
                row.sku, row.units, row.unit_price, usage, execution_ms, self.epoch, notes,
            )
            for currency, row in charge.split(self.funds)
        ]  # fmt: skip

    def _expiry(self, amount: int) -> Entry:
        return Entry(
            account_id=self.account_id,
            kind=EntryKind.EXPIRY,
            currency=Currency.DIEM,
            amount=-amount,
            at=self._shared.clock.now(),
            call_id=self.call.id,
            sku=EXPIRY_SKU,
        )
