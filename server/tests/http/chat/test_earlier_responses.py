"""Earlier answers as clients send them back: whatever else stands in them, they are accepted."""

from typing import Any

import pytest

from house import House

Json = dict[str, Any]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANSWERS: dict[str, Json] = {
    "openai-python, of thoughts alone": {
        "content": None,
        "refusal": None,
        "role": "assistant",
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": None,
        "reasoning_content": "Hm.",
    },
    "openai-python, of thoughts alone by the other name": {"content": None, "reasoning": "Hm."},
    "openai-python, of its content alone": {"content": None},
    "thoughts alone, without a content": {"reasoning_content": "Hm."},
    "an empty text": {"content": "", "reasoning_content": "Hm."},
    "no parts": {"content": [], "tool_calls": []},
    "details alone": {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
    "langchain": {"content": "Yes", "tool_calls": [], "refusal": None},
    "litellm": {
        "content": None,
        "tool_calls": [CALL],
        "function_call": None,
        "provider_specific_fields": {"refusal": None},
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
    },
    "pydantic-ai": {"content": None, "tool_calls": [CALL]},
    "AI SDK": {"content": "", "tool_calls": [CALL]},
    "a whole message of ours": {
        "content": "Yes",
        "reasoning_content": None,
        "tool_calls": [],
        "annotations": [],
        "audio": None,
    },
    "a refusal": {"content": None, "refusal": "No."},
    "null details": {"content": "Yes", "reasoning_details": None, "thinking_blocks": None},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_taken_back(shared: House, answer: Json) -> None:
    conversation = [
        {"role": "user", "content": "Hi"},
        {**answer, "role": "assistant"},
        {"role": "user", "content": "And?"},
    ]
    reply = await shared.chat(messages=conversation)
    assert reply.status_code == 200, reply.text
    assert "x-fondaco-ignored-params" not in reply.headers
    got = shared.fake.asked[-1].body["messages"][1]
    assert got["content"] is not None or got["tool_calls"], "engines take no answer of nothing"


async def test_an_answer_that_has_nothing_at_all_is_refused(shared: House) -> None:
    reply = await shared.chat(messages=[{"role": "assistant"}])
    assert reply.status_code == 400
    assert "either content or tool_calls" in reply.text
