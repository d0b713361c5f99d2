"""Requests of the shape that Claude Code 2.1 sends, and what engines get of them."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

Json = dict[str, Any]
EPHEMERAL: Json = {"type": "ephemeral"}
HEADERS = {
    "User-Agent": "claude-cli/2.1.197 (external, sdk-cli)",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,mid-conversation-system-2026-04-07,effort-2025-11-24",
    "anthropic-dangerous-direct-browser-access": "true",
    "x-app": "cli",
    "X-Claude-Code-Session-Id": "b5e0c6f2-7f0c-4c52-9a3c-4f0d9b7c1a11",
    "X-Stainless-Lang": "js",
    "X-Stainless-Package-Version": "0.94.0",
    "X-Stainless-Retry-Count": "0",
}
TOOLS: list[Json] = [
    {
        "name": name,
        "description": f"{name} does what its name says.",
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"file_path": {"type": "string", "description": "An absolute path"}},
            "required": ["file_path"],
            "additionalProperties": False,
        },
    }
    for name in ("Read", "Write", "Edit", *(f"mcp__files__{number}" for number in range(21)))
]
FIRST: Json = {
    "role": "user",
    "content": [
        {"type": "text", "text": "<system-reminder>\nToday is Monday.\n</system-reminder>"},
        {"type": "text", "text": "What is in notes.txt?", "cache_control": EPHEMERAL},
    ],
}
AGENTS: Json = {"role": "system", "content": "Agents that you may start: none."}
BODY: Json = {
    "model": "claude-opus-4-8",
    "messages": [FIRST, AGENTS],
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.1c0; cch=0;"},
        {"type": "text", "text": "You are an agent.", "cache_control": EPHEMERAL},
        {"type": "text", "text": "\nYou help with code.", "cache_control": EPHEMERAL},
    ],
    "tools": TOOLS,
    "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
    "max_tokens": 32_000,
    "thinking": {"type": "adaptive"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high"},
    "stream": True,
}
URL = "/v1/messages?beta=true"


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    models = (replace(TOY, capabilities=Capabilities(function_calling=True)),)
    aliases = {"claude-opus-4-8": "toy"}
    async with house(models=models, dialects=("vllm", "vllm"), aliases=aliases) as one:
        yield one


def chunk(reason: str | None = None, **delta: object) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


async def test_its_first_request_is_served(able: House) -> None:
    reply = await able.client.post(URL, json=BODY, headers=HEADERS)
    assert reply.status_code == 200, reply.text
    assert reply.text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert reply.headers["x-fondaco-ignored-params"].split(", ") == [
        "context_management",
        "messages.content.cache_control",
        "output_config.effort",
        "system.x_anthropic_billing_header",
        "thinking",
    ]
    asked = able.fake.asked[-1].body
    system, user, agents = asked["messages"]
    assert [part["text"] for part in system["content"]] == [
        "You are an agent.",
        "\nYou help with code.",
    ]
    assert [part["text"] for part in user["content"]] == [part["text"] for part in FIRST["content"]]
    assert agents == AGENTS
    assert [one["function"]["name"] for one in asked["tools"]] == [one["name"] for one in TOOLS]
    assert asked["max_completion_tokens"] < 4_096
    assert "metadata" not in asked


async def test_its_turns_with_tools_are_served(able: House) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/n"}}
    thought = {"type": "thinking", "thinking": "I have to read it.", "signature": ""}
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": "1\tPepper",
        "cache_control": EPHEMERAL,
    }
    later = {"type": "text", "text": "<system-reminder>\nBe brief.\n</system-reminder>"}
    turns = [
        FIRST,
        AGENTS,
        {"role": "assistant", "content": [thought, {"type": "text", "text": "I read."}, use]},
        {"role": "user", "content": [result, later]},
    ]
    able.fake.next(saying(chunk(content="Pepper."), chunk("stop")))
    reply = await able.client.post(URL, json={**BODY, "messages": turns}, headers=HEADERS)
    assert reply.status_code == 200, reply.text
    assert [one["role"] for one in able.fake.asked[-1].body["messages"]] == [
        *("system", "user", "system"),
        *("assistant", "tool", "user"),
    ]


async def test_its_count_of_tokens_is_served(able: House) -> None:
    body = {name: BODY[name] for name in ("model", "messages", "tools")}
    url = "/v1/messages/count_tokens?beta=true"
    reply = await able.client.post(url, json=body, headers=HEADERS)
    assert reply.json()["input_tokens"] > 10


async def test_its_compaction_begins_where_the_prompt_is_too_long(able: House) -> None:
    turns = [{"role": "user", "content": "word " * 5_000}]
    reply = await able.client.post(URL, json={**BODY, "messages": turns}, headers=HEADERS)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("prompt is too long: 50")
