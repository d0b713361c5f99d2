"""Chat calls through the door: replies, streams, headers, money, and engines that fail."""

import json
from collections import Counter
from dataclasses import replace

import anyio
import pytest

from fake_upstream import cut_after, hanging, refusing, saying
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Capabilities, SamplingDefaults
from fondaco.domain.money.money import NANO
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.chat.response_schemas import ChatCompletion, ChatCompletionChunk
from house import CONTEXT_TOKENS, TOY, House, house


def events_of(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line]


def chunks_of(text: str) -> list[ChatCompletionChunk]:
    return [
        ChatCompletionChunk.model_validate_json(event)
        for event in events_of(text)
        if event != "[DONE]"
    ]


async def stream_text(one: House, **fields: object) -> str:
    async with one.streaming(**fields) as reply:
        assert reply.status_code == 200
        text: str = (await reply.aread()).decode()
        return text


async def test_a_whole_reply_has_the_documented_shape(shared: House) -> None:
    reply = await shared.chat(max_tokens=3, seed=7)
    completion = ChatCompletion.model_validate_json(reply.content)
    assert completion.id == "chatcmpl-" + reply.headers["cf-ray"]
    assert completion.model == "toy"
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 3
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_a_stream_says_what_the_whole_reply_says(shared: House) -> None:
    asked = {"seed": 7, "n": 3, "logprobs": True, "top_logprobs": 2, "max_tokens": 5}
    whole = ChatCompletion.model_validate_json((await shared.chat(**asked)).content)
    text = await stream_text(shared, **asked, stream_options={"include_usage": True})
    chunks = chunks_of(text)
    for choice in whole.choices:
        parts = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert "".join(part.delta.content or "" for part in parts) == choice.message.content
        assert parts[-1].finish_reason == choice.finish_reason
        assert choice.logprobs is not None
        tokens = [t for part in parts if part.logprobs for t in part.logprobs.content]
        assert tokens == choice.logprobs.content
    assert chunks[-1].usage == whole.usage


async def test_a_stream_begins_with_the_role_and_ends_with_done(shared: House) -> None:
    text = await stream_text(shared, n=2)
    events = events_of(text)
    assert events[-1] == "[DONE]"
    first = {c.index: c for chunk in reversed(chunks_of(text)) for c in chunk.choices}
    assert {choice.delta.role for choice in first.values()} == {"assistant"}
    roles = [c.delta.role for chunk in chunks_of(text) for c in chunk.choices if c.delta.role]
    assert len(roles) == 2


async def test_usage_is_streamed_only_when_asked_for(shared: House) -> None:
    assert all(chunk.usage is None for chunk in chunks_of(await stream_text(shared)))
    with_usage = chunks_of(await stream_text(shared, stream_options={"include_usage": True}))
    assert [chunk.choices for chunk in with_usage if chunk.usage is not None] == [[]]


async def test_a_reply_names_request_model_engine_and_balance(shared: House) -> None:
    before = await shared.balance()
    headers = (await shared.chat(model="gpt-4o")).headers
    assert len(headers["cf-ray"]) == 32
    assert headers["x-venice-version"]
    assert headers["x-venice-timestamp"].endswith("Z")
    assert headers["x-venice-model-id"] == "toy"
    assert headers["x-venice-model-name"] == "Toy"
    assert headers["x-venice-model-router"] == "first"
    assert round(float(headers["x-venice-balance-usd"]) * NANO) == before.usd
    assert headers["x-venice-balance-diem"] == "0"


async def test_a_stream_names_the_same(shared: House) -> None:
    async with shared.streaming() as reply:
        await reply.aread()
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["x-venice-model-router"] == "first"
        assert "x-venice-balance-usd" in reply.headers


async def test_the_callers_own_request_id_is_ignored(shared: House) -> None:
    reply = await shared.client.get("/healthz", headers={"CF-RAY": "mine"})
    assert reply.headers["cf-ray"] != "mine"


async def test_a_developer_message_is_a_system_message_for_the_engine(shared: House) -> None:
    shared.fake.asked.clear()
    await shared.chat(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Count!"}]},
        ]
    )
    asked = shared.fake.asked[-1].body["messages"]
    assert asked[0] == {"role": "system", "content": "Be brief."}


async def test_what_a_call_leaves_open_is_drawn_as_the_catalogue_says() -> None:
    async with house(models=(replace(TOY, defaults=SamplingDefaults(0.3, 0.8)),)) as one:
        await one.chat()
        await one.chat(temperature=1.5)
        await one.chat(top_p=0.5)
        await one.chat(temperature=0, top_p=1)
        asked = [(a.body["temperature"], a.body["top_p"]) for a in one.fake.asked]
    assert asked == [(0.3, 0.8), (1.5, 0.8), (0.3, 0.5), (0, 1)]


async def test_the_smaller_of_both_limits_wins(shared: House) -> None:
    reply = await shared.chat(max_tokens=5, max_completion_tokens=2)
    assert reply.json()["usage"]["completion_tokens"] == 2


async def test_a_limit_beyond_the_context_is_400_with_both_numbers(shared: House) -> None:
    model = replace(TOY, engines=("first",))
    async with house(models=(model,)) as one:
        reply = await one.chat(max_tokens=CONTEXT_TOKENS + 1)
        assert one.fake.asked == []
    error = reply.json()["error"]
    assert reply.status_code == 400
    assert (error["code"], error["type"]) == ("context_length_exceeded", "invalid_request_error")
    assert str(CONTEXT_TOKENS) in error["message"]
    assert str(CONTEXT_TOKENS + 1) in error["message"]


async def test_log_probabilities_of_a_model_without_them_are_refused() -> None:
    model = replace(TOY, capabilities=Capabilities(log_probs=False))
    async with house(models=(model,)) as one:
        reply = await one.chat(logprobs=True)
    assert reply.json()["code"] == "INVALID_MODEL"


async def test_an_offline_model_is_503_with_retry_after() -> None:
    async with house(models=(replace(TOY, offline=True),)) as one:
        reply = await one.chat()
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) >= 1


async def test_a_model_that_was_not_installed_at_the_start_is_left_to_its_engine() -> None:
    async with house(models=(replace(TOY, installed=False),)) as one:
        assert (await one.chat()).status_code == 200
        [listed] = (await one.client.get("/api/v1/models")).json()["data"]
        assert listed["model_spec"]["offline"] is True


async def test_whole_and_streamed_calls_cost_the_same(shared: House) -> None:
    already = len(shared.charges())
    await shared.chat(seed=3)
    await stream_text(shared, seed=3)
    rows = [(entry.sku, entry.units, entry.amount) for entry in shared.charges()[already:]]
    half = len(rows) // 2
    assert rows[:half] == rows[half:]
    assert {sku for sku, _, _ in rows} == {"toy-llm-input-mtoken", "toy-llm-output-mtoken"}


async def test_the_charge_is_the_usage_times_the_price(shared: House) -> None:
    before = await shared.balance()
    usage = (await shared.chat(seed=3)).json()["usage"]
    paid = before.usd - (await shared.balance()).usd
    assert paid == 200 * usage["prompt_tokens"] + 900 * usage["completion_tokens"]


async def test_a_call_that_cannot_be_covered_is_402() -> None:
    async with house(usd=1000) as poor:
        reply = await poor.chat(max_tokens=1000)
        assert reply.status_code == 402
        assert reply.json()["code"] == "INSUFFICIENT_BALANCE"
        assert poor.fake.asked == []
        assert (await poor.balance()).usd == 1000


async def test_sixty_calls_on_money_for_ten_admit_ten() -> None:
    async with house() as one:
        ceiling = await _most_that_a_call_costs(one)
    async with house(usd=10 * ceiling, token_s=0.05, whole_as_stream=True) as one:
        statuses: list[int] = []

        async def call() -> None:
            statuses.append((await one.chat(max_tokens=20)).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(call)
        assert Counter(statuses) == {200: 10, 402: 50}
        assert len({entry.call_id for entry in one.charges()}) == 10
        assert (await one.balance()).usd >= 0


async def _most_that_a_call_costs(one: House) -> int:
    request = ChatRequest("toy", (Message(Role.USER, "Count!"),), max_output_tokens=20)
    prompt = await one.platform.chat._engines.of(TOY)[0].measure(request)
    return TOY.price.ceiling(Usage(prompt.input_tokens, 0, 20))


async def test_an_engine_that_refuses_hands_over_to_the_next(shared: House) -> None:
    shared.fake.next(refusing(503))
    reply = await shared.chat()
    assert reply.status_code == 200
    assert reply.headers["x-venice-model-router"] == "second"


async def test_an_engine_that_breaks_before_its_first_word_hands_over(shared: House) -> None:
    shared.fake.next(cut_after(0), cut_after(0))  # the first may pass for a stale connection
    async with shared.streaming() as reply:
        await reply.aread()
        assert reply.headers["x-venice-model-router"] == "second"


@pytest.mark.parametrize(
    ("status", "seen"), [(500, 503), (503, 503), (429, 503), (401, 502), (403, 502), (404, 503)]
)
async def test_when_every_engine_refuses_the_call_costs_nothing(
    shared: House, status: int, seen: int
) -> None:
    before = await shared.balance()
    shared.fake.next(refusing(status, retry_after_s=9))
    shared.second.next(refusing(status, retry_after_s=9))
    reply = await shared.chat()
    assert reply.status_code == seen
    if seen == 503:
        assert int(reply.headers["retry-after"]) >= 1
    assert await shared.balance() == before


async def test_each_engine_is_tried_once(shared: House) -> None:
    shared.fake.asked.clear()
    shared.second.asked.clear()
    shared.fake.next(refusing(500))
    shared.second.next(refusing(500))
    await shared.chat()
    assert (len(shared.fake.asked), len(shared.second.asked)) == (1, 1)


async def test_a_request_that_the_engine_finds_wrong_is_not_tried_elsewhere(shared: House) -> None:
    shared.second.asked.clear()
    shared.fake.next(refusing(400, {"message": "no such sampler"}))
    reply = await shared.chat()
    assert reply.status_code == 400
    assert shared.second.asked == []


@pytest.mark.parametrize("first", ["openai", "llama-server"])
async def test_a_field_that_an_engine_does_not_take_hands_over_to_one_that_does(first: str) -> None:
    async with house(dialects=(first, "vllm")) as one:
        reply = await one.chat(stop_token_ids=[7])
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "second")
        assert one.fake.asked == []


async def test_a_field_that_no_engine_takes_is_400_by_its_name(shared: House) -> None:
    reply = await shared.chat(top_k=4)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
    assert "top_k" in reply.json()["details"]


@pytest.mark.parametrize("dialects", [("vllm", "openai"), ("openai", "vllm")])
async def test_a_field_that_only_an_engine_takes_which_is_down_is_no_fault_of_the_caller(
    dialects: tuple[str, str],
) -> None:
    async with house(dialects=dialects) as one:
        for fake in (one.fake, one.second):
            fake.next(refusing(503))
        assert (await one.chat(top_k=4)).status_code == 503


async def test_a_field_is_no_fault_either_where_the_engine_that_takes_it_cannot_count() -> None:
    async with house(dialects=("vllm", "openai")) as one:
        one.fake.count_next.append(refusing(500))
        assert (await one.chat(top_k=4)).json()["code"] == "MODEL_AT_CAPACITY"


async def test_an_engine_cut_in_mid_stream_ends_with_an_error_event(shared: House) -> None:
    before = await shared.balance()
    shared.fake.next(cut_after(3))
    events = events_of(await stream_text(shared))
    assert json.loads(events[-1])["code"] == "INFERENCE_FAILED"
    assert "[DONE]" not in events
    assert all('"finish_reason":"stop"' not in event for event in events)
    charge = shared.charges()[-1]
    assert (charge.sku, charge.units) == ("toy-llm-output-mtoken", 3)
    assert "delivered" in charge.notes
    assert await shared.balance() != before


async def test_an_engine_cut_in_a_whole_reply_has_failed_and_is_not_at_capacity(
    shared: House,
) -> None:
    before = await shared.balance()
    shared.fake.next(cut_after(3))
    shared.second.next(cut_after(3))
    reply = await shared.chat()
    assert (reply.status_code, reply.json()["code"]) == (502, "INFERENCE_FAILED")
    assert "Nothing was charged" in reply.json()["error"]
    assert "retry-after" not in reply.headers
    assert await shared.balance() == before


async def test_a_time_out_in_mid_stream_stays_a_time_out() -> None:
    async with house(total_timeout_s=0.4) as one:
        one.fake.next(hanging(after=1))
        assert json.loads(events_of(await stream_text(one))[-1])["code"] == "INFERENCE_TIMEOUT"


async def test_garbage_in_mid_stream_ends_with_an_error_event(shared: House) -> None:
    shared.fake.next(saying("{not json"))
    shared.second.next(saying("{not json"))
    reply = await shared.chat()
    assert reply.status_code >= 500


async def test_waiting_in_a_stream_is_advised_only_to_whom_it_helps() -> None:
    async with house(first_byte_timeout_s=0.3, chunk_timeout_s=0.3) as one:
        for fake in (one.fake, one.second):
            fake.next(hanging(), hanging(), hanging(after=2), hanging(after=2))
        whole = (await one.chat()).json()["error"]
        assert "setting stream=true" in whole
        streamed = (await one.chat(stream=True)).json()["error"]
        assert "timed-out" in streamed
        assert "stream=true" not in streamed
        silent = json.loads(events_of(await stream_text(one))[-1])
        assert silent["code"] == "INFERENCE_TIMEOUT"
        assert "stopped sending" in silent["error"]


async def test_an_engine_that_says_nothing_in_time_is_504() -> None:
    model = replace(TOY, engines=("first",))
    async with house(models=(model,), first_byte_timeout_s=0.3) as one:
        one.fake.next(hanging())
        reply = await one.chat()
        assert reply.status_code == 504
        assert reply.json()["code"] == "INFERENCE_TIMEOUT"
        assert (await one.balance()).usd == 10 * NANO
