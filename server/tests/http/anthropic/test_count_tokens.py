"""POST /v1/messages/count_tokens: exact where the engine counts, free, and within the rate limits."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.limits import RateLimits, Tier
from house import MANY, TOY, House, house

Json = dict[str, Any]
URL = "/v1/messages/count_tokens"
ABLE = replace(TOY, capabilities=Capabilities(function_calling=True, vision=True))


@pytest.fixture(scope="module")
async def counting() -> AsyncGenerator[House]:
    async with house(models=(ABLE,), dialects=("vllm", "vllm")) as one:
        yield one


def body(**fields: object) -> Json:
    return {"model": "toy", "messages": [{"role": "user", "content": "Count to ten."}], **fields}


async def test_it_is_what_the_message_is_charged_for(counting: House) -> None:
    before = len(counting.charges())
    for fields in ({}, {"system": "Be brief."}, {"thinking": {"type": "adaptive"}}):
        reply = await counting.client.post(URL, json=body(**fields))
        assert len(counting.charges()) == before
        made = await counting.client.post("/v1/messages", json=body(max_tokens=2, **fields))
        assert reply.json() == {"input_tokens": made.json()["usage"]["input_tokens"]}
        before = len(counting.charges())


async def test_tools_are_counted_with_the_prompt(counting: House) -> None:
    tools = [{"name": "age", "description": "Age", "input_schema": {"type": "object"}}]
    reply = await counting.client.post(URL, json=body(tools=tools))
    assert reply.status_code == 200
    assert counting.fake.counted[-1].body["tools"][0]["function"]["name"] == "age"


async def test_it_names_the_model_and_what_had_no_effect(counting: House) -> None:
    reply = await counting.client.post(f"/api{URL}", json=body(model="default", betas=["x"]))
    assert reply.headers["x-venice-model-id"] == "toy"
    assert reply.headers["x-fondaco-ignored-params"] == "betas"


async def test_it_counts_in_the_rate_limits() -> None:
    tiers = {"paid": Tier("paid", {"small": RateLimits(1, MANY, MANY)})}
    async with house(models=(ABLE,), dialects=("vllm", "vllm"), tiers=tiers) as one:
        first = await one.client.post(URL, json=body())
        second = await one.client.post(URL, json=body())
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["error"]["type"] == "rate_limit_error"


async def test_without_money_it_is_free() -> None:
    async with house(usd=0, dialects=("vllm", "vllm")) as one:
        assert (await one.client.post(URL, json=body())).status_code == 200


async def test_an_engine_that_counts_nothing_says_so(shared: House) -> None:
    reply = await shared.client.post(URL, json=body())
    assert reply.status_code == 404
    assert "cannot count the tokens" in reply.json()["error"]["message"]


async def test_images_are_not_counted_before_they_were_shown(counting: House) -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://a.test/a.png"}}
    said = [{"role": "user", "content": [image]}]
    assert (await counting.client.post(URL, json=body(messages=said))).status_code == 404
