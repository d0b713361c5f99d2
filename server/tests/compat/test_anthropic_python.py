"""Anthropic's own Python client against the program with the embedded models."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from program import MODEL, Program, model_file

Json = dict[str, Any]
QWEN = "qwen2.5-coder-0.5b"
QWEN_FILE = "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"
WEATHER: Any = {
    "name": "get_weather",
    "description": "Current weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
GREEDY = {"temperature": 0}
"""The client's newest releases have no argument for it."""
QUESTION: Any = {"role": "user", "content": "Name the capital of Italy."}
ASKED: Any = {"role": "user", "content": "What is the weather in Oslo right now?"}


@pytest.fixture(scope="module")
def client(served: Program) -> Iterator[Anthropic]:
    with Anthropic(base_url=served.url, api_key=served.api_key, max_retries=0, timeout=120) as one:
        yield one


@pytest.mark.parametrize("base", ["", "/api"])
@pytest.mark.parametrize("bearer", [False, True])
def test_a_message_whole_and_streamed_is_the_same(
    served: Program, base: str, *, bearer: bool
) -> None:
    keys: Json = {"auth_token" if bearer else "api_key": served.api_key}
    with Anthropic(base_url=served.url + base, max_retries=0, **keys) as one:
        asked: Json = {"model": "default", "max_tokens": 24, "extra_body": GREEDY}
        whole = one.messages.create(messages=[QUESTION], **asked)
        with one.messages.stream(messages=[QUESTION], **asked) as stream:
            said = "".join(stream.text_stream)
            streamed = stream.get_final_message()
    assert whole.content[0].type == "text"
    assert whole.content[0].text == said
    assert "Rome" in said
    assert [block.to_dict() for block in streamed.content] == [
        block.to_dict() for block in whole.content
    ]
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert prompt_tokens(streamed) == prompt_tokens(whole)
    assert whole._request_id is not None


def prompt_tokens(message: Any) -> int:
    return int(message.usage.input_tokens + message.usage.cache_read_input_tokens)


def test_a_count_is_what_the_message_is_charged_for(client: Anthropic, served: Program) -> None:
    asked: Json = {"model": "default", "messages": [QUESTION], "system": "Answer in one word."}
    before = len(served.charged())
    counted = client.messages.count_tokens(**asked)
    assert len(served.charged()) == before
    message = client.messages.create(max_tokens=4, **asked)
    assert counted.input_tokens == prompt_tokens(message)
    rows = served.charged()[before:]
    assert {row.call_id for row in rows} == {message.id.removeprefix("msg_")}
    assert sum(row.units for row in rows) == prompt_tokens(message) + message.usage.output_tokens


def test_a_stop_sequence_is_told(client: Anthropic) -> None:
    said: Any = [{"role": "user", "content": "Count from one to ten in words."}]
    asked: Json = {"model": "default", "max_tokens": 60, "extra_body": GREEDY, "messages": said}
    whole = client.messages.create(**asked)
    text = whole.content[0].text  # type: ignore[union-attr]
    stop = text.split()[2]
    cut = client.messages.create(stop_sequences=["nowhere", stop], **asked)
    assert (cut.stop_reason, cut.stop_sequence) == ("stop_sequence", stop)
    assert cut.content[0].text == text[: text.index(stop)]  # type: ignore[union-attr]
    with client.messages.stream(stop_sequences=[stop], **asked) as stream:
        assert stream.get_final_message().stop_sequence == stop


def test_a_prefill_is_continued(client: Anthropic) -> None:
    begun: Any = {"role": "assistant", "content": "The capital of Italy is"}
    message = client.messages.create(
        model="default", max_tokens=8, extra_body=GREEDY, messages=[QUESTION, begun]
    )
    assert message.content[0].text.startswith(" Rome")  # type: ignore[union-attr]


@pytest.mark.skipif(not model_file(QWEN_FILE).is_file(), reason=f"{QWEN} is not installed")
def test_a_tool_makes_its_round(client: Anthropic) -> None:
    asked: Json = {"model": QWEN, "max_tokens": 64, "extra_body": GREEDY, "tools": [WEATHER]}
    with client.messages.stream(messages=[ASKED], **asked) as stream:
        events = [event.type for event in stream]
        message = stream.get_final_message()
    whole = client.messages.create(messages=[ASKED], **asked)
    assert "input_json" in events
    assert message.stop_reason == whole.stop_reason == "tool_use"
    (use,) = (block for block in message.content if block.type == "tool_use")
    (same,) = (block for block in whole.content if block.type == "tool_use")
    assert (use.name, use.input) == (same.name, same.input) == ("get_weather", {"city": "Oslo"})
    assert use.id.startswith(f"toolu_{message.id[-24:]}")
    result: Any = {"type": "tool_result", "tool_use_id": use.id, "content": "snow, 3 degrees"}
    turns: Any = [ASKED, {"role": "assistant", "content": message.content}]
    answer = client.messages.create(
        messages=[*turns, {"role": "user", "content": [result]}], **asked
    )
    assert answer.stop_reason == "end_turn"
    assert "3" in answer.content[0].text  # type: ignore[union-attr]


@pytest.mark.skipif(not model_file(QWEN_FILE).is_file(), reason=f"{QWEN} is not installed")
def test_a_chosen_tool_is_called(client: Anthropic) -> None:
    message = client.messages.create(
        model=QWEN,
        max_tokens=64,
        extra_body=GREEDY,
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "get_weather"},
        messages=[{"role": "user", "content": "Greet Oslo."}],
    )
    assert [block.type for block in message.content] == ["tool_use"]


@pytest.mark.skipif(not model_file(QWEN_FILE).is_file(), reason=f"{QWEN} is not installed")
def test_output_fits_its_schema(client: Anthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "required": ["city"],
        "additionalProperties": False,
    }
    message = client.messages.create(
        model=QWEN,
        max_tokens=64,
        extra_body=GREEDY,
        messages=[QUESTION],
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert json.loads(message.content[0].text) == {"city": "Rome"}  # type: ignore[union-attr]


def test_errors_are_typed_and_say_what_is_wrong(client: Anthropic, served: Program) -> None:
    asked: Json = {"model": "default", "max_tokens": 8, "messages": [QUESTION]}
    with pytest.raises(anthropic.BadRequestError) as bad:
        client.messages.create(**{**asked, "extra_body": {"temperature": 2}})
    assert "temperature: must be at most 1 (got 2)" in str(bad.value)
    assert bad.value.type == "invalid_request_error"
    assert bad.value.request_id == bad.value.response.headers["request-id"]
    with pytest.raises(anthropic.NotFoundError, match="nobody"):
        client.messages.create(**{**asked, "model": "nobody"})
    said: Any = [{"role": "user", "content": "word " * 2_000}]
    with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > 1024"):
        client.messages.create(**{**asked, "messages": said})
    with (
        Anthropic(base_url=served.url, api_key="wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError, match="Invalid API key"),
    ):
        stranger.messages.create(**asked)


async def test_the_asynchronous_client_streams(served: Program) -> None:
    async with (
        anthropic.AsyncAnthropic(base_url=served.url, api_key=served.api_key, max_retries=0) as one,
        one.messages.stream(model="default", max_tokens=12, messages=[QUESTION]) as stream,
    ):
        said = "".join([text async for text in stream.text_stream])
        message = await stream.get_final_message()
    assert message.content[0].text == said  # type: ignore[union-attr]


def test_models_are_listed_and_shown(client: Anthropic) -> None:
    listed = [model.id for model in client.models.list()]
    assert MODEL in listed
    shown = client.models.retrieve("default")
    assert (shown.id, shown.type) == (MODEL, "model")
