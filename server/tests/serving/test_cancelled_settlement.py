"""A settlement whose caller is cancelled while the journal writes."""

import anyio
import pytest

from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.price import TokenPrice
from fondaco.domain.money.usage import Usage
from fondaco.ports import Prompt
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.system import SystemClock

ACCOUNT = 10
PRICE = TokenPrice(input=1_000_000_000, output=1_000_000_000)
USAGE = Usage(input_tokens=3, output_tokens=4)


class SlowJournal(MemoryJournal):
    """Takes each write at once or not at all, and is slow to say so."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self.takes = takes

    async def _slowly(self, entries: "tuple[Entry, ...]", closes: str | None) -> None:
        if self.takes:
            await super().write(entries, closes)
        await anyio.sleep(0.05)

    def write(self, entries, closes=None, ends=None, **how):  # type: ignore[no-untyped-def]  # as the port's
        return self._slowly(tuple(entries), closes)


@pytest.mark.parametrize("takes", [True, False])
async def test_a_cancelled_settlement_is_charged_once(*, takes: bool) -> None:
    journal, clock = SlowJournal(takes=takes), SystemClock()
    journal.add_account(ACCOUNT)
    journal.enter_elsewhere(Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, 10**9, at=0.0))
    ledger = Ledger(journal, clock)
    call = Call("ab" * 16, ACCOUNT, "cd" * 16, clock.now())
    hold = await ledger.hold(call, "toy", 10**6, TokenMeter(Prompt(3), most_output=4))
    with anyio.move_on_after(0.01) as scope:
        await hold.settle(PRICE.charge("toy", USAGE), USAGE, 0)
    assert scope.cancelled_caught
    journal.takes = True
    await ledger.hold(
        Call("ef" * 16, ACCOUNT, "cd" * 16, clock.now()), "toy", 1, TokenMeter(Prompt(1), 1)
    )
    await ledger.retry()
    charges = [entry for entry in journal.entries if entry.kind is EntryKind.CHARGE]
    assert sum(entry.amount for entry in charges) == -7000
    assert (await ledger.balance(ACCOUNT)).usd == 10**9 - 7000
