"""Chat templates: the variables that a caller's template is rendered with, named as in `transformers`."""

from collections.abc import Iterator

import orjson

from fondaco.domain.chat.message import Audio, Image, Message, Part, ToolUse, Video
from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.common.tools import tools

_KINDS = {Image: "image", Audio: "audio", Video: "video"}


def variables(
    request: ChatRequest, *, bos_token: str = "", eos_token: str = ""
) -> dict[str, object]:
    """Return the variables for a request's template; the caller's override all but the messages.

    Args:
        request: the chat request.
        bos_token: the model's beginning-of-sequence token; empty if unknown.
        eos_token: its end-of-sequence token; empty if unknown.
    """
    tool_options = request.options.tool_options
    return {
        # A JSON round trip, since schemas are stored as JSON text.
        "tools": orjson.loads(orjson.dumps(tools(tool_options)))
        if tool_options is not None
        else None,
        "documents": None,
        "add_generation_prompt": True,
        "bos_token": bos_token,
        "eos_token": eos_token,
        **request.options.template_variables,
        "messages": [dict(_message(message)) for message in request.messages],
    }


def _message(message: Message) -> Iterator[tuple[str, object]]:
    content = message.content
    yield "role", message.role.value
    yield "content", list(map(_part, content)) if isinstance(content, tuple) else content
    if message.name is not None:
        yield "name", message.name
    if message.tool_call_id is not None:
        yield "tool_call_id", message.tool_call_id
    if message.tool_calls:
        yield "tool_calls", list(map(_use, message.tool_calls))
    if (reasoning := message.readable_reasoning) is not None:
        yield "reasoning_content", reasoning


def _part(part: Part) -> dict[str, str]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": _KINDS[type(part)]}


def _use(use: ToolUse) -> dict[str, object]:
    """Return a call with its arguments parsed, as templates expect them."""
    try:
        arguments = orjson.loads(use.arguments)
    except orjson.JSONDecodeError:
        arguments = use.arguments  # invalid JSON from a model stays a string
    function = {"name": use.name, "arguments": arguments}
    return {"id": use.id, "type": "function", "function": function}
