"""What a chat will cost: arithmetic by hand, and by way of the client."""

from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from decimal import Decimal

import anyio.to_thread
import pytest
from hypothesis import given, strategies as st

from house import SECRET, House
from venice_ai import (
    AssistantMessage,
    SyncVeniceClient,
    SystemMessage,
    ToolMessage,
    UserMessage,
    VeniceClient,
)
from venice_ai.costs import ChatCostEstimate, estimate_completion_cost
from venice_ai.types.api.chat import FunctionCall, ToolCall
from venice_ai.types.api.messages import AnyMessage
from venice_ai.types.api.models import Model, ModelSpec, Price, Pricing

TOY = Model(
    id="toy",
    model_spec=ModelSpec(
        pricing=Pricing(input=Price(usd=Decimal("0.2")), output=Price(usd=Decimal("0.9")))
    ),
)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA BBBB"}}


def words(number: int) -> list[AnyMessage]:
    return [UserMessage(content="word " * number)]


def prompt_tokens(*messages: AnyMessage) -> int:
    return estimate_completion_cost(TOY, messages, tokens_per_word=1).prompt_tokens


def test_an_estimate_is_words_and_tokens_times_their_prices() -> None:
    estimate = estimate_completion_cost(TOY, words(1000), expected_completion_tokens=2000)
    assert estimate == ChatCostEstimate(
        model="toy",
        prompt_tokens=1300,
        completion_tokens=2000,
        prompt_cost_usd=Decimal("0.00026"),
        completion_cost_usd=Decimal("0.0018"),
    )
    assert estimate.total_cost_usd == Decimal("0.00206")
    assert estimate.total_tokens == 3300


def test_five_hundred_tokens_are_expected_unless_more_are_said() -> None:
    assert estimate_completion_cost(TOY, words(1)).completion_tokens == 500


def test_a_part_of_a_token_is_a_token() -> None:
    assert estimate_completion_cost(TOY, words(1)).prompt_tokens == 2
    assert estimate_completion_cost(TOY, words(100), tokens_per_word=1.1).prompt_tokens == 110
    assert estimate_completion_cost(TOY, []).prompt_tokens == 0


@pytest.mark.parametrize(
    ("messages", "tokens"),
    [
        ([{"role": "user", "content": "one two"}], 2),
        ([SystemMessage(content="one"), UserMessage(content="two\nthree\tfour")], 4),
        ([UserMessage(content=[{"type": "text", "text": "one two"}, IMAGE])], 2),
        ([{"role": "user", "content": [{"type": "text", "text": "one"}, IMAGE]}], 1),
        ([AssistantMessage(content=None)], 0),
        ([{"role": "assistant", "content": None, "tool_calls": None}], 0),
        (
            [
                AssistantMessage(
                    tool_calls=[
                        ToolCall(id="1", function=FunctionCall(name="add", arguments='{"a": 1}'))
                    ]
                ),
                ToolMessage(content="one", tool_call_id="1"),
            ],
            4,
        ),
        (
            [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}],
            2,
        ),
    ],
)
def test_everything_that_the_model_reads_counts(
    messages: Sequence[AnyMessage], tokens: int
) -> None:
    assert prompt_tokens(*messages) == tokens


@pytest.mark.parametrize(
    "pricing",
    [
        None,
        Pricing(),
        Pricing(input=Price(usd=Decimal("0.15"))),
        Pricing(generation=Price(usd=Decimal("0.01"))),
    ],
)
def test_a_model_without_a_price_for_tokens_has_no_estimate(pricing: Pricing | None) -> None:
    other = Model(id="other", model_spec=ModelSpec(pricing=pricing))
    with pytest.raises(ValueError, match="'other' has no price for tokens"):
        estimate_completion_cost(other, words(1))


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf")])
def test_numbers_that_count_nothing_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="tokens_per_word"):
        estimate_completion_cost(TOY, words(1), tokens_per_word=number)


def test_an_answer_has_no_less_than_no_tokens() -> None:
    with pytest.raises(ValueError, match="expected_completion_tokens=-1"):
        estimate_completion_cost(TOY, words(1), expected_completion_tokens=-1)


def test_an_estimate_does_not_change() -> None:
    estimate = estimate_completion_cost(TOY, words(1))
    with pytest.raises(FrozenInstanceError):
        estimate.prompt_tokens = 0  # type: ignore[misc]  # that is what is tried


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.decimals(0, 1000, places=9),
    st.decimals(0, 1000, places=9),
)
def test_an_estimate_is_exact(read: int, wrote: int, dear: Decimal, dearer: Decimal) -> None:
    priced = Model(
        id="x",
        model_spec=ModelSpec(pricing=Pricing(input=Price(usd=dear), output=Price(usd=dearer))),
    )
    estimate = estimate_completion_cost(
        priced, words(read % 100), expected_completion_tokens=wrote, tokens_per_word=1
    )
    assert estimate.prompt_cost_usd * 10**6 == read % 100 * dear
    assert estimate.completion_cost_usd * 10**6 == wrote * dearer
    assert estimate.total_cost_usd * 10**6 == read % 100 * dear + wrote * dearer


@pytest.mark.parametrize("name", ["toy", "default"])
async def test_a_client_knows_the_prices(client: VeniceClient, name: str) -> None:
    estimate = await client.chat.completions.estimate_cost(
        model=name, messages=words(1000), expected_completion_tokens=1000
    )
    assert estimate.model == "toy"
    assert estimate.total_cost_usd == Decimal("0.00116")
    more = await client.chat.completions.estimate_cost(
        model=name, messages=words(1000), tokens_per_word=2
    )
    assert (more.prompt_tokens, more.completion_tokens) == (2000, 500)


async def test_a_model_that_is_not_listed_has_no_estimate(client: VeniceClient) -> None:
    with pytest.raises(ValueError, match="There is no model 'nobody'"):
        await client.chat.completions.estimate_cost(model="nobody", messages=words(1))


async def test_an_estimate_asks_no_model_and_costs_nothing(
    home: House, client: VeniceClient
) -> None:
    await client.chat.completions.estimate_cost(model="toy", messages=words(1))
    assert home.charges() == []
    assert home.fake.asked == []


async def test_the_estimate_is_near_what_the_call_costs(client: VeniceClient, home: House) -> None:
    reply = await client.chat.completions.create(model="toy", messages=words(200))
    assert reply.usage is not None
    estimate = await client.chat.completions.estimate_cost(
        model="toy",
        messages=words(200),
        expected_completion_tokens=reply.usage.completion_tokens,
        tokens_per_word=reply.usage.prompt_tokens / 200,
    )
    charged = -sum(row.amount for row in (await client.billing.usage()).data)
    assert estimate.total_cost_usd == charged


async def test_the_synchronous_client_estimates(home: House) -> None:
    def call() -> ChatCostEstimate:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
            return client.chat.completions.estimate_cost(model="toy", messages=words(1))

    assert (await anyio.to_thread.run_sync(call)).model == "toy"
