"""Functions for the embedded models: SmolLM2 keeps to their form, Qwen picks the right one."""

import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio
import llguidance
import orjson
import pytest
from jsonschema_rs import is_valid

from fondaco.domain.chat.events import Finish, Text, ToolPart, UsageReported
from fondaco.domain.chat.message import Message, Role, ToolUse
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.chat.tools import NamedTool, Tool, ToolChoice, ToolOptions
from fondaco.domain.money.usage import Usage
from fondaco.domain.output_format.output_format import JsonSchema
from fondaco.engines.llamacpp.conversation import conversation
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.tools import grammar_of

Schema = dict[str, object]


def schema_of(*required: str, **properties: object) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT: Schema = {"type": "string"}
UNITS: Schema = {"type": "string", "enum": ["celsius", "fahrenheit"]}
SCHEMAS: Mapping[str, Schema] = {
    "get_weather": schema_of("city", city=TEXT, unit=UNITS),
    "calculate": schema_of("expression", expression=TEXT),
    "send_email": schema_of("to", "subject", to=TEXT, subject=TEXT),
    "web_search": schema_of("query", query=TEXT),
}
TOLD = {
    "get_weather": "Current weather of a city",
    "calculate": "Value of an arithmetic expression",
    "send_email": "Send an e-mail",
    "web_search": "Search the web",
}
TOOLS = tuple(Tool(name, TOLD[name], json.dumps(schema)) for name, schema in SCHEMAS.items())


@dataclass
class Answer:
    """An answer, folded."""

    text: str = ""
    calls: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    usage: Usage | None = None
    tokens: int = 0

    @property
    def made(self) -> list[tuple[str, object]]:
        return [(name, json.loads(arguments)) for name, arguments in self.calls.values()]


def asking(question: str, tool_options: ToolOptions, **changes: object) -> ChatRequest:
    request = ChatRequest(
        "m",
        (Message(Role.USER, question),),
        max_output_tokens=80,
        sampling=Sampling(temperature=0.0, seed=7),
        stream=True,
        cache_scope="tests",
        options=ChatOptions(tool_options=tool_options),
    )
    return replace(request, **changes)  # type: ignore[arg-type]  # each test names real fields


async def answer(engine: LlamaCpp, request: ChatRequest) -> Answer:
    told = Answer()
    with anyio.fail_after(240):
        async with aclosing(engine.chat(request, await engine.measure(request))) as batches:
            async for event in (event async for batch in batches for event in batch):
                match event:
                    case Text():
                        told.text += event.text
                        told.tokens += event.tokens
                    case ToolPart():
                        call = told.calls.setdefault((event.choice, event.index), [event.name, ""])
                        call[1] += event.arguments
                        told.tokens += event.tokens
                    case Finish():
                        told.reasons[event.choice] = event.reason
                    case UsageReported():
                        told.usage = event.report.completed(Usage())
    return told


@pytest.mark.slow  # half a billion parameters on one thread
@pytest.mark.parametrize(
    ("question", "function", "argument", "value"),
    [
        ("What is the weather in Oslo right now?", "get_weather", "city", "Oslo"),
        ("What is 12.5 * (7 + 3)?", "calculate", "expression", "12.5 * (7 + 3)"),
        pytest.param(
            *("Write an e-mail to anna@example.org: we meet on Friday.", "send_email"),
            *("to", "anna@"),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("Search the web for news about fusion energy.", "web_search"),
            *("query", "fusion energy"),
            marks=pytest.mark.long,
        ),
    ],
)
async def test_the_larger_model_calls_the_right_function_with_the_right_arguments(
    qwen: LlamaCpp, question: str, function: str, argument: str, value: str
) -> None:
    told = await answer(qwen, asking(question, ToolOptions(TOOLS)))
    ((name, arguments),) = told.made
    assert name == function
    assert isinstance(arguments, dict)
    assert value in arguments[argument]
    assert (told.text, told.reasons) == ("", {0: "tool_calls"})


@pytest.mark.slow  # half a billion parameters on one thread
@pytest.mark.parametrize("question", ["What is the capital of France?", "Hello! Who are you?"])
async def test_the_larger_model_answers_in_words_where_no_function_is_needed(
    qwen: LlamaCpp, question: str
) -> None:
    told = await answer(qwen, asking(question, ToolOptions(TOOLS), max_output_tokens=16))
    assert told.text
    assert told.calls == {}


@pytest.mark.slow  # half a billion parameters on one thread
async def test_the_larger_model_answers_from_the_result_of_its_call(qwen: LlamaCpp) -> None:
    use = ToolUse("c1", "get_weather", '{"city": "Oslo"}')
    messages = (
        Message(Role.USER, "What is the weather in Oslo right now?"),
        Message(Role.ASSISTANT, None, tool_calls=(use,)),
        Message(Role.TOOL, '{"sky": "rain", "celsius": 7}', tool_call_id="c1"),
    )
    told = await answer(qwen, asking("", ToolOptions(TOOLS), messages=messages))
    assert "7" in told.text
    assert told.reasons == {0: "stop"}


SHORT: Schema = {"type": "string", "maxLength": 6}
NESTED: Schema = {
    "type": "object",
    "properties": {
        "to": {"$ref": "#/$defs/Person"},
        "tags": {"type": "array", "items": UNITS, "maxItems": 2},
    },
    "required": ["to", "tags"],
    "$defs": {"Person": schema_of("name", "age", name=SHORT, age={"enum": [7, 70]})},
}


@pytest.mark.parametrize(
    ("schema", "temperature"),
    [
        ({}, 0.0),
        (schema_of(), 1.5),
        (NESTED, 0.0),
        (schema_of("n", n=SHORT), 1.5),
        pytest.param({}, 1.5, marks=pytest.mark.long),
        pytest.param(schema_of(), 0.0, marks=pytest.mark.long),
        pytest.param(NESTED, 1.5, marks=pytest.mark.long),
        pytest.param(schema_of("n", n=SHORT), 0.0, marks=pytest.mark.long),
    ],
)
async def test_arguments_fit_the_functions_schema(
    engine: LlamaCpp, schema: Schema, temperature: float
) -> None:
    tool_options = ToolOptions((Tool("note", None, json.dumps(schema)),), NamedTool("note"))
    sampling = Sampling(temperature=temperature, seed=3)
    request = asking("Note it.", tool_options, sampling=sampling, max_output_tokens=200)
    told = await answer(engine, request)
    assert told.reasons == {0: "tool_calls"}
    ((name, arguments),) = told.made
    assert name == "note"
    assert is_valid(schema, arguments)


async def test_a_function_without_parameters_takes_an_empty_object(engine: LlamaCpp) -> None:
    told = await answer(
        engine, asking("Roll!", ToolOptions((Tool("roll"),), "required", parallel=False))
    )
    assert told.made == [("roll", {})]


async def test_what_is_required_is_called_however_unlikely(engine: LlamaCpp) -> None:
    told = await answer(
        engine,
        asking(
            "Say nothing.",
            ToolOptions(TOOLS[:2], "required", parallel=False),
            max_output_tokens=200,
        ),
    )
    ((name, arguments),) = told.made
    assert is_valid(SCHEMAS[name], arguments)
    assert told.text == ""


async def test_several_calls_end_by_themselves(engine: LlamaCpp) -> None:
    roll = ToolOptions((Tool("roll", "Roll a die"),), "required")
    told = await answer(engine, asking("Roll, and roll, and roll!", roll, max_output_tokens=400))
    assert told.reasons == {0: "tool_calls"}
    assert 1 <= len(told.calls) <= 8
    assert {arguments for _, arguments in told.calls.values()} == {"{}"}


async def test_each_choice_makes_calls_of_its_own(engine: LlamaCpp) -> None:
    roll = ToolOptions((Tool("roll", "Roll a die"),), NamedTool("roll"))
    told = await answer(engine, asking("Roll!", roll, choices=2))
    assert set(told.calls) == {(0, 0), (1, 0)}
    assert told.reasons == {0: "tool_calls", 1: "tool_calls"}


async def test_pieces_of_calls_stand_for_no_more_tokens_than_are_counted(engine: LlamaCpp) -> None:
    told = await answer(engine, asking("Roll!", ToolOptions((Tool("roll"),), NamedTool("roll"))))
    assert told.usage is not None
    assert 0 < told.tokens <= told.usage.output_tokens


async def test_with_tool_choice_none_the_prompt_has_no_functions(engine: LlamaCpp) -> None:
    none = asking("Hi", ToolOptions(TOOLS, "none"), max_output_tokens=4)
    bare = replace(none, options=ChatOptions())
    assert await engine.measure(none) == await engine.measure(bare)
    assert (await answer(engine, none)).text == (await answer(engine, bare)).text


async def test_a_form_holds_for_what_is_said_in_place_of_a_call(engine: LlamaCpp) -> None:
    output_format = JsonSchema(json.dumps(schema_of("sky", sky={"enum": ["clear"]})))
    request = asking("How is the sky?", ToolOptions((Tool("roll"),)))
    told = await answer(
        engine, replace(request, options=replace(request.options, output_format=output_format))
    )
    assert told.made or json.loads(told.text) == {"sky": "clear"}


async def test_words_keep_their_log_probabilities(engine: LlamaCpp) -> None:
    request = asking("Hi", ToolOptions((Tool("roll"),)), top_logprobs=1, max_output_tokens=4)
    async with aclosing(engine.chat(request, await engine.measure(request))) as batches:
        texts = [e async for batch in batches for e in batch if isinstance(e, Text)]
    assert texts
    assert all(len(text.logprobs or ()) == text.tokens for text in texts)


@pytest.mark.parametrize("choice", ["auto", "required", NamedTool("calculate")])
@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("output_format", [None, JsonSchema('{"type":"object"}')])
@pytest.mark.parametrize("last", [Role.USER, Role.TOOL])
def test_a_model_is_held_to_a_grammar_that_can_be_compiled(
    choice: ToolChoice, *, parallel: bool, output_format: JsonSchema | None, last: Role
) -> None:
    options = ChatOptions(
        tool_options=ToolOptions(TOOLS, choice, parallel), output_format=output_format
    )
    request = ChatRequest("m", (Message(last, "Hi", tool_call_id="c1"),), 9, options=options)
    grammar = grammar_of(request)
    assert grammar is not None
    assert llguidance.LLMatcher.validate_grammar(grammar) == ""


def test_a_model_that_may_call_nothing_is_held_to_nothing() -> None:
    assert grammar_of(asking("Hi", ToolOptions(TOOLS, "none"))) is None


def test_a_template_that_knows_functions_gets_those_that_may_be_called() -> None:
    request = asking("Hi", ToolOptions(TOOLS, NamedTool("calculate")))
    body = orjson.loads(conversation(request, tools=True))
    assert [tool["function"]["name"] for tool in body["tools"]] == ["calculate"]
    assert [said["role"] for said in body["messages"]] == ["user"]


def test_functions_are_described_where_the_template_has_no_place_for_them() -> None:
    body = orjson.loads(conversation(asking("Hi", ToolOptions(TOOLS)), tools=False))
    system, _ = body["messages"]
    assert all(name in system["content"] for name in SCHEMAS)
    assert "tools" not in body


def test_results_become_user_messages_where_the_template_has_no_tool_role() -> None:
    request = asking("", ToolOptions(TOOLS), messages=(Message(Role.TOOL, "7", tool_call_id="c1"),))
    said = orjson.loads(conversation(request, tools=False))["messages"][-1]
    assert said == {"role": "user", "content": "<tool_response>\n7\n</tool_response>"}
