"""Answers to conversations, whole: what is sent, and what comes back."""

import asyncio
import json
from decimal import Decimal
from functools import partial
from typing import Any, cast

import anyio
import pytest
from pydantic import BaseModel, ValidationError

from fake_upstream import Script, saying
from house import House
from upstream.raw_server import RawServer
from venice_ai import (
    APIError,
    AssistantMessage,
    DeveloperMessage,
    InvalidRequestError,
    NotFoundError,
    SystemMessage,
    ToolMessage,
    UserMessage,
    VeniceClient,
)
from venice_ai.metadata import ModelDeprecationWarning
from venice_ai.tee.types import TeeOptions
from venice_ai.types.api.chat import (
    ChatCompletionResponse,
    FunctionCall,
    JSONObjectFormat,
    JSONSchema,
    JSONSchemaFormat,
    TextResponseFormat,
    ToolCall,
)

QUESTION = [UserMessage(content="Count!")]


ANY = {"type": "object"}


class City(BaseModel):
    name: str
    people: int = 0


class Trip(BaseModel):
    city: City
    tags: list[str] = []


async def test_an_answer_is_read_by_attributes_and_by_items(client: VeniceClient) -> None:
    reply = await client.chat.completions.create(model="toy", messages=QUESTION)
    assert reply.choices[0].message.content
    assert reply["choices"][0]["message"]["content"] == reply.choices[0].message.content
    assert "usage" in reply
    assert reply.get("nothing", 7) == 7
    with pytest.raises(KeyError, match="nothing"):
        reply["nothing"]


async def test_fields_that_the_sdk_does_not_know_are_kept(client: VeniceClient) -> None:
    reply = await client.chat.completions.create(model="toy", messages=QUESTION)
    choice = reply.choices[0]
    assert choice["stop_reason"] == choice.model_dump()["stop_reason"] == choice.finish_reason


async def test_all_kinds_of_messages_arrive(client: VeniceClient, home: House) -> None:
    call = ToolCall(id="c1", function=FunctionCall(name="now", arguments="{}"))
    await client.chat.completions.create(
        model="toy",
        messages=[
            SystemMessage(content="Be brief."),
            DeveloperMessage(content="Be exact."),
            {"role": "user", "content": "What time is it?"},
            AssistantMessage(tool_calls=[call]),
            ToolMessage(content="noon", tool_call_id="c1"),
        ],
    )
    sent = home.fake.asked[-1].body["messages"]
    assert [message["role"] for message in sent] == [
        "system",
        "system",
        "user",
        "assistant",
        "tool",
    ]
    assert sent[3]["tool_calls"][0]["function"] == {"name": "now", "arguments": "{}"}


async def test_an_answer_can_be_part_of_the_next_question(
    client: VeniceClient, home: House
) -> None:
    first = await client.chat.completions.create(model="toy", messages=QUESTION)
    said = first.choices[0].message
    await client.chat.completions.create(
        model="toy", messages=[*QUESTION, said, UserMessage(content="Again!")]
    )
    assert home.fake.asked[-1].body["messages"][1]["content"] == said.content


async def test_documented_arguments_arrive_as_they_are(client: VeniceClient, home: House) -> None:
    await client.chat.completions.create(
        model="toy",
        messages=QUESTION,
        temperature=0.3,
        top_p=0.9,
        seed=7,
        stop=["x"],
        max_completion_tokens=5,
        presence_penalty=None,
        user="somebody",
        metadata={"trace": "1"},
    )
    sent = home.fake.asked[-1].body
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.3, 0.9, 7)
    assert sent["max_completion_tokens"] == 5
    assert "presence_penalty" not in sent


async def test_fields_of_the_future_are_sent_on(client: VeniceClient) -> None:
    reply = await client.chat.completions.create(
        model="toy", messages=QUESTION, depth_of_thought=3, extra_body={"width": 1}
    )
    assert reply.meta.ignored_parameters == ("depth_of_thought", "width")


async def test_max_tokens_is_refused_by_its_new_name(client: VeniceClient) -> None:
    with pytest.raises(TypeError, match="use max_completion_tokens instead"):
        await client.chat.completions.create(model="toy", messages=QUESTION, max_tokens=5)


async def test_messages_that_are_a_text_are_refused(client: VeniceClient) -> None:
    with pytest.raises(TypeError, match="has to be a list"):
        await client.chat.completions.create(model="toy", messages="Hi")  # type: ignore[arg-type]  # on purpose


async def test_what_has_no_form_in_json_is_refused(client: VeniceClient) -> None:
    with pytest.raises(TypeError, match="cannot be sent as JSON"):
        await client.chat.completions.create(
            model="toy", messages=QUESTION, metadata={"a": object()}
        )


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (JSONObjectFormat(), "json_object"),
        ({"type": "json_object"}, "json_object"),
        (City, "json_schema"),
        (JSONSchemaFormat(json_schema=JSONSchema(name="any", schema=ANY)), "json_schema"),
    ],
)
async def test_formats_of_answers_are_sent(
    client: VeniceClient, home: House, shape: type[BaseModel], kind: str
) -> None:
    home.fake.next(said('{"name":"Rome","people":1}'))
    await client.chat.completions.create(model="toy", messages=QUESTION, response_format=shape)
    assert home.fake.asked[-1].body["response_format"]["type"] == kind


async def test_text_is_a_format_as_well(client: VeniceClient) -> None:
    reply = await client.chat.completions.create(
        model="toy", messages=QUESTION, response_format=TextResponseFormat()
    )
    assert reply.choices[0].message.content


async def test_a_model_becomes_a_strict_schema(client: VeniceClient, home: House) -> None:
    home.fake.next(said('{"city":{"name":"Rome","people":1},"tags":[]}'))
    parsed = await client.chat.completions.parse(
        model="toy", messages=QUESTION, response_format=Trip
    )
    sent = home.fake.asked[-1].body["response_format"]["json_schema"]
    assert (sent["name"], sent["strict"]) == ("Trip", True)
    assert sent["schema"]["required"] == ["city", "tags"]
    assert sent["schema"]["$defs"]["City"]["required"] == ["name", "people"]
    assert sent["schema"]["$defs"]["City"]["additionalProperties"] is False
    assert parsed.parsed == Trip(city=City(name="Rome", people=1), tags=[])
    assert parsed.usage.total_tokens == parsed.response["usage"]["total_tokens"]


async def test_a_schema_can_have_another_name_and_be_less_strict(
    client: VeniceClient, home: House
) -> None:
    home.fake.next(said('{"name":"Rome"}'))
    await client.chat.completions.parse(
        model="toy", messages=QUESTION, response_format=City, schema_name="town", strict=False
    )
    sent = home.fake.asked[-1].body["response_format"]["json_schema"]
    assert (sent["name"], sent["strict"]) == ("town", False)
    assert sent["schema"]["required"] == ["name"]


async def test_an_answer_that_does_not_fit_is_a_validation_error(
    client: VeniceClient, home: House
) -> None:
    home.fake.next(said('{"people":1}'))
    with pytest.raises(ValidationError, match="name"):
        await client.chat.completions.parse(
            model="toy", messages=QUESTION, response_format=City, strict=False
        )


async def test_an_answer_without_text_cannot_be_parsed(raw: RawServer) -> None:
    raw.answer(whole({"choices": [{"message": {"content": None}, "finish_reason": "tool_calls"}]}))
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        with pytest.raises(ValueError, match="it finished with 'tool_calls'"):
            await client.chat.completions.parse(
                model="toy", messages=QUESTION, response_format=City
            )


async def test_parse_takes_no_stream(client: VeniceClient) -> None:
    with pytest.raises(ValueError, match="parse takes whole replies only"):
        await client.chat.completions.parse(
            model="toy", messages=QUESTION, response_format=City, stream=True
        )


async def test_a_batch_keeps_its_order_and_its_failures(client: VeniceClient) -> None:
    good, bad = {"model": "toy", "messages": QUESTION}, {"model": "toyy", "messages": QUESTION}
    streamed = {**good, "stream": True}
    first, second, third, fourth = await client.chat.completions.batch(
        [good, bad, streamed, good], max_concurrency=2
    )
    assert isinstance(first, ChatCompletionResponse)
    assert isinstance(second, NotFoundError)
    assert isinstance(third, ValueError)
    assert isinstance(fourth, ChatCompletionResponse)


async def test_a_batch_can_end_with_its_first_failure(client: VeniceClient) -> None:
    bad = {"model": "toyy", "messages": QUESTION}
    with pytest.raises(NotFoundError):
        await client.chat.completions.batch([bad, bad], return_exceptions=False)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_batch_lets_no_more_run_than_it_is_told(raw: RawServer) -> None:
    gate = anyio.Event()
    for _ in range(4):
        raw.hold(gate)
    async with (
        VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client,
        anyio.create_task_group() as group,
    ):
        asked = [{"model": "toy", "messages": QUESTION}] * 4
        group.start_soon(partial(client.chat.completions.batch, asked, max_concurrency=2))
        await anyio.sleep(0.2)
        assert len(raw.heads) <= 2
        gate.set()
    assert len(raw.heads) == 4


async def test_a_batch_of_no_concurrency_is_refused(client: VeniceClient) -> None:
    with pytest.raises(ValueError, match="max_concurrency=0"):
        await client.chat.completions.batch([], max_concurrency=0)


async def test_the_head_of_a_reply_tells_request_limits_and_balances(
    client: VeniceClient, home: House
) -> None:
    meta = (await client.chat.completions.create(model="toy", messages=QUESTION)).meta
    assert meta.request_id
    assert meta.model_id == "toy"
    assert meta.balances.usd == Decimal(10)
    assert meta.rate_limits.remaining_requests is not None
    assert meta.headers["X-Venice-Model-Id"] == "toy"


async def test_a_model_that_ends_is_warned_of_once(raw: RawServer) -> None:
    ending = "x-venice-model-id: old\r\nx-venice-model-deprecation-warning: old ends on 1 May.\r\n"
    raw.answer(whole({"choices": []}, ending))
    raw.answer(whole({"choices": []}, ending))
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        with pytest.warns(ModelDeprecationWarning, match="old ends on 1 May"):
            await client.chat.completions.create(model="old", messages=QUESTION)
        await client.chat.completions.create(model="old", messages=QUESTION)  # or it would raise


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "toy"}, "not one of the models named e2ee-"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"venice_parameters": {"enable_web_search": "on"}}, "enable_web_search"),
        ({"venice_parameters": {"character_slug": "alan-watts"}}, "character_slug"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"extra_body": {"prediction": {"content": "a"}}}, "prediction"),
        ({"messages": [{"role": "assistant", "content": None}]}, "no content"),
        ({"messages": [{"role": "user", "content": "a", "name": "Ann"}]}, "messages.0.name"),
        ({"messages": [AssistantMessage(content="a", tool_calls=[ToolCall()])]}, "tool_calls"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
            "text alone",
        ),
    ],
)
async def test_what_cannot_be_confidential_is_named(
    client: VeniceClient, home: House, change: dict[str, object], reason: str
) -> None:
    asked: dict[str, Any] = {"model": "e2ee-toy", "messages": QUESTION, **change}
    parameters = {"enable_e2ee": True, **asked.get("venice_parameters", {})}
    wishes: tuple[dict[str, Any], ...] = (
        {"e2ee": True},
        {"e2ee": TeeOptions()},
        {"venice_parameters": parameters},
    )
    for wish in wishes:
        with pytest.raises(InvalidRequestError, match=reason) as refused:
            await client.chat.completions.create(**{**asked, **wish})
        assert refused.value.code == "E2EE_REFUSED"
    assert home.fake.asked == []


async def test_a_model_of_confidential_chats_is_sent_nothing_in_plain_by_oversight(
    client: VeniceClient, home: House
) -> None:
    chats = client.chat.completions
    with pytest.raises(InvalidRequestError, match="e2ee=True") as refused:
        await chats.create(model="e2ee-toy", messages=QUESTION)
    assert (refused.value.code, refused.value.status) == ("E2EE_REFUSED", None)
    with pytest.raises(InvalidRequestError, match="e2ee=True"):
        await chats.stream(model="e2ee-toy", messages=QUESTION)
    with pytest.raises(APIError) as answered:  # a decision; this server refuses, others may not
        await chats.create(model="e2ee-toy", messages=QUESTION, e2ee=False)
    assert answered.value.status is not None


@pytest.mark.parametrize("wish", ["yes", 1, {}, {"allow_software_attestation": True}])
async def test_options_of_another_type_are_no_options(client: VeniceClient, wish: Any) -> None:
    with pytest.raises(TypeError, match="e2ee has to be True, False or a TeeOptions"):
        await client.chat.completions.create(model="e2ee-toy", messages=QUESTION, e2ee=wish)


def test_a_protocol_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="'venice', 'aci' or None, not 'acid'"):
        TeeOptions(format=cast("Any", "acid"))


def said(text: str) -> Script:
    """Let the engine say this."""
    return saying({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]})


def whole(body: object, head: str = "") -> bytes:
    """Return a good reply."""
    payload = json.dumps(body).encode()
    return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload
