from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.money.account import Key, KeyType, digest
from fondaco.domain.money.epoch import SECONDS, begins, epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind, epoch_reference, refilled_epoch
from fondaco.domain.money.money import Currency, Funds, decimal, nano
from fondaco.domain.money.price import FREE, Charge, ChargeRow, TokenPrice
from fondaco.domain.money.usage import Usage

amounts = st.integers(0, 10**18)
prices = st.integers(0, 10**13)
counts = st.integers(0, 10**7)
usages = st.builds(Usage, counts, counts, counts, counts)
token_prices = st.builds(TokenPrice, prices, prices, st.none() | prices)
charges = st.lists(
    st.builds(ChargeRow, st.uuids().map(str), st.integers(0, 10**9), prices, amounts), max_size=6
).map(lambda rows: Charge(tuple(rows)))


@given(amounts)
def test_an_amount_survives_as_a_decimal(amount: int) -> None:
    assert nano(decimal(amount)) == amount
    assert nano(str(decimal(amount))) == amount


@pytest.mark.parametrize("wrong", ["-1", "NaN", "Infinity", "1e400", "0.0000000001", "", "1,5"])
def test_what_is_no_exact_amount_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is"):
        nano(wrong)


def test_an_amount_above_a_billion_is_refused() -> None:
    assert nano(10**9) == 10**18
    with pytest.raises(ValueError, match=r"between 0 and 1,000,000,000"):
        nano(Decimal(10**9) + Decimal("0.000000001"))


@given(amounts, amounts, st.integers(0, 2 * 10**18))
def test_funds_pay_exactly_with_diem_first(usd: int, diem: int, amount: int) -> None:
    funds = Funds(usd, diem)
    if amount > funds.total:
        with pytest.raises(ValueError, match="cannot pay"):
            funds.pay(amount)
        return
    paid = funds.pay(amount)
    rest = funds - paid
    assert paid.total == amount
    assert min(rest.usd, rest.diem, paid.usd, paid.diem) >= 0
    assert paid.usd == 0 or rest.diem == 0
    assert rest + paid == funds


@given(token_prices, usages, counts, counts)
def test_no_usage_within_its_limits_exceeds_the_ceiling(
    price: TokenPrice, usage: Usage, most_input: int, most_output: int
) -> None:
    within = usage.within(most_input, most_output)
    assert price.charge("m", within).amount <= price.ceiling(Usage(most_input, 0, most_output))


@given(token_prices, usages)
def test_a_charge_is_the_exact_price_rounded_up_by_row(price: TokenPrice, usage: Usage) -> None:
    for row in price.charge("m", usage).rows:
        exact = row.units * row.unit_price
        assert 0 <= row.amount * 1_000_000 - exact < 1_000_000


@given(token_prices, usages)
def test_prompt_tokens_are_charged_once_cached_or_not(price: TokenPrice, usage: Usage) -> None:
    rows = price.charge("m", usage).rows
    prompt = sum(row.units for row in rows if "input" in row.sku)
    assert prompt == (usage.input_tokens if usage.output_tokens else 0)


def test_nothing_produced_costs_nothing() -> None:
    assert TokenPrice(5, 5).charge("m", Usage(input_tokens=10**6)) == FREE


def test_a_charge_names_its_rows_after_the_model() -> None:
    price = TokenPrice(input=2_000_000, output=3_000_000, cached_input=1_000_000)
    charge = price.charge("qwen3-4b", Usage(10, 4, 5, 0))
    assert [(row.sku, row.units, row.amount) for row in charge.rows] == [
        ("qwen3-4b-llm-input-mtoken", 6, 12),
        ("qwen3-4b-llm-cached-input-mtoken", 4, 4),
        ("qwen3-4b-llm-output-mtoken", 5, 15),
    ]


@given(charges, amounts)
def test_a_clamped_charge_is_the_limit_shared_in_proportion(charge: Charge, limit: int) -> None:
    within = charge.within(limit)
    assert within.amount == min(limit, charge.amount)
    for row, cut in zip(charge.rows, within.rows, strict=True):
        assert 0 <= cut.amount <= row.amount
        assert replace(cut, amount=row.amount) == row
        if within is not charge:
            assert abs(cut.amount * charge.amount - row.amount * limit) < charge.amount


@given(charges, amounts)
def test_a_split_charge_adds_up_in_both_currencies(charge: Charge, diem: int) -> None:
    parts = charge.split(Funds(usd=charge.amount, diem=diem))
    paid = Funds(usd=charge.amount, diem=diem).pay(charge.amount)
    for currency, amount in ((Currency.USD, paid.usd), (Currency.DIEM, paid.diem)):
        assert sum(row.amount for c, row in parts if c is currency) == amount
    for sold in charge.rows:
        own = [row for _, row in parts if row.sku == sold.sku]
        assert sum(row.amount for row in own) == sold.amount
        assert sum(row.units for row in own) == sold.units
        assert all(row.units >= 0 for row in own)
    names = [(row.sku, currency) for currency, row in parts]
    assert len(set(names)) == len(names)


def test_an_epoch_is_a_day_in_utc() -> None:
    assert epoch_of(begins(20_000)) == 20_000
    assert epoch_of(begins(20_000) - 0.001) == 19_999
    assert begins(1) == SECONDS


@given(st.integers(1, 2**40), st.integers(0, 2**40))
def test_a_refill_tells_its_epoch(account_id: int, epoch: int) -> None:
    reference = epoch_reference(account_id, epoch)
    entry = Entry(account_id, EntryKind.REFILL, Currency.DIEM, 1, 0.0, call_id=reference)
    assert len(reference) == 32
    assert refilled_epoch(entry) == epoch
    assert refilled_epoch(replace(entry, account_id=account_id + 1)) is None
    assert refilled_epoch(replace(entry, call_id=None)) is None


def test_a_digest_depends_on_the_pepper_and_the_secret() -> None:
    assert len({digest(b"p", "s"), digest(b"p", "t"), digest(b"q", "s")}) == 3
    assert len(digest(b"p", "s")) == 32


def test_a_key_lives_until_it_expires_or_is_revoked() -> None:
    key = Key("0" * 32, 4, KeyType.INFERENCE, "", "abcdef", created_at=0, expires_at=10)
    assert key.live(9.9)
    assert not key.live(10)
    assert not replace(key, revoked=True).live(0)
