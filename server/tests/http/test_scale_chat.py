"""POST /v4/beta/chat/completions: names, memory, choices, time, and what engines are handed."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from fake_upstream import hanging, refusing, saying
from fondaco.domain.money import NANO
from house import TOY, House, chat_body, house

CHAT = "/v4/beta/chat/completions"
Json = dict[str, Any]


@pytest.fixture(scope="module")
async def scale() -> AsyncGenerator[House]:
    """A house whose first engine is a vLLM, and whose second one takes little."""
    able = replace(TOY.capabilities, response_schema=True, function_calling=True)
    async with house(
        models=(replace(TOY, capabilities=able),),
        dialects=("vllm", "ollama"),
        aliases={"openai/gpt-3.5-turbo": "default", "gpt-4o": "default"},
        extra_params=("truncate_prompt_tokens", "model"),
        extra_headers=("X-Trace", "Authorization"),
    ) as one:
        yield one


async def ask(one: House, **fields: object) -> httpx2.Response:
    return await one.client.post(CHAT, json=chat_body(**fields))


async def told(one: House, **fields: object) -> Json:
    """Return what the engine is told."""
    assert (await ask(one, **fields)).status_code == 200
    body: Json = one.fake.asked[-1].body
    return body


def faults(reply: httpx2.Response) -> set[str]:
    assert reply.status_code == 400
    return set(reply.json()["details"]) - {"_errors"}


async def events(one: House, **fields: object) -> list[str]:
    body = chat_body(stream=True, **fields)
    async with one.client.stream("POST", CHAT, json=body) as reply:
        assert reply.status_code == 200
        return [line async for line in reply.aiter_lines() if line]


# Replies.


async def test_a_whole_reply_is_openais_without_what_is_venices(scale: House) -> None:
    reply = (await ask(scale, model="local/toy", max_tokens=3)).json()
    assert reply.keys() == {
        *("id", "object", "created", "model", "choices", "usage", "system_fingerprint")
    }
    assert (reply["object"], reply["model"]) == ("chat.completion", "toy")
    assert reply["usage"]["completion_tokens"] == 3


async def test_a_stream_is_chunks_and_nothing_else(scale: House) -> None:
    lines = await events(scale, stream_options={"include_usage": True}, max_tokens=3)
    assert all(line.startswith("data: {") for line in lines)
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert chunks[-1]["usage"]["completion_tokens"] == 3
    assert all("venice_parameters" not in chunk for chunk in chunks)


async def test_the_fingerprint_tells_engines_apart(scale: House) -> None:
    first, second, again = [
        (await ask(scale, model=f"{vendor}/toy")).json()["system_fingerprint"]
        for vendor in ("first", "second", "first")
    ]
    assert first == again != second


async def test_the_platforms_prompt_is_not_for_these_callers() -> None:
    async with house(system_prompt="You are ours.") as one:
        assert len((await told(one))["messages"]) == 1


# Names.


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("toy", "first"),
        ("openai/gpt-3.5-turbo", "first"),
        ("openai/gpt-4o", "first"),
        ("venice/default", "first"),
        ("second/toy", "second"),
        ("local/toy/second", "second"),
        ("openai/gpt-3.5-turbo/second", "second"),
    ],
)
async def test_a_vendor_or_a_deployment_that_is_an_engine_answers(
    scale: House, name: str, engine: str
) -> None:
    reply = await ask(scale, model=name)
    assert (reply.status_code, reply.json()["model"]) == (200, "toy")
    assert reply.headers["x-venice-model-router"] == engine


async def test_the_one_engine_that_is_named_has_no_stand_in() -> None:
    async with house() as one:
        one.fake.next(refusing(503), refusing(503))
        assert (await ask(one, model="first/toy")).status_code == 503
        reply = await ask(one, model="local/toy")
        assert reply.headers["x-venice-model-router"] == "second"


async def test_an_unknown_name_is_404_with_what_was_meant(scale: House) -> None:
    reply = await ask(scale, model="locl/toy")
    assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")
    assert "Did you mean 'local/toy'?" in reply.json()["error"]


# Memory.


@pytest.mark.parametrize("named", [{"name": "last_k"}, {"type": "last_k"}, {}])
async def test_the_last_messages_are_told(scale: House, named: Json) -> None:
    said = [{"role": "system", "content": "Be kind."}]
    said += [{"role": "user", "content": str(number)} for number in range(5)]
    body = await told(scale, messages=said, memory_strategy={**named, "params": {"k": 2}})
    assert [message["content"] for message in body["messages"]] == ["Be kind.", "3", "4"]


@pytest.mark.parametrize(
    "strategy",
    [
        {"name": "last_k"},
        {"name": "first_k", "params": {"k": 1}},
        {"params": {"k": 0}},
        {"params": {"k": 1, "j": 1}},
    ],
)
async def test_any_other_memory_is_refused(scale: House, strategy: Json) -> None:
    assert faults(await ask(scale, memory_strategy=strategy)) == {"memory_strategy"}


# What engines are handed.


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


async def test_a_prediction_that_nobody_takes_is_reported_as_rejected(scale: House) -> None:
    reply = await ask(scale, prediction={"type": "content", "content": "12345678"})
    details = reply.json()["usage"]["completion_tokens_details"]
    assert (details["accepted_prediction_tokens"], details["rejected_prediction_tokens"]) == (0, 2)
    assert reply.headers["x-fondaco-ignored-params"] == "prediction"


# Several choices.


async def test_the_best_choices_are_delivered_and_all_are_charged() -> None:
    async with house() as one:
        one.fake.next(saying(*weighed(("low", -3.0), ("high", -0.5), ("middle", -1.0))))
        before = (await one.balance()).usd
        reply = await ask(one, best_of=3, n=2, max_tokens=9)
        told = one.fake.asked[-1].body
        assert (told["n"], told["logprobs"]) == (3, True)
        choices = reply.json()["choices"]
        assert [choice["message"]["content"] for choice in choices] == ["high", "middle"]
        assert [choice["index"] for choice in choices] == [0, 1]
        assert all(choice["logprobs"] is None for choice in choices)
        assert reply.json()["usage"]["completion_tokens"] == 3
        price = 5 * 200_000_000 / 1_000_000 + 3 * 900_000_000 / 1_000_000
        assert before - (await one.balance()).usd == price


def weighed(*choices: tuple[str, float]) -> list[Json]:
    """Return a stream of choices of one token each, with its log probability."""
    said = []
    for index, (text, logprob) in enumerate(choices):
        token = {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": []}
        choice = {
            "index": index,
            "delta": {"content": text},
            "logprobs": {"content": [token]},
            "finish_reason": "stop",
        }
        said.append({"choices": [choice]})
    usage = {"prompt_tokens": 5, "completion_tokens": len(choices)}
    return [*said, {"choices": [], "usage": usage}]


async def test_log_probabilities_of_the_best_are_told_on_demand(scale: House) -> None:
    reply = await ask(scale, best_of=2, logprobs=True, top_logprobs=1, max_tokens=2)
    [choice] = reply.json()["choices"]
    assert len(choice["logprobs"]["content"]) == 2


async def test_the_best_of_as_many_as_are_wanted_are_all() -> None:
    async with house() as one:
        body = await told(one, best_of=2, n=2)
        assert body["n"] == 2
        assert "logprobs" not in body


# Fields that do not go together.


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"best_of": 2, "n": 3}, {"best_of"}),
        ({"best_of": 2, "stream": True}, {"best_of"}),
        ({"best_of": 21}, {"best_of"}),
        ({"top_logprobs": 1}, {"top_logprobs"}),
        ({"suffix": "."}, {"suffix"}),
        ({"modalities": ["text", "audio"], "audio": {"voice": "a"}}, {"modalities"}),
        ({"audio": {"voice": "a", "format": "wav"}}, {"audio"}),
        ({"modalities": ["image"]}, {"modalities"}),
        ({"guided_json": {}, "guided_regex": "a"}, {"guided_regex"}),
        ({"guided_choice": ["a"], "response_format": {"type": "json_object"}}, {"response_format"}),
        ({"guided_whitespace_pattern": " "}, {"guided_whitespace_pattern"}),
        ({"guided_decoding_backend": "xgrammar"}, {"guided_decoding_backend"}),
        (
            {"suffix": ".", "top_logprobs": 1, "best_of": 2, "n": 4},
            {"suffix", "top_logprobs", "best_of"},
        ),
        ({"inference_timeout": 0.5}, {"inference_timeout"}),
        ({"prediction": {"type": "content"}}, {"prediction"}),
    ],
)
async def test_what_does_not_go_together_is_refused_all_at_once(
    scale: House, fields: Json, named: set[str]
) -> None:
    assert faults(await ask(scale, **fields)) == named


async def test_text_alone_may_be_asked_for_by_name(scale: House) -> None:
    assert (await ask(scale, modalities=["text"])).status_code == 200


async def test_unknown_fields_are_named(scale: House) -> None:
    reply = await ask(scale, min_p=0.1, venice_parameters={})
    assert reply.headers["x-fondaco-ignored-params"] == "min_p, venice_parameters"


# Time.


async def test_an_answer_that_takes_too_long_is_504_and_charged_as_far_as_it_came() -> None:
    async with house() as one:
        one.fake.next(hanging(after=3))
        reply = await ask(one, inference_timeout=1)
        assert (reply.status_code, reply.json()["code"]) == (504, "INFERENCE_TIMEOUT")
        assert "of 1 s" in reply.json()["error"]
        assert one.charges()
        assert (await one.balance()).usd > 9 * NANO


async def test_a_stream_that_takes_too_long_ends_with_an_error() -> None:
    async with house() as one:
        one.fake.next(hanging(after=3))
        *lines, named, last = await events(one, inference_timeout=1)
        assert named == "event: error"
        assert json.loads(last.removeprefix("data: "))["code"] == "INFERENCE_TIMEOUT"
        assert '"content":' in lines[1]


async def test_an_answer_in_time_is_whole(scale: House) -> None:
    reply = await ask(scale, inference_timeout=30, max_tokens=3)
    assert reply.json()["usage"]["completion_tokens"] == 3


# Forms.


async def test_the_engine_that_held_an_answer_to_a_guide_is_named(scale: House) -> None:
    body = {"guided_choice": ["one", "two"], "guided_decoding_backend": "outlines"}
    scale.fake.next(
        saying({"choices": [{"index": 0, "delta": {"content": "two"}, "finish_reason": "stop"}]})
    )
    reply = await ask(scale, **body)
    assert reply.headers["x-fondaco-guided-by"] == "first"
    assert "x-fondaco-guided-by" not in (await ask(scale)).headers


@pytest.mark.parametrize(
    "form",
    [
        {"guided_json": {}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
    ],
)
async def test_white_space_is_for_schemas(scale: House, form: Json) -> None:
    answer = {"choices": [{"index": 0, "delta": {"content": "{}"}, "finish_reason": "stop"}]}
    scale.fake.next(saying(answer))
    body = await told(scale, guided_whitespace_pattern="[ ]?", **form)
    assert body["structured_outputs"] == {"json": {}, "whitespace_pattern": "[ ]?"}
