"""POST /v4/beta/chat/completions: replies, names, memory, choices and time."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from fake_upstream import hanging, refusing, saying
from fondaco.domain.money.money import NANO
from house import TOY, House, house
from scale_house import Json, ask, events, faults, scale_house, told


@pytest.fixture(scope="module")
async def scale() -> AsyncGenerator[House]:
    async with scale_house() as one:
        yield one


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
async def test_the_last_messages_reach_the_engine(scale: House, named: Json) -> None:
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


async def test_log_probabilities_of_the_best_are_returned_on_request(scale: House) -> None:
    reply = await ask(scale, best_of=2, logprobs=True, top_logprobs=1, max_tokens=2)
    [choice] = reply.json()["choices"]
    assert len(choice["logprobs"]["content"]) == 2


async def test_the_best_are_found_by_log_probabilities_alone() -> None:
    silent = replace(TOY, capabilities=replace(TOY.capabilities, log_probs=False))
    async with house(models=(silent,)) as one:
        reply = await ask(one, best_of=2)
        assert faults(reply) == {"best_of"}
        assert "'toy'" in reply.json()["error"]


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
        ({"modalities": ["text", "audio"], "n": 2}, {"modalities"}),
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
        ({"prediction": {"type": "content", "content": "a" * 200_001}}, {"prediction"}),
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
