"""What engines are handed of the fields of Scale's API, and what is refused with their names."""

from collections.abc import AsyncGenerator

import pytest

from fake_upstream import saying
from house import House, house
from scale_house import Json, ask, faults, scale_house, told


@pytest.fixture(scope="module")
async def scale() -> AsyncGenerator[House]:
    async with scale_house() as one:
        yield one


async def test_biases_reach_the_engine(scale: House) -> None:
    body = await told(scale, logit_bias={"5": -100, "7": 0.5})
    assert body["logit_bias"] == {"5": -100, "7": 0.5}


@pytest.mark.parametrize("biases", [{"five": 1}, {"5": 101}, {"5": -101}, {"-1": 0}, {"5": "1"}])
async def test_biases_are_for_tokens_from_minus_to_plus_a_hundred(
    scale: House, biases: Json
) -> None:
    assert faults(await ask(scale, logit_bias=biases)) == {"logit_bias"}


async def test_what_one_engine_cannot_do_another_one_does(scale: House) -> None:
    reply = await ask(scale, include_stop_str_in_output=True, stop="three")
    assert reply.headers["x-venice-model-router"] == "first"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"include_stop_str_in_output": True, "stop": "three"}, "include_stop_str_in_output"),
        ({"chat_template": "{{ messages }}"}, "chat_template"),
        ({"guided_regex": "a+"}, "guided_regex"),
        ({"top_k": 5}, "top_k"),
        ({"best_of": 2}, "n"),
    ],
)
async def test_what_no_engine_can_do_is_refused_with_its_name(
    scale: House, fields: Json, name: str
) -> None:
    reply = await ask(scale, model="second/toy", **fields)
    assert faults(reply) == {name}
    assert "'second'" in reply.json()["error"]


async def test_the_stop_text_is_asked_for_where_there_is_one(scale: House) -> None:
    body = await told(scale, include_stop_str_in_output=True, stop="three")
    assert body["include_stop_str_in_output"] is True
    body = await told(scale, include_stop_str_in_output=True)
    assert "include_stop_str_in_output" not in body


async def test_extras_reach_the_engine_where_its_operator_allows_them(scale: House) -> None:
    body = await told(
        scale,
        inference_extra_params={"truncate_prompt_tokens": 9},
        inference_extra_headers={"x-TRACE": "abc"},
    )
    assert body["truncate_prompt_tokens"] == 9
    assert scale.fake.asked[-1].headers["x-trace"] == "abc"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"inference_extra_params": {"echo": True, "other": 1}}, ["'echo'", "'other'"]),
        ({"inference_extra_params": {"model": "dear"}}, ["'model'"]),
        ({"inference_extra_headers": {"x-other": "1"}}, ["'x-other'"]),
        ({"inference_extra_headers": {"Authorization": "Bearer x"}}, ["'authorization'"]),
    ],
)
async def test_extras_that_are_not_allowed_are_refused_by_name(
    scale: House, fields: Json, named: list[str]
) -> None:
    reply = await ask(scale, model="first/toy", **fields)
    assert faults(reply) == set(fields)
    assert all(name in reply.json()["error"] for name in (*named, "'first'"))


@pytest.mark.parametrize(
    "headers",
    [{"x trace": "1"}, {"x-trace": "1\r\nhost: a"}, {"": "1"}, {"x-trace": "\x00"}, {"x-trace": 1}],
)
async def test_headers_that_are_none_are_refused(scale: House, headers: Json) -> None:
    reply = await ask(scale, inference_extra_headers=headers)
    assert faults(reply) == {"inference_extra_headers"}


async def test_a_prediction_reaches_an_engine_that_takes_one() -> None:
    async with house() as one:
        text = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
        body = await told(one, prediction={"type": "content", "content": text})
        assert body["prediction"] == {"type": "content", "content": "one two"}


async def test_what_an_engine_tells_of_a_prediction_is_reported() -> None:
    details = {"accepted_prediction_tokens": 2, "rejected_prediction_tokens": 1}
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "completion_tokens_details": details}
    delta = {"index": 0, "delta": {"content": "one two"}, "finish_reason": "stop"}
    async with house() as one:
        one.fake.next(saying({"choices": [delta], "usage": usage}))
        reply = await ask(one, prediction={"type": "content", "content": "one three"})
        assert details.items() <= reply.json()["usage"]["completion_tokens_details"].items()


async def test_an_unsupported_prediction_is_reported_as_rejected(scale: House) -> None:
    reply = await ask(scale, prediction={"type": "content", "content": "12345678"})
    details = reply.json()["usage"]["completion_tokens_details"]
    assert (details["accepted_prediction_tokens"], details["rejected_prediction_tokens"]) == (0, 2)
    assert reply.headers["x-fondaco-ignored-params"] == "prediction"


async def test_the_engine_that_held_an_answer_to_a_guide_is_named(scale: House) -> None:
    body = {"guided_choice": ["one", "two"], "guided_decoding_backend": "outlines"}
    scale.fake.next(
        saying({"choices": [{"index": 0, "delta": {"content": "two"}, "finish_reason": "stop"}]})
    )
    reply = await ask(scale, **body)
    assert reply.headers["x-fondaco-guided-by"] == "first"
    assert "x-fondaco-guided-by" not in (await ask(scale)).headers


@pytest.mark.parametrize(
    "output_format",
    [
        {"guided_json": {}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
    ],
)
async def test_white_space_is_for_schemas(scale: House, output_format: Json) -> None:
    answer = {"choices": [{"index": 0, "delta": {"content": "{}"}, "finish_reason": "stop"}]}
    scale.fake.next(saying(answer))
    body = await told(scale, guided_whitespace_pattern="[ ]?", **output_format)
    assert body["structured_outputs"] == {"json": {}, "whitespace_pattern": "[ ]?"}
