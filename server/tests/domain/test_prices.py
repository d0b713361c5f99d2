"""Prices of every kind: exact, rounded up, never above their ceiling."""

import pytest
from hypothesis import assume, given, strategies as st

from fondaco.domain.money.money import nano
from fondaco.domain.money.price import (
    FREE,
    Charge,
    EmbeddingPrice,
    ImagePrice,
    SpeechPrice,
    TokenPrice,
    WebPrice,
    by_the_million,
    model_of,
)
from fondaco.domain.money.usage import Pictures, Usage

amounts = st.integers(0, 10**18)
prices = st.integers(0, 10**13)
units = st.integers(0, 10**9)
few = st.integers(0, 1000)
token_prices = st.builds(TokenPrice, prices, prices, st.none() | prices)
image_prices = st.builds(ImagePrice, prices, prices, prices, prices)
pictures = st.builds(Pictures, few, few, few, few)


@given(token_prices, amounts, units)
def test_what_an_amount_affords_is_the_inverse_of_the_ceiling(
    price: TokenPrice, amount: int, prompt: int
) -> None:
    output = price.affordable(amount, prompt)
    if output is None:
        assert price.output == 0
        assert price.ceiling(prompt, 10**12) <= amount
    else:
        assert output < 0 or price.ceiling(prompt, output) <= amount
        assert price.ceiling(prompt, max(0, output + 1)) > amount


@given(token_prices, amounts, amounts, units)
def test_more_money_affords_no_less(price: TokenPrice, one: int, other: int, prompt: int) -> None:
    less, more = (price.affordable(amount, prompt) for amount in sorted((one, other)))
    assert more is None or (less is not None and less <= more)


@given(prices, units)
def test_speech_and_embeddings_cost_their_exact_price_rounded_up(price: int, count: int) -> None:
    for kind in (SpeechPrice(price), EmbeddingPrice(price)):
        amount = kind.charge("m", count).amount
        assert 0 <= amount * 1_000_000 - price * count < 1_000_000
        assert amount == kind.ceiling(count)


@given(image_prices, pictures)
def test_images_cost_their_exact_price(price: ImagePrice, made: Pictures) -> None:
    assert price.charge("m", made).amount == price.ceiling(made)
    assert price.ceiling(made) == (
        made.generated * price.generation
        + made.upscaled_2x * price.upscale_2x
        + made.upscaled_4x * price.upscale_4x
        + made.edited * price.inpaint
    )


@given(st.builds(WebPrice, prices, prices), few, few)
def test_web_calls_cost_a_thousandth_each_of_the_price_of_a_thousand(
    price: WebPrice, searches: int, scrapes: int
) -> None:
    charge = price.charge("m", searches, scrapes)
    assert charge.amount == price.ceiling(searches, scrapes)
    exact = searches * price.search + scrapes * price.scrape
    assert 0 <= charge.amount * 1000 - exact < 1000 * max(1, len(charge.rows))


def test_web_calls_come_on_top_of_the_tokens_of_an_answer() -> None:
    price = TokenPrice(input=50, output=100, web=WebPrice(search=1_000, scrape=2_000))
    said = price.charge("m", Usage(input_tokens=1, output_tokens=1, searches=1, scrapes=2))
    rows = [(row.sku, row.units, row.amount) for row in said.rows]
    assert rows[2:] == [("m-web-search-call", 1, 1), ("m-web-scrape-call", 2, 4)]
    unanswered = price.charge("m", Usage(input_tokens=1, searches=1, scrapes=2))
    assert unanswered.rows == said.rows[2:], "what was brought is charged, the prompt is not"


@given(image_prices, pictures, pictures)
def test_a_ceiling_covers_every_smaller_charge(
    price: ImagePrice, one: Pictures, other: Pictures
) -> None:
    most = Pictures(
        max(one.generated, other.generated),
        max(one.upscaled_2x, other.upscaled_2x),
        max(one.upscaled_4x, other.upscaled_4x),
        max(one.edited, other.edited),
    )
    assert price.charge("m", one).amount <= price.ceiling(most)


@given(st.integers(1, 10**13), st.integers(1, 10**9))
def test_nothing_is_free_by_rounding(price: int, count: int) -> None:
    assert SpeechPrice(price).charge("m", count).amount > 0
    assert EmbeddingPrice(price).charge("m", count).amount > 0
    assert WebPrice(price, price).charge("m", 1).amount > 0


@given(prices, units, units)
def test_two_calls_never_cost_less_than_one_of_both(price: int, one: int, other: int) -> None:
    kind = SpeechPrice(price)
    assume(price)
    together = kind.ceiling(one + other)
    assert together <= kind.ceiling(one) + kind.ceiling(other) <= together + 1


@pytest.mark.parametrize(
    ("charge", "rows"),
    [
        (ImagePrice(1, 2, 3, 4).charge("m", Pictures(generated=2)), [("m-image-unit", 2, 2)]),
        (
            ImagePrice(1, 2, 3, 4).charge("m", Pictures(0, 1, 1, 1)),
            [("m-upscale-2x-unit", 1, 2), ("m-upscale-4x-unit", 1, 3), ("m-edit-unit", 1, 4)],
        ),
        (SpeechPrice(2_000_000).charge("m", 7), [("m-tts-mchar", 7, 14)]),
        (EmbeddingPrice(2_000_000).charge("m", 7), [("m-embedding-mtoken", 7, 14)]),
        (
            WebPrice(nano(10), nano(25)).charge("m", 1, 2),
            [("m-web-search-call", 1, nano("0.01")), ("m-web-scrape-call", 2, nano("0.05"))],
        ),
    ],
)
def test_a_charge_names_what_was_sold(charge: Charge, rows: list[tuple[str, int, int]]) -> None:
    assert [(row.sku, row.units, row.amount) for row in charge.rows] == rows
    for row in charge.rows:
        assert row.amount * 1_000_000 == row.units * row.unit_price
        assert model_of(row.sku) == "m"
        assert by_the_million(row.sku) == row.sku.endswith(("token", "char"))


def test_nothing_delivered_costs_nothing() -> None:
    assert ImagePrice(1, 1, 1, 1).charge("m", Pictures()) == FREE
    assert WebPrice().charge("m") == FREE
    assert SpeechPrice(1).charge("m", 0) == FREE
    assert EmbeddingPrice(1).charge("m", 0) == FREE


def test_the_dearest_prices_of_the_settings_fit_the_store() -> None:
    rows = (
        *ImagePrice(nano(1000), 0, 0, 0).charge("m", Pictures(1)).rows,
        *WebPrice(nano(1_000_000), 0).charge("m", 1).rows,
        *SpeechPrice(nano(1_000_000)).charge("m", 1).rows,
    )
    assert all(row.unit_price < 2**63 for row in rows)
