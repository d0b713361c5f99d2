"""A scripted model for clients that use functions: it calls the first function, then answers from the result."""

import json
from dataclasses import replace
from typing import Any

from fake_upstream import Asked, Wire, saying, speak
from fondaco.domain.models.model import Capabilities
from house import TOY

SCRIPTED = replace(TOY, capabilities=Capabilities(function_calling=True, response_schema=True))
"""The catalogue's model for it."""

CITY = "Oslo"
"""The argument of every call, and the city of every object."""
PROMPT_TOKENS = 11
OUTPUT_TOKENS = 5


async def weather_model(wire: Wire, asked: Asked) -> bool:
    """Answer as a model that calls functions and keeps to schemas; else as the toy model does."""
    last = asked.body["messages"][-1]
    if last["role"] == "tool":
        return await _streamed(wire, asked, *_text(f"In {CITY}: {last['content']}"))
    if tools := asked.body.get("tools"):
        return await _streamed(wire, asked, *_call(tools[0]["function"]["name"]))
    if "response_format" in asked.body:
        return await _streamed(wire, asked, *_text(json.dumps({"city": CITY, "degrees": 7})))
    return await speak(wire, asked)


async def _streamed(wire: Wire, asked: Asked, *deltas: dict[str, Any]) -> bool:
    reason = "tool_calls" if any("tool_calls" in delta for delta in deltas) else "stop"
    last: dict[str, Any] = {"delta": {}, "finish_reason": reason}
    choices = [*({"delta": delta} for delta in deltas), last]
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": OUTPUT_TOKENS}
    chunks = [{"choices": [{"index": 0, **choice}]} for choice in choices]
    return await saying(*chunks, {"choices": [], "usage": usage})(wire, asked)


def _text(text: str) -> list[dict[str, Any]]:
    """Return a text in two pieces."""
    return [{"content": text[:4]}, {"content": text[4:]}]


def _call(name: str) -> list[dict[str, Any]]:
    """Return a call whose arguments are cut in two."""
    arguments = json.dumps({"city": CITY})
    head: dict[str, Any] = {"id": "call_1", "function": {"name": name, "arguments": ""}}
    pieces = [head, *({"function": {"arguments": one}} for one in (arguments[:6], arguments[6:]))]
    return [{"tool_calls": [{"index": 0, **piece}]} for piece in pieces]
