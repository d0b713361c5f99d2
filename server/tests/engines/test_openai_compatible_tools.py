"""How engines of each dialect are offered functions, and what their prompts count then."""

import json

import pytest

from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import NamedTool, Tool, ToolChoice, ToolOptions
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.engines.openai.request.body import chat_body

SCHEMA = '{"type":"object","properties":{"a":{"type":"integer"}}}'
TOOLS = (Tool("add", "Adds.", SCHEMA, strict=True), Tool("roll"))


def request(choice: ToolChoice = "auto", *, parallel: bool = True) -> ChatRequest:
    messages = (Message(Role.USER, "Add!"),)
    tool_options = ToolOptions(TOOLS, choice, parallel)
    return ChatRequest("counter", messages, 9, options=ChatOptions(tool_options=tool_options))


def body(dialect: str, asked: ChatRequest) -> dict[str, object]:
    sent = chat_body(asked, "toy", DIALECTS[dialect], engine="faker", stream=False)
    made: dict[str, object] = json.loads(sent)
    return made


@pytest.mark.parametrize("dialect", DIALECTS)
def test_functions_are_offered_in_openais_form(dialect: str) -> None:
    sent = body(dialect, request())
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "Adds.",
                "parameters": json.loads(SCHEMA),
                "strict": True,
            },
        },
        {
            "type": "function",
            "function": {"name": "roll", "parameters": {"type": "object", "properties": {}}},
        },
    ]
    assert "tool_choice" not in sent
    assert "parallel_tool_calls" not in sent


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "required"),
        ("none", "none"),
        (NamedTool("add"), {"type": "function", "function": {"name": "add"}}),
    ],
)
def test_a_choice_is_passed_on(choice: ToolChoice, expected: object) -> None:
    assert body("openai", request(choice))["tool_choice"] == expected


def test_one_call_only_is_asked_for_where_the_dialect_has_a_field_for_it() -> None:
    assert body("vllm", request(parallel=False))["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in body("ollama", request(parallel=False))


def test_an_engine_that_takes_no_choice_is_offered_nothing_that_may_not_be_called() -> None:
    assert "tools" not in body("ollama", request("none"))


@pytest.mark.parametrize("choice", ["required", NamedTool("add")])
def test_an_engine_that_takes_no_choice_leaves_calls_that_must_be_made_to_others(
    choice: ToolChoice,
) -> None:
    with pytest.raises(FieldNotTakenError, match="tool_choice"):
        body("ollama", request(choice))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_functions_are_part_of_the_measured_prompt(dialect: str) -> None:
    async with FakeUpstream(dialect=dialect) as fake:
        upstream = connect(fake.base_url)
        engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, dialect=dialect)
        measured = await engine.measure(request())
        bare = await engine.measure(ChatRequest("counter", request().messages, 9))
        await upstream.aclose()
    if measured.exact:
        assert fake.counted[0].body["tools"]
    else:
        assert measured.input_tokens > bare.input_tokens + len(SCHEMA)
