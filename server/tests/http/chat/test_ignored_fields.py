"""Fields that change nothing are named, at whatever depth they are; fields of other APIs are used."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fake_upstream import saying
from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.models.model import Capabilities
from house import TOY, House, chat_body, house

Json = dict[str, Any]
IGNORED = "x-fondaco-ignored-params"
CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL: Json = {"type": "function", "function": {"name": "f"}}
UNKNOWN: dict[str, tuple[Json, str]] = {
    "of the request": ({"nonsense": 1}, "nonsense"),
    "of stream_options": (
        {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": True}},
        "stream_options.include_obfuscation",
    ),
    "of a message": (
        {"messages": [{"role": "user", "content": "Hi", "cache_control": {"type": "ephemeral"}}]},
        "messages.cache_control",
    ),
    "of a part": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "note": 1}]}]},
        "messages.content.note",
    ),
    "of a call": (
        {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "note": 1}]}]},
        "messages.tool_calls.note",
    ),
    "of a function that was called": (
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{**CALL, "function": {**CALL["function"], "note": 1}}],
                }
            ]
        },
        "messages.tool_calls.function.note",
    ),
    "of a tool": (
        {"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]},
        "tools.cache_control",
    ),
    "of an offered function": (
        {"tools": [{**TOOL, "function": {"name": "f", "note": 1}}]},
        "tools.function.note",
    ),
    "of a form": ({"response_format": {"type": "text", "note": 1}}, "response_format.note"),
    "of a form's schema, beside it": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {}, "strict": False, "note": 1},
            },
            "stop": "never",
        },
        "response_format.json_schema.note",
    ),
    "of reasoning": ({"reasoning": {"note": 1}}, "reasoning.note"),
    "a prefix that nothing follows": (
        {
            "messages": [
                {"role": "assistant", "content": "IdempotencyKey", "prefix": True},
                {"role": "user", "content": "And?"},
            ]
        },
        "messages.prefix",
    ),
    "a function call of old": (
        {
            "messages": [
                {"role": "assistant", "content": "Yes", "function_call": {"name": "f"}},
                {"role": "user", "content": "And?"},
            ]
        },
        "messages.function_call",
    ),
}


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    model = replace(
        TOY, capabilities=Capabilities(function_calling=True, response_schema=True, vision=True)
    )
    async with house(models=(model,)) as one:
        yield one


@pytest.mark.parametrize("case", UNKNOWN)
async def test_an_unknown_field_is_named_by_its_path(able: House, case: str) -> None:
    asked, path = UNKNOWN[case]
    reply = await able.chat(**asked)
    assert reply.status_code == 200, reply.text
    assert reply.headers[IGNORED] == path


@pytest.mark.parametrize("value", [None, [], {}, ""])
async def test_a_field_that_says_nothing_is_not_named(able: House, value: object) -> None:
    reply = await able.chat(messages=[{"role": "user", "content": "Hi", "note": value}])
    assert IGNORED not in reply.headers


async def test_free_objects_have_no_unknown_fields(able: House) -> None:
    reply = await able.chat(
        metadata={"a": "b"},
        tools=[{**TOOL, "function": {"name": "f", "parameters": {"type": "object", "x-a": 1}}}],
    )
    assert reply.status_code == 200, reply.text
    assert IGNORED not in reply.headers


async def test_scales_api_names_them_as_well(able: House) -> None:
    asked = chat_body(messages=[{"role": "user", "content": "Hi", "note": 1}], nonsense=1)
    reply = await able.client.post("/v4/beta/chat/completions", json=asked)
    assert reply.headers[IGNORED] == "messages.note, nonsense"


CACHED = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}


async def test_openrouter_gets_the_cache_control_of_texts() -> None:
    async with house(dialects=("openrouter", "openai")) as one:
        asked = [{"role": "user", "content": [CACHED]}, {"role": "system", "content": [CACHED]}]
        reply = await one.chat(messages=asked)
        assert IGNORED not in reply.headers
        assert one.fake.asked[-1].body["messages"] == asked


async def test_other_engines_do_not_and_it_is_named(able: House) -> None:
    reply = await able.chat(messages=[{"role": "user", "content": [CACHED]}])
    assert reply.headers[IGNORED] == "messages.content.cache_control"
    part = able.fake.asked[-1].body["messages"][0]["content"][0]
    assert part == {"type": "text", "text": "Hi"}


BEGUN = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "On", "prefix": True}]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("openai", {"prefix": True}),
        ("openrouter", {}),
        ("llama-server", {}),
        ("vllm", {}),
        ("ollama", {}),
    ],
)
async def test_an_answer_goes_on_with_a_prefix(dialect: str, told: Json) -> None:
    async with house(dialects=(dialect, dialect)) as one:
        reply = await one.chat(messages=BEGUN)
        assert reply.status_code == 200, reply.text
        body = one.fake.asked[-1].body
    assert body["messages"][-1] == {"role": "assistant", "content": "On", **told}
    assert (body.get("continue_final_message"), body.get("add_generation_prompt")) == (
        (True, False) if dialect == "vllm" else (None, None)
    )
    assert reply.headers.get(IGNORED) == ("messages.prefix" if dialect == "ollama" else None)


THOUGHT: Json = {"choices": [{"index": 0, "delta": {"reasoning": "Hm."}, "finish_reason": None}]}
SAID: Json = {"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": "stop"}]}


async def test_reasoning_that_is_excluded_is_not_shown() -> None:
    async with house(models=(replace(TOY, reasoning=ReasoningProfile()),)) as one:
        one.fake.always(saying(THOUGHT, SAID))
        shown, hidden = await one.chat(), await one.chat(reasoning={"exclude": True})
    assert shown.json()["choices"][0]["message"]["reasoning_content"] == "Hm."
    assert hidden.json()["choices"][0]["message"]["reasoning_content"] is None


async def test_openrouter_gets_the_reasoning_budget() -> None:
    thinker = replace(TOY, reasoning=ReasoningProfile())
    async with house(models=(thinker,), dialects=("openrouter", "openai")) as one:
        reply = await one.chat(reasoning={"max_tokens": 100, "enabled": True})
        assert one.fake.asked[-1].body["reasoning"] == {"max_tokens": 100, "enabled": True}
        assert IGNORED not in reply.headers


@pytest.mark.parametrize("field", [{"max_tokens": 100}, {"enabled": True}])
async def test_to_a_model_that_does_not_think_it_means_nothing(able: House, field: Json) -> None:
    reply = await able.chat(reasoning=field)
    assert reply.headers[IGNORED] == f"reasoning.{next(iter(field))}"
