"""Prices of every kind: exact, rounded up, never above their ceiling."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import assume, given, strategies as st

from fondaco.domain.money.money import nano
from fondaco.domain.money.price import (
    FREE,
    Charge,
    EmbeddingPrice,
    FreePricing,
    HearingPrice,
    ImagePrice,
    Price,
    SpeechPrice,
    TokenPrice,
    TranscriptionPrice,
    VideoPrice,
    VideoRate,
    WebPrice,
    by_the_million,
    model_of,
)
from fondaco.domain.money.usage import Usage

amounts = st.integers(0, 10**18)
prices = st.integers(0, 10**13)
units = st.integers(0, 10**9)
few = st.integers(0, 1000)
web_prices = st.builds(WebPrice, prices, prices)
hearing = st.none() | st.builds(HearingPrice, st.just("m"), prices)
token_prices = st.builds(TokenPrice, prices, prices, st.none() | prices, web_prices, hearing)
image_prices = st.builds(ImagePrice, prices, prices, prices, prices)
video_prices = st.builds(VideoPrice, prices, prices, prices, prices, prices)
any_price = st.one_of(
    video_prices,
    st.builds(VideoRate, prices, prices, prices),
    token_prices,
    web_prices,
    image_prices,
    st.builds(EmbeddingPrice, prices),
    st.builds(SpeechPrice, prices),
    st.builds(TranscriptionPrice, prices),
    st.builds(FreePricing, token_prices | image_prices | video_prices),
)
usages = st.builds(Usage, *[units] * len(Usage().units))
UNITS: Mapping[str, Callable[[int], Price]] = {
    "input_tokens": EmbeddingPrice,
    "characters": SpeechPrice,
    "searches": lambda price: WebPrice(price, price),
    "scrapes": lambda price: WebPrice(price, price),
    "images": lambda price: ImagePrice(price, 0, 0, 0),
    "upscales_2x": lambda price: ImagePrice(0, price, 0, 0),
    "upscales_4x": lambda price: ImagePrice(0, 0, price, 0),
    "edits": lambda price: ImagePrice(0, 0, 0, price),
    "output_tokens": lambda price: TokenPrice(0, price),
    "seconds": lambda price: VideoRate(0, price),
}


@given(any_price, usages, usages)
def test_no_usage_within_its_bounds_costs_more_than_their_ceiling(
    price: Price, usage: Usage, most: Usage
) -> None:
    within = Usage(*map(min, usage.units, most.units))
    assert price.charge("m", within).amount <= price.ceiling(most)


@given(any_price, usages)
def test_a_ceiling_is_no_more_than_a_nano_dollar_a_row_above_the_dearest_charge(
    price: Price, most: Usage
) -> None:
    assume(not isinstance(price, FreePricing))
    if isinstance(price, TokenPrice):
        assume(most.output_tokens and (price.cached_input or 0) <= price.input)
        most = Usage(most.input_tokens, 0, most.output_tokens, 0, most.searches, most.scrapes)
    assert price.ceiling(most) - price.charge("m", most).amount <= 1


@given(any_price)
def test_no_usage_is_free_for_every_kind(price: Price) -> None:
    assert price.charge("m", Usage()) == FREE
    assert price.ceiling(Usage()) <= 1


@given(any_price, usages)
def test_each_row_is_the_exact_price_rounded_up(price: Price, usage: Usage) -> None:
    for row in price.charge("m", usage).rows:
        assert row.units > 0
        assert 0 <= row.amount * 1_000_000 - row.units * row.unit_price < 1_000_000


@given(any_price, usages)
def test_each_row_of_any_price_names_its_model(price: Price, usage: Usage) -> None:
    for row in price.charge("m", usage).rows:
        assert model_of(row.sku) == "m"


@given(st.sampled_from(sorted(UNITS)), st.integers(1, 10**13), st.integers(1, 10**9))
def test_no_unit_is_free_by_rounding(unit: str, price: int, count: int) -> None:
    usage = Usage(**{unit: count})
    [row] = UNITS[unit](price).charge("m", usage).rows
    assert row.units == count
    assert row.amount > 0


@given(video_prices, st.sampled_from(["480p", "720p", "1080p"]), usages)
def test_no_video_costs_more_than_one_at_the_dearest_rate(
    price: VideoPrice, resolution: str, most: Usage
) -> None:
    silent, loud = (price.at(resolution, sound=sound).ceiling(most) for sound in (False, True))
    assert silent <= loud <= price.ceiling(most)


@given(token_prices | image_prices, usages)
def test_free_pricing_counts_the_same_rows_and_takes_nothing(
    price: TokenPrice | ImagePrice, usage: Usage
) -> None:
    free, listed = FreePricing(price).charge("m", usage), price.charge("m", usage)
    assert [(row.sku, row.units) for row in free.rows] == [
        (row.sku, row.units) for row in listed.rows
    ]
    assert free.amount == FreePricing(price).ceiling(usage) == 0


@given(usages, usages)
def test_usages_add_up_unit_by_unit(one: Usage, other: Usage) -> None:
    both = one.plus(other)
    assert both.units == tuple(a + b for a, b in zip(one.units, other.units, strict=True))
    assert both.input_tokens == one.input_tokens + other.input_tokens
    assert both.seconds == one.seconds + other.seconds


@given(token_prices, amounts, units, few)
def test_what_an_amount_affords_is_the_inverse_of_the_ceiling(
    price: TokenPrice, amount: int, prompt: int, searches: int
) -> None:
    def ceiling(output: int) -> int:
        return price.ceiling(Usage(prompt, 0, output, searches=searches))

    output = price.affordable_output(amount, Usage(prompt, searches=searches))
    if output is None:
        assert price.output == 0
        assert ceiling(10**12) <= amount
    else:
        assert output < 0 or ceiling(output) <= amount
        assert ceiling(max(0, output + 1)) > amount


@given(token_prices, amounts, amounts, units)
def test_more_money_affords_no_less(price: TokenPrice, one: int, other: int, prompt: int) -> None:
    most = Usage(prompt)
    less, more = (price.affordable_output(amount, most) for amount in sorted((one, other)))
    assert more is None or (less is not None and less <= more)


@given(image_prices, usages)
def test_images_cost_their_exact_price(price: ImagePrice, usage: Usage) -> None:
    assert price.charge("m", usage).amount == price.ceiling(usage)
    assert price.ceiling(usage) == (
        usage.images * price.generation
        + usage.upscales_2x * price.upscale_2x
        + usage.upscales_4x * price.upscale_4x
        + usage.edits * price.inpaint
    )


@given(web_prices, few, few)
def test_web_calls_cost_a_thousandth_each_of_the_price_of_a_thousand(
    price: WebPrice, searches: int, scrapes: int
) -> None:
    usage = Usage(searches=searches, scrapes=scrapes)
    charge = price.charge("m", usage)
    assert charge.amount == price.ceiling(usage)
    exact = searches * price.search + scrapes * price.scrape
    assert 0 <= charge.amount * 1000 - exact < 1000 * max(1, len(charge.rows))


def test_web_calls_come_on_top_of_the_tokens_of_an_answer() -> None:
    price = TokenPrice(input=50, output=100, web=WebPrice(search=1_000, scrape=2_000))
    said = price.charge("m", Usage(input_tokens=1, output_tokens=1, searches=1, scrapes=2))
    rows = [(row.sku, row.units, row.amount) for row in said.rows]
    assert rows[2:] == [("m-web-search-call", 1, 1), ("m-web-scrape-call", 2, 4)]
    unanswered = price.charge("m", Usage(input_tokens=1, searches=1, scrapes=2))
    assert unanswered.rows == said.rows[2:], "what was brought is charged, the prompt is not"


@given(prices, units, units)
def test_two_calls_never_cost_less_than_one_of_both(price: int, one: int, other: int) -> None:
    def ceiling(characters: int) -> int:
        return SpeechPrice(price).ceiling(Usage(characters=characters))

    assume(price)
    together = ceiling(one + other)
    assert together <= ceiling(one) + ceiling(other) <= together + 1


@pytest.mark.parametrize(
    ("charge", "rows"),
    [
        (ImagePrice(1, 2, 3, 4).charge("m", Usage(images=2)), [("m-image-unit", 2, 2)]),
        (
            ImagePrice(1, 2, 3, 4).charge("m", Usage(upscales_2x=1, upscales_4x=1, edits=1)),
            [("m-upscale-2x-unit", 1, 2), ("m-upscale-4x-unit", 1, 3), ("m-edit-unit", 1, 4)],
        ),
        (SpeechPrice(2_000_000).charge("m", Usage(characters=7)), [("m-tts-mchar", 7, 14)]),
        (EmbeddingPrice(2_000_000).charge("m", Usage(7)), [("m-embedding-mtoken", 7, 14)]),
        (
            WebPrice(nano(10), nano(25)).charge("m", Usage(searches=1, scrapes=2)),
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


def test_the_dearest_prices_of_the_settings_fit_the_store() -> None:
    rows = (
        *ImagePrice(nano(1000), 0, 0, 0).charge("m", Usage(images=1)).rows,
        *WebPrice(nano(1_000_000), 0).charge("m", Usage(searches=1)).rows,
        *SpeechPrice(nano(1_000_000)).charge("m", Usage(characters=1)).rows,
    )
    assert all(row.unit_price < 2**63 for row in rows)
