"""One and the same turn in every dialect: how it is asked for, and how its responses are read.

A dialect joins with a line in `DIALECTS`. The readers know nothing of how the server writes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import response_reader
from fake_upstream import Script
from house import House

Json = dict[str, Any]
Ended = Literal["stop", "length", "calls"]


@dataclass(frozen=True)
class Turn:
    """A conversation, and what is asked of the model."""

    turns: tuple[str, ...]
    """Of the user and the model, in turns; the first is the user's."""
    system: str | None = None
    past: tuple[str, str] | None = None
    """The arguments and the output of a call that the model made after the first turn."""
    functions: Sequence[Json] = ()
    """Functions that the model may call, as `name` and `parameters`."""
    max_tokens: int = 4_000
    temperature: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a caller gets of a turn."""

    text: str
    thought: str
    calls: tuple[tuple[str, str, Json], ...]
    """Id, name and arguments of each tool call."""
    ended: Ended
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int


def any_turn(_: Turn) -> bool:
    """Whether a dialect can say it: those of chats can say all."""
    return True


@dataclass(frozen=True)
class Dialect:
    """How a turn is asked for, and how its responses are read."""

    path: str
    ask: Callable[[Turn], Json]
    read: Callable[[Json], Outcome]
    read_stream: Callable[[str], Outcome]
    can_say: Callable[[Turn], bool] = any_turn


async def outcome(
    one: House, dialect: Dialect, turn: Turn, script: Script, *, stream: bool
) -> Outcome:
    """Return what comes of a turn that an engine answers by a script."""
    one.fake.always(script)
    one.fake.complete_next.clear()  # what a chat's turn did not need
    one.fake.complete_next.append(script)
    body = {**dialect.ask(turn), "stream": stream}
    if not stream:
        body.pop("stream_options", None)
    reply = await one.client.post(dialect.path, json=body)
    assert reply.status_code == 200, reply.text
    return dialect.read_stream(reply.text) if stream else dialect.read(reply.json())


def events_of(text: str) -> list[Json]:
    """Return the events of a stream."""
    lines = [line for line in text.split("\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


_REASONS: Mapping[str, Ended] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "calls",
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "calls",
}


def _ask_chat(turn: Turn) -> Json:
    system = [] if turn.system is None else [{"role": "system", "content": turn.system}]
    past: list[Json] = []
    if turn.past is not None:
        function = {"name": "f", "arguments": turn.past[0]}
        call = {"id": "past", "type": "function", "function": function}
        past = [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "past", "content": turn.past[1]},
        ]
    first, *others = _messages(turn)
    return {
        **_settings(turn),
        "messages": [*system, first, *past, *others],
        "max_tokens": turn.max_tokens,
        "stream_options": {"include_usage": True},
        **_offered(turn, lambda one: {"type": "function", "function": one}),
    }


def _read_chat(body: Json) -> Outcome:
    choice, usage = body["choices"][0], body["usage"]
    message = choice["message"]
    calls = [
        (one["id"], one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in message["tool_calls"]
    ]
    return Outcome(
        message["content"] or "",
        message["reasoning_content"] or "",
        tuple(calls),
        _REASONS[choice["finish_reason"]],
        usage["prompt_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
        usage["completion_tokens"],
    )


def _read_chat_stream(text: str) -> Outcome:
    assert text.endswith("data: [DONE]\n\n")
    events = events_of(text)
    choices = [choice for event in events for choice in event["choices"]]
    calls: list[Json] = []
    for choice in choices:
        for piece in choice["delta"].get("tool_calls", ()):
            if "id" in piece:
                calls.append(piece)
            else:
                calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
    message = {
        **{
            name: "".join(choice["delta"].get(name) or "" for choice in choices)
            for name in ("content", "reasoning_content")
        },
        "tool_calls": calls,
    }
    last = {"message": message, "finish_reason": choices[-1]["finish_reason"]}
    return _read_chat({"choices": [last], "usage": events[-1]["usage"]})


def _is_raw(turn: Turn) -> bool:
    """Whether a turn is nothing but one text."""
    return len(turn.turns) == 1 and not (turn.system or turn.past or turn.functions)


def _ask_completion(turn: Turn) -> Json:
    asked = {"prompt": turn.turns[0], "max_tokens": turn.max_tokens}
    return {**_settings(turn), **asked, "stream_options": {"include_usage": True}}


def _read_completion(body: Json) -> Outcome:
    choice, usage = body["choices"][0], body["usage"]
    return Outcome(
        choice["text"],
        "",
        (),
        _REASONS[choice["finish_reason"]],
        usage["prompt_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
        usage["completion_tokens"],
    )


def _read_completion_stream(text: str) -> Outcome:
    assert text.endswith("data: [DONE]\n\n")
    events = events_of(text)
    choices = [choice for event in events for choice in event["choices"]]
    said = "".join(choice["text"] for choice in choices)
    last = {"text": said, "finish_reason": choices[-1]["finish_reason"]}
    return _read_completion({"choices": [last], "usage": events[-1]["usage"]})


def _ask_response(turn: Turn) -> Json:
    past: list[Json] = []
    if turn.past is not None:
        arguments, output = turn.past
        past = [
            {"type": "function_call", "call_id": "past", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "past", "output": output},
        ]
    first, *others = _messages(turn)
    return {
        **_settings(turn),
        **({} if turn.system is None else {"instructions": turn.system}),
        "input": [first, *past, *others],
        "max_output_tokens": turn.max_tokens,
        **_offered(turn, lambda one: {"type": "function", **one}),
    }


def _read_response(body: Json) -> Outcome:
    usage = body["usage"]
    found: dict[str, list[Json]] = {"message": [], "function_call": [], "reasoning": []}
    for item in body["output"]:
        found[item["type"]].append(item)
    calls = [
        (one["call_id"], one["name"], json.loads(one["arguments"]))
        for one in found["function_call"]
    ]
    said, thought = (
        "".join(part["text"] for one in found[kind] for part in one["content"])
        for kind in ("message", "reasoning")
    )
    cut = body["status"] == "incomplete"
    assert not cut or body["incomplete_details"] == {"reason": "max_output_tokens"}
    return Outcome(
        said,
        thought,
        tuple(calls),
        "length" if cut else "calls" if calls else "stop",
        usage["input_tokens"],
        usage["input_tokens_details"]["cached_tokens"],
        usage["output_tokens"],
    )


def _read_response_stream(text: str) -> Outcome:
    return _read_response(response_reader.folded(response_reader.read(text)))


def _ask_message(turn: Turn) -> Json:
    past: list[Json] = []
    if turn.past is not None:
        arguments, output = turn.past
        use = {"type": "tool_use", "id": "past", "name": "f", "input": json.loads(arguments)}
        result = {"type": "tool_result", "tool_use_id": "past", "content": output}
        past = [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
    first, *others = _messages(turn)
    return {
        **_settings(turn),
        **({} if turn.system is None else {"system": turn.system}),
        "messages": [first, *past, *others],
        "max_tokens": turn.max_tokens,
        **_offered(turn, lambda one: {"name": one["name"], "input_schema": one["parameters"]}),
    }


def _read_message(body: Json) -> Outcome:
    usage, blocks = body["usage"], body["content"]
    cached = usage["cache_read_input_tokens"]
    calls = [(one["id"], one["name"], one["input"]) for one in blocks if one["type"] == "tool_use"]
    return Outcome(
        "".join(one["text"] for one in blocks if one["type"] == "text"),
        "".join(one["thinking"] for one in blocks if one["type"] == "thinking"),
        tuple(calls),
        _REASONS[body["stop_reason"]],
        usage["input_tokens"] + cached,
        cached,
        usage["output_tokens"],
    )


def _read_message_stream(text: str) -> Outcome:
    blocks: list[Json] = []
    events = events_of(text)
    for event in events:
        match event:
            case {"type": "content_block_start", "content_block": block}:
                blocks.append({**block, "said": ""})
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                (piece,) = (v for name, v in delta.items() if name != "type")
                if delta["type"] != "signature_delta":
                    blocks[index]["said"] += piece
            case {"type": "content_block_stop", "index": index}:
                said, kind = blocks[index]["said"], str(blocks[index]["type"])
                field = {"tool_use": "input"}.get(kind, kind)
                blocks[index][field] = json.loads(said) if kind == "tool_use" else said
            case _:
                pass
    assert events[-1]["type"] == "message_stop"
    (last,) = (event for event in events if event["type"] == "message_delta")
    return _read_message({"content": blocks, "usage": last["usage"], **last["delta"]})


def _settings(turn: Turn) -> Json:
    return {"model": "toy", "temperature": turn.temperature}


def _messages(turn: Turn) -> list[Json]:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": said} for n, said in enumerate(turn.turns)]


def _offered(turn: Turn, worded: Callable[[Json], Json]) -> Json:
    return {"tools": [worded(one) for one in turn.functions]} if turn.functions else {}


DIALECTS: Mapping[str, Dialect] = {
    "chat": Dialect("/api/v1/chat/completions", _ask_chat, _read_chat, _read_chat_stream),
    "completions": Dialect(
        "/v1/completions", _ask_completion, _read_completion, _read_completion_stream, _is_raw
    ),
    "responses": Dialect("/v1/responses", _ask_response, _read_response, _read_response_stream),
    "messages": Dialect("/v1/messages", _ask_message, _read_message, _read_message_stream),
}
