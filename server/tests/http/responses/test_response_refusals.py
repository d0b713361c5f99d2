"""What the Responses API of this server refuses, and what it takes and ignores, each by name."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from fondaco.domain.models.model import Capabilities
from house import TOY, House, house
from response_reader import PATH, Json, asked

AGE: Json = {"type": "function", "name": "age"}
SDK = {"user-agent": "OpenAI/Python 3.0", "x-stainless-lang": "python"}


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    one = replace(TOY, capabilities=Capabilities(function_calling=True))
    async with house(models=(one,)) as home:
        yield home


REFUSED: list[tuple[Json, str, str]] = [
    ({"store": True}, "store", "stored"),
    ({"previous_response_id": "resp_1"}, "previous_response_id", "stored"),
    ({"conversation": {"id": "conv_1"}}, "conversation", "stored"),
    ({"prompt": {"id": "pmpt_1"}}, "prompt", "stored"),
    ({"background": True}, "background", "stored"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input.0", "stored"),
    ({"input": [{"type": "computer_call", "id": "x"}]}, "input.0", "computer_call"),
    ({"input": [{"type": "unheard_of"}]}, "input.0", "type"),
    ({"input": []}, "input", "empty"),
    ({"input": 7}, "input", "text"),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        "input.0.content.0",
        "files",
    ),
    (
        {
            "input": [
                {"role": "user", "content": [{"type": "input_image", "file_id": "f"}]},
            ]
        },
        "input.0.content.0.image_url",
        "required",
    ),
    (
        {
            "input": [
                {
                    "type": "function_call_output",
                    "call_id": "c",
                    "output": [{"type": "input_image", "image_url": "data:x"}],
                }
            ]
        },
        "input.0.output.0",
        "text",
    ),
    (
        {
            "input": [
                {"role": "system", "content": [{"type": "input_image", "image_url": "data:x"}]}
            ]
        },
        "input.0.content.0.type",
        "system",
    ),
    ({"tools": [{"type": "file_search"}]}, "tools.0", "file_search"),
    ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools.0", "mcp"),
    ({"tools": [{"type": "function", "name": "a b"}]}, "tools.0.name", "pattern"),
    ({"tools": [AGE, AGE]}, "tools", "name of its own"),
    ({"tool_choice": {"type": "function", "name": "age"}}, "tool_choice", "Neither"),
    ({"tool_choice": {"type": "web_search_preview"}}, "tool_choice", "not in `tools`"),
    ({"tool_choice": {"type": "code_interpreter"}}, "tool_choice", "code_interpreter"),
    (
        {
            "tools": [AGE],
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "b"}],
            },
        },
        "tool_choice",
        "not in `tools`",
    ),
    (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": ""}]}]},
        "tools.0.tools.0.name",
        "empty",
    ),
    (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]},
        "tools.0.tools.0",
        "'function' or 'custom'",
    ),
    ({"tool_choice": {"type": "function", "name": 7}}, "tool_choice.name", "a string"),
    (
        {"text": {"format": {"type": "json_schema", "schema": 7}}},
        "text.format.schema",
        "an object",
    ),
    ({"text": {"format": {"type": "xml"}}}, "text.format", "'json_schema'"),
    ({"max_output_tokens": 0}, "max_output_tokens", "at least 1"),
    ({"top_logprobs": 21}, "top_logprobs", "at most 20"),
]


@pytest.mark.parametrize(("fields", "place", "why"), REFUSED, ids=lambda value: str(value)[:40])
async def test_what_cannot_be_had_is_refused_at_its_place_and_with_its_reason(
    able: House, fields: Json, place: str, why: str
) -> None:
    reply = await able.client.post("/api/v1/responses", json=asked(**fields))
    assert reply.status_code == 400, reply.text
    found: Json = reply.json()["details"]
    for step in place.split("."):
        found = found[step]
    assert why in " ".join(found["_errors"]), found
    assert not able.charges()


IGNORED: list[tuple[Json, str]] = [
    ({"truncation": "auto"}, "truncation"),
    ({"service_tier": "flex"}, "service_tier"),
    ({"include": ["file_search_call.results"]}, "include"),
    ({"tools": [AGE, {"type": "web_search", "external_web_access": False}]}, "tools.web_search"),
    ({"tools": [{**AGE, "defer_loading": True}]}, "tools.defer_loading"),
    ({"reasoning": {"context": "auto"}}, "reasoning.context"),
    ({"moderation": {"model": "x"}}, "moderation"),
]


@pytest.mark.parametrize(("fields", "name"), IGNORED)
async def test_what_has_no_effect_is_named(able: House, fields: Json, name: str) -> None:
    reply = await able.client.post(PATH, json=asked(**fields))
    assert reply.status_code == 200, reply.text
    assert name in reply.headers["x-fondaco-ignored-params"].split(", ")


TAKEN: list[Json] = [
    {"store": False},
    {"store": None, "previous_response_id": None, "background": False},
    {"truncation": "disabled", "service_tier": "auto", "max_tool_calls": 3},
    {"include": ["reasoning.encrypted_content"], "stream_options": None},
    {
        "input": [
            {"type": "web_search_call", "id": "ws_1", "action": {"type": "search"}},
            {"role": "user", "content": "Hi"},
        ]
    },
]


@pytest.mark.parametrize("fields", TAKEN)
async def test_what_is_taken_is_not_named(able: House, fields: Json) -> None:
    reply = await able.client.post(PATH, json=asked(**fields))
    assert reply.status_code == 200, reply.text
    assert "x-fondaco-ignored-params" not in reply.headers


async def test_store_is_taken_from_sdks_and_answered_false(able: House) -> None:
    reply = await able.client.post(PATH, json=asked(store=True), headers=SDK)
    assert reply.status_code == 200
    assert reply.json()["store"] is False
    assert reply.headers["x-fondaco-ignored-params"] == "store"


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/responses/resp_1"),
        ("DELETE", "/responses/resp_1"),
        ("POST", "/responses/resp_1/cancel"),
        ("GET", "/responses/resp_1/input_items"),
    ],
)
async def test_no_response_is_found_again(able: House, prefix: str, method: str, path: str) -> None:
    reply = await able.client.request(method, prefix + path)
    assert reply.status_code == 404
    assert "Nothing is stored here" in reply.text
