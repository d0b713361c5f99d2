"""Conversations as the chat template of an embedded model gets them."""

from collections.abc import Iterator

import orjson

from fondaco.domain.chat import PLAIN, Message, Role, ToolUse, Turn
from fondaco.engines.llamacpp import tools as functions
from fondaco.upstream.dialects import EffortField
from fondaco.upstream.thinking import thinking_fields


def conversation(turn: Turn, *, tools: bool) -> bytes:
    """Return the body for `/apply-template`.

    Args:
        turn: what is asked.
        tools: whether the model's template knows functions and calls; else they become text, because
            the engine would drop them without a word.
    """
    body = {} if turn.wishes is PLAIN else thinking_fields(turn, EffortField.TEMPLATE)
    tooling = turn.wishes.tooling
    if tooling is not None and tooling.callable:
        if told := functions.instructions(tooling, shown=tools):
            turn = turn.told(told)
        if tools:
            body["tools"] = functions.signatures(tooling)
    body["messages"] = list(_messages(turn.messages, tools=tools))
    return orjson.dumps(body)


def _messages(messages: tuple[Message, ...], *, tools: bool) -> Iterator[dict[str, object]]:
    for message in messages:
        text = "\n".join(message.texts)
        if message.role is Role.TOOL and not tools:
            yield {"role": "user", "content": functions.result(text)}
            continue
        said: dict[str, object] = {"role": message.role.value, "content": text}
        if message.name is not None:
            said["name"] = message.name
        if (thought := message.thought) is not None:
            said["reasoning_content"] = thought
        if message.tool_call_id is not None:
            said["tool_call_id"] = message.tool_call_id
        if message.tool_calls and tools:
            said["tool_calls"] = [_use(use) for use in message.tool_calls]
        elif message.tool_calls:
            spelled = (functions.call(use.name, _arguments(use)) for use in message.tool_calls)
            said["content"] = "\n".join((text, *spelled) if text else spelled)
        yield said


def _use(use: ToolUse) -> dict[str, object]:
    spelled = orjson.dumps(_arguments(use)).decode()
    return {
        "id": use.id,
        "type": "function",
        "function": {"name": use.name, "arguments": spelled},
    }


def _arguments(use: ToolUse) -> object:
    """Return the arguments of a call; those that are no JSON, as a model wrote them, are a text."""
    try:
        return orjson.loads(use.arguments)
    except orjson.JSONDecodeError:
        return use.arguments
