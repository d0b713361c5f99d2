"""How tokens are drawn, as callers say it."""

import pytest

from house import House, house


async def test_a_lowest_temperature_above_the_highest_is_refused_at_both(shared: House) -> None:
    reply = await shared.chat(min_temp=1.0, max_temp=0.5)
    assert reply.status_code == 400
    assert reply.json()["details"].keys() >= {"min_temp", "max_temp"}
    assert "0.5" in reply.text


@pytest.mark.parametrize("field", [{"min_temp": -0.1}, {"max_temp": 2.1}, {"min_temp": "1"}])
async def test_temperatures_lie_between_0_and_2(shared: House, field: dict[str, object]) -> None:
    assert (await shared.chat(**field)).status_code == 400


@pytest.mark.parametrize(
    ("field", "middle", "half"),
    [
        ({"min_temp": 0.5, "max_temp": 1.5}, 1.0, 0.5),
        ({"min_temp": 1, "max_temp": 1}, 1.0, 0.0),
        ({"max_temp": 1.5}, 1.1, 0.4),  # from the model's own 0.7
        ({"min_temp": 0.5}, 0.6, 0.1),
        ({"max_temp": 0.5}, 0.5, 0.0),
        ({"temperature": 0, "max_temp": 1}, 0.5, 0.5),
        ({"temperature": 0, "min_temp": 0.5, "max_temp": 1.5}, 1.0, 0.5),
    ],
)
async def test_the_temperature_stands_in_for_an_end_that_is_not_given(
    field: dict[str, object], middle: float, half: float
) -> None:
    async with house(dialects=("llama-server", "openai")) as one:
        assert (await one.chat(**field)).status_code == 200
        body = one.fake.asked[-1].body
        assert body["temperature"] == pytest.approx(middle)
        assert body["dynatemp_range"] == pytest.approx(half)


async def test_an_engine_that_cannot_move_the_temperature_leaves_it_to_one_that_can() -> None:
    async with house(dialects=("vllm", "llama-server")) as one:
        reply = await one.chat(min_temp=0.5)
        assert reply.headers["x-venice-model-router"] == "second"


async def test_without_such_an_engine_the_field_is_refused_by_its_name(shared: House) -> None:
    reply = await shared.chat(max_temp=1.5)
    assert reply.status_code == 400
    assert reply.json()["details"]["max_temp"]["_errors"]


async def test_no_penalty_of_repetitions_is_said_as_engines_say_it() -> None:
    async with house(dialects=("vllm", "vllm")) as one:
        assert (await one.chat(repetition_penalty=0)).status_code == 200
        assert one.fake.asked[-1].body["repetition_penalty"] == 1


async def test_likely_tokens_without_log_probabilities_are_refused(shared: House) -> None:
    reply = await shared.chat(top_logprobs=3)
    assert reply.status_code == 400
    assert "logprobs: true" in reply.json()["error"]
    assert reply.json()["details"]["top_logprobs"]["_errors"]
    assert (await shared.chat(top_logprobs=0)).status_code == 200
