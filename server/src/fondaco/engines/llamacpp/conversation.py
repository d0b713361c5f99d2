"""Conversations as input of an embedded model's chat template."""

from collections.abc import Iterator

import orjson

from fondaco.domain.chat.message import PREFIX, Message, Role, ToolUse
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.engines.common.dialects import EffortField
from fondaco.engines.common.reasoning import reasoning_fields
from fondaco.engines.llamacpp import tools as functions


def conversation(request: ChatRequest, *, tools: bool) -> bytes:
    """Return the body for `/apply-template`.

    Args:
        request: the chat request.
        tools: whether the model's template knows functions and calls; else they become text, because
            the engine would silently drop them.
    """
    body = {} if request.options is NO_OPTIONS else reasoning_fields(request, EffortField.TEMPLATE)
    tool_options = request.options.tool_options
    if tool_options is not None and tool_options.callable:
        if instructions := functions.instructions(tool_options, shown=tools):
            request = request.with_instructions(instructions)
        if tools:
            body["tools"] = functions.signatures(tool_options)
    messages = request.messages[:-1] if continued(request) else request.messages
    body["messages"] = list(_messages(messages, tools=tools))
    return orjson.dumps(body)


def continued(request: ChatRequest) -> str:
    """Return the text that the output goes on with; empty: it starts again.

    It follows the rendered prompt, as no template has a place for half an answer.
    """
    options, (*others, last) = request.options, request.messages
    if options.hints.get(PREFIX) is not True or options.template is not None:
        return ""
    continues = bool(others) and last.role is Role.ASSISTANT and not last.tool_calls
    return "\n".join(last.texts) if continues else ""


def _messages(messages: tuple[Message, ...], *, tools: bool) -> Iterator[dict[str, object]]:
    for message in messages:
        text = "\n".join(message.texts)
        if message.role is Role.TOOL and not tools:
            yield {"role": "user", "content": functions.result(text)}
            continue
        fields: dict[str, object] = {"role": message.role.value, "content": text}
        if message.name is not None:
            fields["name"] = message.name
        if (reasoning := message.readable_reasoning) is not None:
            fields["reasoning_content"] = reasoning
        if message.tool_call_id is not None:
            fields["tool_call_id"] = message.tool_call_id
        if message.tool_calls and tools:
            fields["tool_calls"] = [_use(use) for use in message.tool_calls]
        elif message.tool_calls:
            calls = (functions.call(use.name, _arguments(use)) for use in message.tool_calls)
            fields["content"] = "\n".join((text, *calls) if text else calls)
        yield fields


def _use(use: ToolUse) -> dict[str, object]:
    arguments = orjson.dumps(_arguments(use)).decode()
    return {
        "id": use.id,
        "type": "function",
        "function": {"name": use.name, "arguments": arguments},
    }


def _arguments(use: ToolUse) -> object:
    """Return the arguments of a call, parsed; invalid JSON from a model stays text."""
    try:
        return orjson.loads(use.arguments)
    except orjson.JSONDecodeError:
        return use.arguments
