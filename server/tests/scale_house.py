"""A house for Scale's endpoint, and how tests ask it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2

from house import TOY, House, chat_body, house

CHAT = "/v4/beta/chat/completions"
Json = dict[str, Any]


@asynccontextmanager
async def scale_house() -> AsyncGenerator[House]:
    """Run a house whose first engine is a vLLM, and whose second one takes little."""
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
