"""What every store of wallets' accounts promises, as a suite to be run against each of them.

Subclass `AccountsContract` as `Test...` and give it the fixture `store`.
"""

from dataclasses import dataclass, replace

import pytest

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.call import Call
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import Funds
from fondaco.ports import Accounts, Journal
from fondaco.serving.billing.ledger import Ledger
from money_world import Counter, TestClock, charge, tokens

ADA, BOB = "0x" + "ad" * 20, "0x" + "b0" * 20


@dataclass(frozen=True, slots=True)
class Store:
    """A store of accounts, and the journal over the same money."""

    accounts: Accounts
    journal: Journal


class AccountsContract:
    """The suite; a subclass has a fixture `store` without accounts."""

    @pytest.fixture
    def clock(self) -> TestClock:
        return TestClock()

    @pytest.fixture
    def accounts(self, store: Store) -> Accounts:
        return store.accounts

    @pytest.fixture
    async def ledger(self, store: Store, clock: TestClock) -> Ledger:
        return Ledger(store.journal, clock)

    async def test_a_wallet_has_one_account(self, accounts: Accounts, clock: TestClock) -> None:
        opened = await accounts.of_wallet(ADA, 5, clock.now())
        assert (opened.name, opened.wallet) == (f"wallet:{ADA}", ADA)
        assert (opened.diem_allocation, opened.disabled) == (5, False)
        assert await accounts.of_wallet(ADA, 5, clock.now()) == opened
        assert (await accounts.of_wallet(BOB, 5, clock.now())).id != opened.id

    async def test_a_later_stake_is_what_counts(self, accounts: Accounts, clock: TestClock) -> None:
        opened = await accounts.of_wallet(ADA, 5, clock.now())
        again = await accounts.of_wallet(ADA, 3, clock.now())
        assert again == replace(opened, diem_allocation=3)

    async def test_accounts_of_wallets_are_listed(
        self, accounts: Accounts, clock: TestClock
    ) -> None:
        assert list(await accounts.with_wallets()) == []
        opened = [await accounts.of_wallet(name, 5, clock.now()) for name in (BOB, ADA)]
        await accounts.allocate(opened[1].id, 7, clock.now())
        assert list(await accounts.with_wallets()) == [
            opened[0],
            replace(opened[1], diem_allocation=7),
        ]

    async def test_a_new_account_has_its_allocation(
        self, accounts: Accounts, ledger: Ledger, clock: TestClock
    ) -> None:
        account = await accounts.of_wallet(ADA, 5, clock.now())
        assert await ledger.balance(account.id) == Funds(diem=5)

    async def test_more_counts_at_once_and_less_from_the_next_epoch(
        self, store: Store, ledger: Ledger, clock: TestClock
    ) -> None:
        accounts = store.accounts
        account = await accounts.of_wallet(ADA, 50, clock.now())
        await charged(ledger, account.id, 20, clock)
        await accounts.allocate(account.id, 60, clock.now())
        await store.journal.snapshot(account.id)  # tells the ledger before it answers
        assert await ledger.balance(account.id) == Funds(diem=40)
        await accounts.allocate(account.id, 10, clock.now())
        await store.journal.snapshot(account.id)  # tells the ledger before it answers
        assert await ledger.balance(account.id) == Funds(diem=40)
        clock.at += SECONDS
        assert await ledger.balance(account.id) == Funds(diem=10)

    async def test_down_and_up_again_gives_nothing_twice(
        self, store: Store, ledger: Ledger, clock: TestClock
    ) -> None:
        accounts = store.accounts
        account = await accounts.of_wallet(ADA, 50, clock.now())
        await charged(ledger, account.id, 30, clock)
        for allocation in (0, 50, 1, 50, 0, 55):
            await accounts.allocate(account.id, allocation, clock.now())
        await store.journal.snapshot(account.id)  # tells the ledger before it answers
        assert await ledger.balance(account.id) == Funds(diem=25)

    async def test_an_account_that_is_not_there_gets_nothing(
        self, accounts: Accounts, clock: TestClock
    ) -> None:
        with pytest.raises(StorageFailedError):
            await accounts.allocate(999_999, 5, clock.now())


async def charged(ledger: Ledger, account_id: int, amount: int, clock: TestClock) -> None:
    call = Call("ab" * 16, account_id, "cd" * 16, clock.now())
    hold = await ledger.hold(call, "toy", amount, Counter())
    await hold.settle(charge(amount), tokens(amount), 1)
