"""The contract of stores of all accounts, as a suite to be run against each of them.

Subclass `ManagedAccountsContract` as `Test...` and give it the fixture `store`.
"""

from dataclasses import dataclass, replace

import pytest

from fondaco.domain.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    NotFoundError,
)
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import MOST, Funds
from fondaco.ports import AccountChange, AccountReport, Journal, ManagedAccounts
from fondaco.serving.billing.ledger import Ledger
from money_world import NOON, TestClock

GRANT, OTHER_GRANT = "8" + "0" * 31, "f" * 32


@dataclass(frozen=True, slots=True)
class Store:
    """A store of accounts, without any, and the journal over the same money."""

    accounts: ManagedAccounts
    journal: Journal

    async def opened(self, name: str = "ada", *, usd: int = 0, diem: int = 0) -> AccountReport:
        return await self.accounts.open(name, usd=usd, diem_allocation=diem, tier="paid", at=NOON)


class ManagedAccountsContract:
    """The suite; a subclass has a fixture `store`."""

    @pytest.fixture
    async def ledger(self, store: Store) -> Ledger:
        return Ledger(store.journal, TestClock())

    async def test_an_account_begins_with_what_it_is_given(
        self, store: Store, ledger: Ledger
    ) -> None:
        report = await store.opened(usd=5, diem=7)
        account = report.account
        assert (account.name, account.tier, account.diem_allocation) == ("ada", "paid", 7)
        assert (account.disabled, account.wallet) == (False, None)
        assert (report.balance, report.created_at) == (Funds(usd=5, diem=7), NOON)
        assert (report.keys, report.used_at) == (0, None)
        assert await ledger.balance(account.id) == Funds(usd=5, diem=7)

    async def test_an_account_is_found_by_its_name(self, store: Store) -> None:
        opened = await store.opened(usd=5)
        await store.opened("bob")
        assert await store.accounts.find("ada", NOON) == opened
        with pytest.raises(NotFoundError):
            await store.accounts.find("Ada", NOON)

    async def test_a_name_belongs_to_one_account(self, store: Store) -> None:
        await store.opened()
        with pytest.raises(ConflictError, match="'ada'"):
            await store.opened(usd=5)
        page = await store.accounts.page(1, 10, NOON)
        assert [one.balance for one in page.accounts] == [Funds()]

    async def test_pages_are_ordered_by_name(self, store: Store) -> None:
        for name in ("cleo", "ada", "bob"):
            await store.opened(name)
        pages = [await store.accounts.page(number, 2, NOON) for number in (1, 2, 3)]
        names = [[one.account.name for one in page.accounts] for page in pages]
        assert names == [["ada", "bob"], ["cleo"], []]
        assert {page.total for page in pages} == {3}

    @pytest.mark.parametrize("name", ["nobody", "system:revenue", "revenue"])
    async def test_no_other_account_can_be_changed(self, store: Store, name: str) -> None:
        await store.opened()
        with pytest.raises(NotFoundError):
            await store.accounts.change(name, AccountChange(disabled=True), NOON)
        with pytest.raises(NotFoundError):
            await store.accounts.grant(name, 5, "", NOON)

    async def test_a_change_leaves_the_rest(self, store: Store) -> None:
        before = await store.opened(usd=5, diem=7)
        changes: tuple[tuple[AccountChange, dict[str, object]], ...] = (
            (AccountChange(tier="explorer"), {"tier": "explorer"}),
            (AccountChange(disabled=True), {"disabled": True}),
            (AccountChange(disabled=False), {"disabled": False}),
            (AccountChange(), {}),
        )
        account = before.account
        for change, fields in changes:
            account = replace(account, **fields)  # type: ignore[arg-type]  # fields of the account
            after = await store.accounts.change("ada", change, NOON)
            assert after == replace(before, account=account)

    async def test_fields_change_together(self, store: Store) -> None:
        await store.opened()
        change = AccountChange(tier="explorer", disabled=True, diem_allocation=9)
        account = (await store.accounts.change("ada", change, NOON)).account
        assert (account.tier, account.disabled, account.diem_allocation) == ("explorer", True, 9)

    async def test_more_diem_counts_at_once_and_less_from_the_next_epoch(
        self, store: Store, ledger: Ledger
    ) -> None:
        account_id = (await store.opened(diem=50)).account.id
        assert await ledger.balance(account_id) == Funds(diem=50)
        for allocation, balance in ((60, 60), (10, 60), (40, 60)):
            change = AccountChange(diem_allocation=allocation)
            report = await store.accounts.change("ada", change, NOON)
            assert report.balance == Funds(diem=balance)
            assert await ledger.balance(account_id) == Funds(diem=balance)
        [later] = (await store.accounts.page(1, 10, NOON + SECONDS)).accounts
        assert later.balance == Funds(diem=40)

    async def test_a_grant_counts_at_once(self, store: Store, ledger: Ledger) -> None:
        account_id = (await store.opened(usd=5)).account.id
        assert await ledger.balance(account_id) == Funds(usd=5)
        report = await store.accounts.grant("ada", 6, "thanks", NOON)
        assert report.balance == await ledger.balance(account_id) == Funds(usd=11)

    async def test_a_grant_of_one_id_is_made_once(self, store: Store, ledger: Ledger) -> None:
        account_id = (await store.opened()).account.id
        for at in (NOON, NOON + 1, NOON + 1_000 * SECONDS):
            report = await store.accounts.grant("ada", 6, "thanks", at, grant_id=GRANT)
            assert report.balance == await ledger.balance(account_id) == Funds(usd=6)
        again = await store.accounts.grant("ada", 6, "thanks", NOON, grant_id=OTHER_GRANT)
        assert again.balance == Funds(usd=12)

    async def test_an_id_stands_for_one_grant(self, store: Store) -> None:
        for name in ("ada", "bob"):
            await store.opened(name)
        await store.accounts.grant("ada", 6, "thanks", NOON, grant_id=GRANT)
        for name, usd, notes in (("bob", 6, "thanks"), ("ada", 7, "thanks"), ("ada", 6, "")):
            with pytest.raises(IdempotencyKeyReusedError):
                await store.accounts.grant(name, usd, notes, NOON, grant_id=GRANT)
        balances = [one.balance for one in (await store.accounts.page(1, 10, NOON)).accounts]
        assert balances == [Funds(usd=6), Funds()]

    async def test_a_balance_stays_within_what_the_ledger_can_hold(self, store: Store) -> None:
        await store.opened(usd=MOST - 1)
        with pytest.raises(InvalidRequestError):
            await store.accounts.grant("ada", 2, "", NOON)
        assert (await store.accounts.grant("ada", 1, "", NOON)).balance == Funds(usd=MOST)
