"""Chunks of a wrong shape are the engine's failure; a slip of ours while one is read is not."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from fondaco.domain.chat.events import EventBatch, Opaque
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.errors import EngineError, FondacoError
from fondaco.domain.money.usage import Report
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.reply.prompt_echo import split_echo
from fondaco.engines.openai.reply.reader import ReplyReader

DETAIL = {"type": "reasoning.text", "text": "Hm.", "signature": "x"}
CALL = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "get", "arguments": '{"a":1}'},
    "extra_content": {"google": {"thought_signature": "s"}},
}
MESSAGE = {
    "role": "assistant",
    "content": [{"type": "text", "text": "A"}, {"type": "refusal", "refusal": "No."}],
    "reasoning_content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}],
    "refusal": "No.",
    "reasoning_details": [DETAIL],
    "tool_calls": [CALL],
}
TOKEN = {
    "token": "A",
    "logprob": -0.5,
    "bytes": [65],
    "top_logprobs": [{"token": "A", "logprob": -0.5, "bytes": [65]}],
}
CHOICE = {
    "index": 0,
    "delta": MESSAGE,
    "logprobs": {"content": [TOKEN]},
    "finish_reason": "stop",
    "stop_reason": "END",
}
USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 9,
    "completion_tokens_details": {"reasoning_tokens": 1},
}
ERROR = {
    "message": [{"msg": "bad", "loc": ["body", 0]}],
    "code": 400,
    "type": "invalid_request_error",
    "metadata": {"raw": '{"error":{"message":"bad"}}'},
}
OLDER = {"tokens": ["A"], "token_logprobs": [-1], "top_logprobs": [{"A": -1}]}
ECHO = {
    "tokens": ["<s>", "A", " la", "mp"],
    "token_logprobs": [None, -1, -1, -1],
    "top_logprobs": [None, {"A": -1}, {" la": -1}, {"mp": -1}],
    "text_offset": [0, 0, 1, 4],
}
CHUNKS = {
    "chat": {"choices": [CHOICE], "usage": USAGE},
    "whole": {"choices": [{**CHOICE, "delta": None, "message": MESSAGE}]},
    "function_call": {"choices": [{"index": 0, "delta": {"function_call": CALL["function"]}}]},
    "completion": {"choices": [{"index": 0, "text": "A", "logprobs": OLDER}]},
    "error": {"error": ERROR},
}
DEEP: object = 1
for _ in range(300):
    DEEP = [DEEP]
DEEPER = f"{'[' * 980}1{']' * 980}"
ODD = [
    *("null", "true", "0", "7", "-1", "0.5", "1e400", "NaN", "9" * 400, '""', '"x"', '"\\ud83d"'),
    *("[]", "[null]", "[7]", '["x"]', "[[]]", '[["extra_content"]]', "[{}]", "[[{}]]"),
    *("{}", '{"x":1}', '{"type":[]}', '{"type":{}}', '[{"type":[]}]', '[{"type":{}}]'),
    *('{"function":7}', '[{"function":7}]', '[{"function":{"name":[]}}]', '{"name":{}}'),
    *(json.dumps(DEEP), f'{{"a":{json.dumps(DEEP)}}}', DEEPER, f'{{"a":{DEEPER}}}', f"[{DEEPER}]"),
]
MARK = "@odd@"


def _paths(value: object) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each value in a JSON value."""
    yield ()
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, part in value.items():
            yield from ((key, *path) for path in _paths(part))


def _with(value: object, path: Sequence[str | int], odd: str) -> bytes:
    """Return a chunk as JSON, with an odd value at a path."""
    if not path:
        return odd.encode()
    root = copy.deepcopy(value)
    at = root
    for step in path[:-1]:
        at = at[step]  # type: ignore[index]
    at[path[-1]] = MARK  # type: ignore[index]
    return json.dumps(root).replace(f'"{MARK}"', odd).encode()


def _request(*, stream: bool) -> ChatRequest:
    tools = ToolOptions((Tool("get"), Tool("get_weather")))
    return ChatRequest(
        "m", (), 9, stream=stream, top_logprobs=1, options=ChatOptions(tool_options=tools)
    )


def _read(reader: ReplyReader, payload: bytes) -> EventBatch:
    batch = reader.read([payload]) + reader.read_last([], done=True)
    reader.check()
    return batch


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", CHUNKS)
def test_any_value_at_any_place_ends_well_or_as_an_error_of_the_engine(
    name: str, *, stream: bool
) -> None:
    for path in _paths(CHUNKS[name]):
        for odd in ODD:
            reader = ReplyReader(_request(stream=stream), DIALECTS["vllm"])
            try:
                _read(reader, _with(CHUNKS[name], path, odd))
            except FondacoError:
                continue
            except Exception as error:
                error.add_note(f"{path}: {odd[:40]}")
                raise


def test_any_value_at_any_place_of_an_echo_ends_well_or_as_an_error_of_the_engine() -> None:
    reply = {"choices": [{"index": 0, "text": "A lamp", "logprobs": ECHO}], "usage": USAGE}
    assert split_echo(json.dumps(reply).encode(), "A", 1, 1)
    for path in _paths(reply):
        for odd in ODD:
            with suppress(EngineError):
                echoes, rest = split_echo(_with(reply, path, odd), "B", 1, 1)
                assert len(echoes) == 1
                assert json.loads(rest)


@pytest.mark.parametrize("slip", [AttributeError, TypeError, KeyError, ValueError])
def test_a_bug_of_ours_is_not_reported_as_a_bad_reply(slip: type[Exception]) -> None:
    class Slipping(ReplyReader):
        def _count(self, usage: Report) -> None:
            raise slip

    chunk = {"choices": [{"index": 0, "delta": {"content": "A"}}], "usage": USAGE}
    with pytest.raises(slip):
        _read(Slipping(_request(stream=True), DIALECTS["vllm"]), json.dumps(chunk).encode())


def test_opaque_fields_that_are_no_unicode_are_left_out() -> None:
    payload = (
        b'{"choices":[{"index":0,"delta":{"content":"A","reasoning_details":["\\ud83d"],'
        b'"images":[1]},"finish_reason":"stop"}]}'
    )
    batch = _read(ReplyReader(_request(stream=True), DIALECTS["vllm"]), payload)
    assert [event.fields for event in batch if isinstance(event, Opaque)] == [{"images": "[1]"}]
